"""Who comes at the same moment: real transactions on a real database, let go by one barrier. One wins, whole."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select, text, update

from cases.play import A, B, Play, acting_for, centers_by_code, local, somebody
from support import DIRECT_ITEM, NOW, SPLIT_ITEM
from tongban.cases import arrivals, audit, review, service
from tongban.cases.assessment import Draft, Handed
from tongban.cases.custody import Parcel, Receipt, deliver
from tongban.cases.models import Case, CaseEvent
from tongban.cases.steps import Step
from tongban.cases.words import CaseStatus, Channel
from tongban.contract.items import DeliveryRoute
from tongban.errors import Refused
from tongban.events.relay import Relay
from tongban.events.words import Topic
from tongban.identity import idempotency
from tongban.identity.actor import DEVELOPER
from tongban.registry import Registry
from tongban.residents.service import register
from tongban.storage.database import Sessions
from tongban.storage.objects import ObjectStore
from tongban.testing import needed_materials

pytestmark = pytest.mark.long

REVIEWERS, OTHERS, CALLERS = 300, 40, 20
Verb = Callable[[Any], Awaitable[Any]]
"""What is done with a session."""


async def at_once(sessions: Sessions, *verbs: Verb) -> list[str]:
    """What came of each: "done", what it gave, or the code of the problem. All hold a transaction before any begins."""
    barrier = asyncio.Barrier(len(verbs))

    async def one(verb: Verb) -> str:
        try:
            async with sessions() as session, session.begin():
                await session.execute(text("SELECT 1"))
                await barrier.wait()
                given = await verb(session)
        except Refused as refused:
            return refused.problems[0].code.value
        return "done" if isinstance(given, Case) else str(given)

    return list(await asyncio.gather(*map(one, verbs)))


async def some(
    city: Sessions, store: ObjectStore, registry: Registry, count: int, item: str, *, arrived: bool = False
) -> list[Play]:
    """Accepted cases, of which what was sent has arrived, if so wished."""
    async with city() as session:
        centers = await centers_by_code(session)
    plays = [Play(city, store, registry, local(city, store), centers) for _ in range(count)]
    for play in plays:
        await play.submit(
            item, B, DeliveryRoute.DIRECT_TO_RESIDENT, Channel.COUNTER, accept=True, uploaded=int(item == SPLIT_ITEM)
        )
        if arrived:
            [message] = (await play.look()).pending()
            assert await play.carry(message)
    return plays


async def whole(city: Sessions, store: ObjectStore, plays: list[Play]) -> None:
    """What is still on its way arrives, and nothing speaks against any of them."""
    await Relay(city, {Topic.TRANSFER: deliver(city, local(city, store))}, lambda: NOW).drain()
    for play in plays:
        now = await play.look()
        play.check(now)
        assert not now.pending()
    async with city() as session:
        assert [fault async for fault in audit.audit(session, store, audit.Audited(), deep=True)] == []


def step(by: str, version: int) -> Step:
    return Step(actor=acting_for(by), now=NOW, expected_version=version, note="说明")


def approving(case: UUID, version: int) -> Verb:
    outcome = review.Outcome(reason="符合条件", result_number="R-1")
    return lambda session: review.approve(session, case, step(A, version), outcome)


def rejecting(case: UUID, version: int) -> Verb:
    return lambda session: review.reject(session, case, step(A, version), review.Outcome(reason="不符合条件"))


def taking_over(case: UUID) -> Verb:
    return lambda session: review.acknowledge_transfer(session, case, step(B, 2))


def refusing(case: UUID) -> Verb:
    return lambda session: review.refuse_transfer(session, case, step(B, 2), "不属本街道")


def withdrawing(case: UUID) -> Verb:
    return lambda session: service.withdraw(session, case, step(A, 2))


def receiving(store: ObjectStore, parcel: Parcel) -> Verb:
    return lambda session: arrivals.receive(session, store, parcel, parcel.to_center_id, NOW)


async def sent(play: Play) -> Parcel:
    """What is on its way of a case."""
    [transfer] = (await play.look()).transfers
    return Parcel(
        case_id=play.case,
        transfer_id=transfer.id,
        to_center_id=transfer.to_center_id,
        manifest=transfer.manifest,
        manifest_digest=transfer.manifest_digest,
    )


async def test_of_two_reviewers_one_decides(city: Sessions, city_store: ObjectStore, registry: Registry) -> None:
    plays = await some(city, city_store, registry, REVIEWERS, DIRECT_ITEM)
    won: Counter[str] = Counter()
    for play in plays:
        answers = await at_once(city, approving(play.case, 2), rejecting(play.case, 2))
        assert sorted(answers) == ["STALE_VERSION", "done"]
        won["approved" if answers[0] == "done" else "rejected"] += 1
        async with city() as session:
            case = await session.get_one(Case, play.case)
            assert (case.version, case.approved) == (3, answers[0] == "done")
    assert set(won) == {"approved", "rejected"}, "no race: one of them always came first"
    ids = [play.case for play in plays]
    async with city() as session:
        decided = select(func.count()).where(CaseEvent.case_id.in_(ids), CaseEvent.kind.in_(["APPROVE", "REJECT"]))
        assert await session.scalar(decided) == REVIEWERS
    await whole(city, city_store, plays[:20])


async def test_without_lock_and_version_both_decide(
    city: Sessions, city_store: ObjectStore, registry: Registry
) -> None:
    """The race is one: whoever checks and then writes decides again what was decided already."""

    def naive(case: UUID, approved: bool) -> Verb:
        async def decide(session: Any) -> str:
            status = await session.scalar(select(Case.status).where(Case.id == case))
            if status != CaseStatus.UNDER_REVIEW:
                return "too late"
            await asyncio.sleep(0.002)
            target = CaseStatus.APPROVED if approved else CaseStatus.REJECTED
            await session.execute(
                update(Case)
                .where(Case.id == case)
                .values(status=target.value, approved=approved, decided_at=NOW, version=Case.version + 1)
            )
            return "decided"

        return decide

    plays = await some(city, city_store, registry, 20, DIRECT_ITEM)
    doubled = 0
    for play in plays:
        answers = await at_once(city, naive(play.case, True), naive(play.case, False))
        doubled += answers == ["decided", "decided"]
    assert doubled > 10
    async with city() as session, session.begin():  # what they have done is no case
        state = {"status": "UNDER_REVIEW", "approved": None, "decided_at": None, "version": 2}
        await session.execute(update(Case).where(Case.id.in_([play.case for play in plays])).values(**state))


async def test_taken_over_or_withdrawn(city: Sessions, city_store: ObjectStore, registry: Registry) -> None:
    plays = await some(city, city_store, registry, OTHERS, SPLIT_ITEM, arrived=True)
    for play in plays:
        answers = await at_once(
            city,
            taking_over(play.case),
            withdrawing(play.case),
        )
        assert sorted(answers) == ["STALE_VERSION", "done"]
    await whole(city, city_store, plays)


async def test_taken_over_or_refused(city: Sessions, city_store: ObjectStore, registry: Registry) -> None:
    plays = await some(city, city_store, registry, OTHERS, SPLIT_ITEM, arrived=True)
    for play in plays:
        answers = await at_once(
            city,
            taking_over(play.case),
            refusing(play.case),
        )
        assert sorted(answers) == ["STALE_VERSION", "done"]
    await whole(city, city_store, plays)


async def test_stored_or_withdrawn(city: Sessions, city_store: ObjectStore, registry: Registry) -> None:
    """Stored, then withdrawn there; or withdrawn, and then nobody waits for it. Never half of each."""
    plays = await some(city, city_store, registry, OTHERS, SPLIT_ITEM)
    for play in plays:
        parcel = await sent(play)
        stored, withdrawn = await at_once(
            city,
            receiving(city_store, parcel),
            withdrawing(play.case),
        )
        assert withdrawn == "done"
        now = await play.look()
        [after] = now.transfers
        there = {Receipt.STORED: after.to_center_id, Receipt.CLOSED: after.from_center_id}[Receipt(stored)]
        assert {document.custodian_id for document in now.documents} == {there} == {now.case.custodian_id}
        assert (after.delivered_at is not None) == (stored == Receipt.STORED)
    await whole(city, city_store, plays)


async def test_twice_stored_at_once_is_stored_once(city: Sessions, city_store: ObjectStore, registry: Registry) -> None:
    plays = await some(city, city_store, registry, OTHERS, SPLIT_ITEM)
    for play in plays:
        parcel = await sent(play)
        answers = await at_once(
            city,
            *[receiving(city_store, parcel)] * 3,
        )
        assert answers == ["STORED"] * 3
    await whole(city, city_store, plays)


async def test_one_key_many_times_is_one_case(city: Sessions, registry: Registry) -> None:
    items = (item for one in registry.departments.values() for item in one.items)
    item = next(item for item in items if item.code == DIRECT_ITEM)
    async with city() as session, session.begin():
        resident = (await register(session, DEVELOPER, somebody(item, "310109009000"), NOW)).id
    draft = Draft(
        item=item.code,
        center=A,
        applicant=resident,
        form=item.sample.form,
        documents=[
            Handed(place=("documents", "0"), material=material, upload=None)
            for material in needed_materials(item, item.sample.form)
        ],
    )

    async def submit(session: Any) -> UUID:
        async def do() -> UUID:
            said = service.Submission(draft=draft, key="a-key")
            return (await service.submit(session, registry, acting_for(A), said, NOW)).id

        return await idempotency.once(session, acting_for(A), "a-key", {"item": item.code}, NOW, do)

    answers = await at_once(city, *[submit] * CALLERS)
    assert len(set(answers)) == 1
    async with city() as session:
        assert await session.scalar(select(func.count()).where(Case.applicant_id == resident)) == 1
        assert await session.scalar(select(Case.id).where(Case.applicant_id == resident)) == UUID(answers[0])
