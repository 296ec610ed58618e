"""Centers merged while a case is on its way, and cases that come back: what random histories meet too seldom."""

import pytest_asyncio

from cases.play import A, B, C, D, Look, Play, centers_by_code, local
from support import SPLIT_ITEM
from tongban.cases.words import CaseAction, CaseStatus, Channel
from tongban.contract.items import DeliveryRoute
from tongban.registry import Registry
from tongban.storage.database import Sessions
from tongban.storage.objects import FolderStore

TAKEN_OVER = ("ACCEPT", "CARRY", "ACKNOWLEDGE_TRANSFER")
SUPPLEMENTED = ("REQUEST_SUPPLEMENT", "SUPPLEMENT")


@pytest_asyncio.fixture
async def play(sessions: Sessions, store: FolderStore, registry: Registry) -> Play:
    """A split case of somebody of B's street, submitted at A, whose result goes home through A."""
    async with sessions() as session:
        play = Play(sessions, store, registry, local(sessions, store), await centers_by_code(session))
    await play.submit(SPLIT_ITEM, B, DeliveryRoute.VIA_RECEIVING_CENTER, Channel.COUNTER)
    return play


async def go(play: Play, *steps: str) -> Look:
    """Takes the steps, each by whoever may; what must be true is true after each."""
    for step in steps:
        now = await play.look()
        if step == "CARRY":
            assert await play.carry(now.pending()[0])
        else:
            action = CaseAction(step)
            assert action in now.actions, f"{action} is not among {now.actions}"
            assert await play.do(action, (play.whose(action, now),), now.case.version), step
        play.check(await play.look())
    assert await play.faults(deep=True) == []
    return await play.look()


def at(play: Play, now: Look) -> set[str]:
    """The centers that hold documents of the case."""
    codes = {one.id: code for code, one in play.centers.items()}
    return {codes[document.custodian_id] for document in now.documents}


async def test_a_supplement_follows_the_merger_and_all_of_it_comes_home(play: Play) -> None:
    await go(play, *TAKEN_OVER, *SUPPLEMENTED)
    await play.merge(B, C)
    now = await go(play, "CARRY", "CARRY")
    assert at(play, now) == {B, C}, "C holds what B held, and the supplement"
    now = await go(play, "REFUSE_TRANSFER", "CARRY")
    assert at(play, now) == {A}
    assert (now.status, len(now.documents)) == (CaseStatus.ROUTING_REVIEW, 4)


async def test_a_supplement_that_comes_to_the_successor_is_taken_over_there(play: Play) -> None:
    await go(play, *TAKEN_OVER, "REQUEST_SUPPLEMENT")
    await play.merge(B, C)
    await go(play, "SUPPLEMENT", "CARRY", "CARRY", "ACKNOWLEDGE_TRANSFER")
    now = await go(play, "APPROVE", "DELIVER_RESULT", "CARRY", "DELIVER_RESULT", "RATE")
    assert now.status is CaseStatus.DELIVERED
    assert CaseAction.REQUEST_SUPPLEMENT not in now.actions


async def test_a_center_that_asked_does_not_ask_again(play: Play) -> None:
    """Neither once the case has been elsewhere, nor under the name of the center that it was merged into."""
    elsewhere, back = ("REFUSE_TRANSFER", "CARRY", "CARRY", "ACKNOWLEDGE_TRANSFER"), ("CARRY",)
    await go(play, *TAKEN_OVER, *SUPPLEMENTED, *back)
    await play.move_home(C)
    await go(play, *elsewhere, *SUPPLEMENTED, *back)
    await play.move_home(B)
    now = await go(play, *elsewhere)
    assert now.case.handling_center_id == play.id_of(B)
    assert CaseAction.REQUEST_SUPPLEMENT not in now.actions
    assert not await play.do(CaseAction.REQUEST_SUPPLEMENT, (B,), now.case.version)
    await go(play, "APPROVE")


async def test_the_successor_does_not_ask_again(play: Play) -> None:
    await go(play, *TAKEN_OVER, *SUPPLEMENTED)
    await play.merge(B, C)
    now = await go(play, "CARRY", "CARRY", "ACKNOWLEDGE_TRANSFER")
    assert now.case.handling_center_id == play.id_of(C)
    assert CaseAction.REQUEST_SUPPLEMENT not in now.actions


async def test_where_a_and_b_are_one_nothing_travels(play: Play) -> None:
    await play.merge(A, B)
    now = await go(play, "ACCEPT", *SUPPLEMENTED, "APPROVE", "DELIVER_RESULT", "DELIVER_RESULT")
    assert (now.status, now.transfers) == (CaseStatus.DELIVERED, [])


async def test_where_a_and_b_become_one_nothing_travels_any_more(play: Play) -> None:
    await go(play, *TAKEN_OVER)
    await play.merge(A, B)
    now = await go(play, *SUPPLEMENTED)
    assert now.status is CaseStatus.UNDER_REVIEW, "what is brought to A is at B"
    now = await go(play, "APPROVE", "DELIVER_RESULT", "DELIVER_RESULT")
    assert (now.status, len(now.transfers)) == (CaseStatus.DELIVERED, 1)


async def test_a_refused_case_stays_where_one_center_acts_for_both(play: Play) -> None:
    await go(play, "ACCEPT", "CARRY")
    await play.merge(A, D)
    await play.merge(B, D)
    now = await go(play, "REFUSE_TRANSFER")
    assert (now.status, now.case.underway, at(play, now)) == (CaseStatus.ROUTING_REVIEW, False, {B})
    now = await go(play, "ACCEPT")  # with a word on why it is D's all the same
    assert now.status is CaseStatus.UNDER_REVIEW
    await go(play, "APPROVE")


async def test_a_refused_case_is_not_sent_to_the_successor_of_who_refused(play: Play) -> None:
    await go(play, "ACCEPT", "CARRY")
    await play.merge(B, C)
    now = await go(play, "REFUSE_TRANSFER", "CARRY")
    assert now.status is CaseStatus.ROUTING_REVIEW, "C acts for B, which has just refused"
    version = now.case.version
    assert not await play.do(CaseAction.ACCEPT, (A,), version, note=""), "not without a word on why"
    assert await play.do(CaseAction.ACCEPT, (A,), version)
    play.check(await play.look())


async def test_what_comes_home_follows_a_through_two_mergers(play: Play) -> None:
    await go(play, "ACCEPT", "CARRY")
    await play.move_home(C)
    await go(play, "REFUSE_TRANSFER")
    await play.merge(A, D)
    await go(play, "CARRY")
    await play.merge(D, B)
    now = await go(play, "CARRY")
    assert now.case.handling_center_id == play.id_of(C)
    now = await go(play, "CARRY", "ACKNOWLEDGE_TRANSFER", "APPROVE", "DELIVER_RESULT", "CARRY", "DELIVER_RESULT")
    assert now.status is CaseStatus.DELIVERED
    assert at(play, now) == {C}


async def test_a_canceled_transfer_ends_though_its_file_is_gone(play: Play, store: FolderStore) -> None:
    now = await go(play, "ACCEPT")
    await store.delete(now.documents[0].object_key)
    assert not await play.carry(now.pending()[0]), "damaged: sent again"
    await play.do(CaseAction.WITHDRAW, (A,), now.case.version)
    assert await play.carry(now.pending()[0]), "nobody waits for it"
