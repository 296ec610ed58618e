"""Many random histories through a lossy courier, each from the submission until nothing is on its way any more."""

from dataclasses import dataclass, field
from datetime import timedelta
from random import Random

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, async_sessionmaker

from cases.lossy import Attack, LossyCourier, Seen
from cases.play import CENTERS, A, B, C, Look, Play, centers_by_code
from support import DIRECT_ITEM, SPLIT_ITEM
from tongban.cases.words import CaseAction, CaseStatus, Channel, TransferPurpose
from tongban.contract.items import DeliveryRoute
from tongban.registry import Registry
from tongban.storage.objects import FolderStore

LIKELY = {
    CaseAction.WITHDRAW: 0.2,
    CaseAction.RETURN: 0.5,
    CaseAction.REFUSE_TRANSFER: 4,
    CaseAction.REQUEST_SUPPLEMENT: 12,
    CaseAction.SUPPLEMENT: 20,
}
"""How likely an action is beside the others that can be done; 6 where nothing is said. A lone one is waited with."""
STEPS = 24
TIMES = (timedelta(minutes=10), timedelta(minutes=40), timedelta(hours=5), timedelta(hours=30), timedelta(days=9))


@dataclass(slots=True)
class Drilled:
    """What many histories came to."""

    seen: Seen = field(default_factory=Seen)
    histories: int = 0
    transfers: int = 0
    stored: int = 0
    lost: int = 0
    """Transfers that never came to an end."""
    gaps: int = 0
    """Histories of which the audit, or what must always be true, says otherwise."""
    merged: int = 0
    moved: int = 0
    refused: int = 0
    supplements: int = 0
    withdrawn: int = 0
    said: list[str] = field(default_factory=list)

    @property
    def harmed(self) -> int:
        return self.seen.harmed + self.lost + self.gaps


async def drill(
    engine: AsyncEngine,
    store: FolderStore,
    registry: Registry,
    seeds: range,
    drilled: Drilled,
    *,
    attacks: tuple[Attack, ...] | None = None,
) -> None:
    """One history for each seed, in a transaction that is rolled back once it is judged, and merged centers with it."""
    for seed in seeds:
        async with engine.connect() as connection, connection.begin() as all_of_it:
            await _one(connection, store, registry, seed, drilled, attacks)
            await all_of_it.rollback()


async def _one(
    connection: AsyncConnection,
    store: FolderStore,
    registry: Registry,
    seed: int,
    drilled: Drilled,
    attacks: tuple[Attack, ...] | None,
) -> None:
    sessions = async_sessionmaker(connection, expire_on_commit=False, join_transaction_mode="create_savepoint")
    async with sessions() as session:
        centers = await centers_by_code(session)
    draw = Random(seed)
    courier = LossyCourier(sessions, store, {code: one.id for code, one in centers.items()}, draw, drilled.seen)
    if attacks is not None:
        courier.attacks, courier.mercy = attacks, 0
    play = Play(sessions, store, registry, courier, centers)
    try:
        await _history(play, courier, draw, drilled)
        await _judge(play, await play.look(), drilled)
    except (AssertionError, SQLAlchemyError) as error:
        drilled.gaps += 1
        said = f"history {seed}: {str(error).partition(chr(10))[0]}"
        drilled.said.append("\n".join([said, *await _told(play)]))
    drilled.histories += 1
    drilled.merged += len(play.successors)


async def _told(play: Play) -> list[str]:
    return play.lines(await play.look())


async def _history(play: Play, courier: LossyCourier, draw: Random, drilled: Drilled) -> None:
    """The submission and what follows, then all that is on its way arrives."""
    await play.submit(
        draw.choice([SPLIT_ITEM] * 5 + [DIRECT_ITEM]),
        draw.choice([B] * 6 + [A, None]),
        draw.choice(list(DeliveryRoute)),
        draw.choice(list(Channel)),
        accept=draw.random() < 0.5,
        uploaded=draw.randrange(4),
    )
    now = await play.look()
    for _ in range(STEPS):
        if now.case.closed_at is not None and not now.pending() and draw.random() < 0.5:
            break
        now = await _step(play, draw, now, drilled)
        play.check(now)
    courier.well = True
    for _ in range(12):  # as many as centers merged on the way may need
        if not now.pending():
            break
        for message in now.pending():
            await play.carry(message)
        now = await play.look()
    await courier.deliver_kept(play.now)


async def _step(play: Play, draw: Random, now: Look, drilled: Drilled) -> Look:
    """Something happens; the case after it."""
    chance, pending = draw.random(), now.pending()
    if chance < 0.06:
        await play.wait(draw.choice(TIMES))
        return await play.look()
    if chance < 0.11:
        drilled.moved += 1
        await play.move_home(draw.choice([A, B, C, None]))
        return now
    if chance < 0.15:
        one, into = draw.sample(CENTERS, 2)
        if one not in play.successors and play.end(play.id_of(into)) != play.id_of(one):
            await play.merge(one, into)
        return now
    if pending and chance < 0.6:
        await play.carry(draw.choice(pending))
        return await play.look()
    weights = [LIKELY.get(action, 6) for action in now.actions]
    action = draw.choices([*now.actions, None], [*weights, 2])[0]
    if action is None:
        return now
    said = {"on_paper": draw.random() < 0.5, "with_document": draw.random() < 0.5}
    done = await play.do(action, (play.whose(action, now),), now.case.version, **said)
    after = await play.look()
    if not done:
        assert now.status is CaseStatus.ROUTING_REVIEW, f"{action} was said to be available"
        assert after.rows() == now.rows(), "a refused step has changed something"
        return after
    play.follow(action, (play.whose(action, now),), now, after)
    drilled.refused += action is CaseAction.REFUSE_TRANSFER
    drilled.supplements += action is CaseAction.SUPPLEMENT
    drilled.withdrawn += action is CaseAction.WITHDRAW
    return after


async def _judge(play: Play, now: Look, drilled: Drilled) -> None:
    play.check(now)
    drilled.transfers += len(now.transfers)
    drilled.stored += sum(one.delivered_at is not None for one in now.transfers)
    drilled.lost += sum(one.delivered_at is None and one.canceled_at is None for one in now.transfers)
    assert not now.pending(), "a message that is never done"
    faults = await play.faults(deep=True)
    assert faults == [], f"the audit says: {faults}"
    for transfer in now.transfers:
        if transfer.purpose == TransferPurpose.RESULT:
            homes = {play.end(now.case.receiving_center_id)}
            assert play.end(transfer.to_center_id) in homes, "a result that went elsewhere"
