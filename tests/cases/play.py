"""One case, everybody who may try something with it, and what must be true of it at every moment.

Both the random histories and the drill of transport play with it. It knows the case only by its rows; what it finds
true or false, it finds there.
"""

import hashlib
import itertools
import random
import secrets
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from support import NOW, TODAY, citizen_number, registration_for
from tongban.cases import audit, review, service, timers
from tongban.cases.arrivals import LocalCourier
from tongban.cases.assessment import Draft, Handed
from tongban.cases.custody import Courier, carry
from tongban.cases.lifecycle import CLOSED, MOVES, Side, SystemAction, available_actions, turn_of
from tongban.cases.models import Case, CaseEvent, Document, SupplementMaterial, Transfer
from tongban.cases.steps import Step, facts, path
from tongban.cases.words import CaseAction, CaseStatus, Channel, TransferPurpose
from tongban.catalog.models import Material
from tongban.centers.hours import day_in_shanghai
from tongban.centers.models import Center
from tongban.contract.items import DeliveryRoute, ItemDefinition, ProcessingMode
from tongban.documents.models import Upload
from tongban.errors import Refused
from tongban.events.models import Outbox, WorklistChange, WorklistStream
from tongban.events.relay import NotYet
from tongban.events.words import Topic
from tongban.identity.actor import DEVELOPER, Actor
from tongban.registry import Registry
from tongban.residents.service import Registration, change_hukou, register
from tongban.storage.database import Sessions
from tongban.storage.ids import new_id
from tongban.storage.objects import ObjectStore, write
from tongban.testing import needed_materials

A, B, C, D = "SH0114-01", "SH0109-01", "SH0118-01", "SH0109-02"
"""Where it is received; the center of the applicant's street; two others."""
CENTERS = (A, B, C, D)
NOTES = frozenset(
    {"SUBMITTED", "TRANSFER_STORED", "TRANSFER_DAMAGED", "TRANSFER_LATE", "TRANSFER_REDIRECTED", "ROUTING_LATE"}
)
"""Events that are no moves: they leave state and version as they are."""
DECISIONS = (CaseAction.APPROVE, CaseAction.REJECT)
ROUTED_AGAIN = (
    (CaseAction.REFUSE_TRANSFER, CaseStatus.IN_TRANSFER),
    (CaseAction.ACCEPT, CaseStatus.ROUTING_REVIEW),
)
"""Where the route is computed once more, from what is recorded then."""
FROM_HOME = frozenset({Channel.PORTAL, Channel.WECHAT, Channel.HOTLINE})
_COUNT = itertools.count()
TABLE = {(move.source, str(move.action), move.target) for move in MOVES}


def acting_for(*centers: str) -> Actor:
    """Somebody who may act for these centers only."""
    return replace(DEVELOPER, everywhere=False, centers=frozenset(centers))


def somebody(item: ItemDefinition, hukou: str) -> Registration:
    """Somebody as the item's sample describes one. More of them than a birthday has numbers stay in one database."""
    sample = item.sample
    born = date(TODAY.year - sample.age, 1 + next(_COUNT) // 200 % 10, 2)  # two numbers go for each
    return registration_for(item, hukou, id_number=citizen_number(born, sample.sex))


async def upload(
    session: AsyncSession, store: ObjectStore, actor: Actor, center: UUID, now: datetime, content: bytes
) -> UUID:
    """A file that is stored, as if it had come by the upload route."""

    async def chunks() -> Any:
        yield content

    key = new_id()
    await write(store, str(key), chunks())
    session.add(
        Upload(
            id=key,
            actor=actor.subject,
            center_id=center,
            file_name="材料.pdf",
            size=len(content),
            digest=hashlib.sha256(content).hexdigest(),
            media_type="application/pdf",
            state="STORED",
            token_digest=secrets.token_hex(),
            created_at=now,
            expires_at=now + timedelta(hours=1),
            stored_at=now,
        )
    )
    await session.flush()
    return key


@dataclass(frozen=True, slots=True)
class Look:
    """A case as its rows tell it."""

    case: Case
    documents: Sequence[Document]
    transfers: Sequence[Transfer]
    events: Sequence[CaseEvent]
    messages: Sequence[Outbox]
    changes: Sequence[WorklistChange]
    streams: Mapping[UUID, int]

    @property
    def status(self) -> CaseStatus:
        return CaseStatus(self.case.status)

    @property
    def actions(self) -> tuple[CaseAction, ...]:
        return available_actions(self.status, path(self.case), facts(self.case))

    def rows(self) -> list[dict[str, Any]]:
        """Every value of every row: the same before and after, where nothing was changed."""
        rows: list[Any] = [self.case, *self.documents, *self.transfers, *self.events, *self.messages, *self.changes]
        return [{column.key: getattr(row, column.key) for column in row.__table__.columns} for row in rows]

    def pending(self) -> list[Outbox]:
        """Messages of transfers that are not done yet."""
        return [one for one in self.messages if one.topic == Topic.TRANSFER and one.done_at is None]


async def centers_by_code(session: AsyncSession) -> dict[str, Center]:
    """The centers that take part."""
    found = await session.scalars(select(Center).where(Center.code.in_(CENTERS)))
    return {center.code: center for center in found}


@dataclass(slots=True)
class Play:
    """One case. `now` moves on; `expected` is where its street, as recorded at the time of computing, leads."""

    sessions: Sessions
    store: ObjectStore
    registry: Registry
    courier: Courier
    centers: Mapping[str, Center]
    now: datetime = NOW
    case: UUID = field(default_factory=new_id)
    resident: UUID = field(default_factory=new_id)
    item: ItemDefinition | None = None
    channel: Channel = Channel.COUNTER
    brought: int = 0
    home: str | None = None
    successors: dict[str, str] = field(default_factory=dict)
    expected: set[UUID] = field(default_factory=set)
    last: Look | None = None

    def id_of(self, code: str) -> UUID:
        return self.centers[code].id

    def end(self, center: UUID | None) -> UUID | None:
        """The center that acts for this one now."""
        codes = {one.id: code for code, one in self.centers.items()}
        code = codes.get(center) if center else None
        while code in self.successors:
            code = self.successors[code]
        return self.centers[code].id if code else None

    # What is done

    async def submit(
        self,
        code: str,
        home: str | None,
        route: DeliveryRoute,
        channel: Channel,
        *,
        accept: bool = False,
        uploaded: int = 2,
        unmapped: str = "310104501000",
    ) -> None:
        """A new case at A of somebody whose street belongs to `home`; so many of its materials are files."""
        items = (item for one in self.registry.departments.values() for item in one.items)
        self.item = next(item for item in items if item.code == code)
        self.channel, self.home = channel, home
        form = self.item.sample.form
        needed = sorted(needed_materials(self.item, form))
        division = self.centers[home].division_code if home else unmapped
        async with self.sessions() as session, session.begin():
            self.resident = (await register(session, DEVELOPER, somebody(self.item, division), self.now)).id
            documents = [
                Handed(
                    place=("documents", str(position)),
                    material=material,
                    upload=await self._upload(session, A) if position < uploaded else None,
                )
                for position, material in enumerate(needed)
            ]
            draft = Draft(
                item=code, center=A, applicant=self.resident, form=form, documents=documents, delivery_route=route
            )
            self._compute()
            submission = service.Submission(draft=draft, channel=channel, accept=accept)
            self.case = (await service.submit(session, self.registry, acting_for(A), submission, self.now)).id

    async def _upload(self, session: AsyncSession, center: str) -> UUID:
        content = b"%PDF-1.7\n" + random.randbytes(random.randrange(20, 400))
        return await upload(session, self.store, acting_for(center), self.id_of(center), self.now, content)

    def _compute(self) -> None:
        """What is recorded now leads there."""
        if self.home is not None and (center := self.end(self.id_of(self.home))):
            self.expected.add(center)

    async def do(self, action: CaseAction, by: Sequence[str], version: int | None, **said: Any) -> bool:
        """Whether it was done. What is refused is rolled back."""
        step = Step(actor=acting_for(*by), now=self.now, expected_version=version, note=said.get("note", "说明"))
        before = set(self.expected)
        if self.last is not None and (action, self.last.status) in ROUTED_AGAIN:
            self._compute()
        try:
            async with self.sessions() as session, session.begin():
                await VERBS[action](self, session, step, said)
        except Refused:
            self.expected = before
            return False
        return True

    async def carry(self, message: Outbox, courier: Courier | None = None) -> bool:
        """Sends a transfer once more; whether that is the end of it. `message` is marked then, as the relay does."""
        transfer = UUID(message.payload["transfer"])
        if self.last is not None and any(
            one.purpose == TransferPurpose.REROUTING and one.delivered_at is None for one in self.last.transfers
        ):
            self._compute()  # what comes back is routed again
        try:
            await carry(self.sessions, courier or self.courier, message.case_id, transfer, self.now)
        except NotYet:
            return False
        async with self.sessions() as session, session.begin():
            await session.execute(update(Outbox).where(Outbox.id == message.id).values(done_at=self.now))
        return True

    async def move_home(self, to: str | None, unmapped: str = "310104501000") -> None:
        """The applicant's household moves."""
        self.home = to
        division = self.centers[to].division_code if to else unmapped
        async with self.sessions() as session, session.begin():
            today = day_in_shanghai(self.now)
            await change_hukou(session, DEVELOPER, self.resident, division, "", max(today, date(2026, 1, 1)), self.now)

    async def merge(self, center: str, into: str) -> None:
        """A center is merged into another one."""
        self.successors[center] = into
        async with self.sessions() as session, session.begin():
            await session.execute(
                update(Center).where(Center.id == self.id_of(center)).values(successor_id=self.id_of(into))
            )

    async def wait(self, time: timedelta) -> None:
        """Time goes by, and the timers do what is due."""
        self.now += time
        await timers.sweep(self.sessions, self.now)

    # What is seen

    async def look(self) -> Look:
        """The case now."""
        async with self.sessions() as session:
            mine = {"case_id": self.case}
            changed = select(WorklistChange.center_id).filter_by(**mine)
            streams = await session.scalars(select(WorklistStream).where(WorklistStream.center_id.in_(changed)))
            self.last = Look(
                case=await session.get_one(Case, self.case),
                documents=await _all(session, select(Document).filter_by(**mine).order_by(Document.position)),
                transfers=await _all(session, select(Transfer).filter_by(**mine).order_by(Transfer.sequence)),
                events=await _all(session, select(CaseEvent).filter_by(**mine).order_by(CaseEvent.sequence)),
                messages=await _all(session, select(Outbox).filter_by(**mine).order_by(Outbox.sequence, Outbox.topic)),
                changes=await _all(
                    session,
                    select(WorklistChange)
                    .where(WorklistChange.center_id.in_(changed))
                    .order_by(WorklistChange.center_id, WorklistChange.sequence),
                ),
                streams={stream.center_id: stream.sequence for stream in streams},
            )
            return self.last

    async def faults(self, *, deep: bool = False) -> list[str]:
        """What the audit of custody says of the whole database."""
        async with self.sessions() as session:
            found = audit.audit(session, self.store, audit.Audited(), deep=deep)
            return [fault.what async for fault in found]

    def check(self, now: Look) -> None:
        """What is true of a case at every moment."""
        self._check_log(now)
        self._check_places(now)
        self._check_decision(now)
        self._check_worklists(now)
        handed_in = frozenset(one for event in now.events for one in (event.data or {}).get("documents", ()))
        logged = audit.Logged(len(now.events), now.events[-1].sequence, handed_in)
        successors = {self.id_of(one): self.id_of(into) for one, into in self.successors.items()}
        assert audit.faults_of(now.case, now.documents, now.transfers, logged, successors) == []

    def _check_log(self, now: Look) -> None:
        case, events = now.case, now.events
        assert [event.sequence for event in events] == list(range(1, case.last_event + 1)), "a gap in the events"
        assert (events[0].kind, events[0].from_status) == ("SUBMITTED", None)
        for earlier, later in pairwise(events):
            assert later.from_status == earlier.to_status, "a move that nobody logged"
            if later.kind in NOTES:
                assert later.to_status == later.from_status, f"{later.kind} is no move"
            else:
                made = (CaseStatus(later.from_status or ""), later.kind, CaseStatus(later.to_status))
                assert made in TABLE, f"{made} is no move of the table"
            closed = CaseStatus(earlier.to_status) in CLOSED
            assert not closed or later.to_status == earlier.to_status, "a way out of a closed state"
        moves = [event for event in events if event.kind not in NOTES]
        assert case.version == 1 + len(moves), "each move is one version, and nothing else is"
        assert events[-1].to_status == case.status
        assert (case.closed_at is not None) == (now.status in CLOSED)
        told = [(one.sequence, one.payload) for one in now.messages if one.topic == Topic.EVENT]
        assert told == [(n, {"sequence": n}) for n in range(1, case.last_event + 1)], "told of never, or twice"
        visits = (self.channel not in FROM_HOME) + self.brought
        assert case.visits == visits, f"{case.visits} visits, not {visits}"

    def _check_places(self, now: Look) -> None:
        case, stored = now.case, defaultdict[str, int](int)
        for event in now.events:
            if event.kind == "TRANSFER_STORED":
                stored[(event.data or {})["transfer"]] += 1
        for transfer in now.transfers:
            assert stored[str(transfer.id)] == (transfer.delivered_at is not None), "stored twice, or without a word"
            if transfer.acknowledged_at or transfer.refused_at:
                assert transfer.delivered_at is not None, "taken over before it was there"
            if transfer.purpose == TransferPurpose.HANDLING:
                assert self.end(transfer.to_center_id) in {self.end(one) for one in self.expected}, "misdelivered"
        sent_off = sorted(one.payload["transfer"] for one in now.messages if one.topic == Topic.TRANSFER)
        assert sent_off == sorted(str(transfer.id) for transfer in now.transfers), "a transfer sent never, or twice"
        open_ = [t for t in now.transfers if not (t.acknowledged_at or t.refused_at or t.canceled_at)]
        assert len(open_) <= 1
        for transfer in open_:
            sent = [m for m in now.messages if m.topic == Topic.TRANSFER and m.payload["transfer"] == str(transfer.id)]
            assert len(sent) == 1
            assert transfer.delivered_at is not None or sent[0].done_at is None, "on its way, and nobody sends it"
        turn = turn_of(now.status)
        whose = None if turn is None else self._side(case, turn)
        assert self.end(case.current_center_id) == self.end(whose), "on the wrong worklist"

    def _check_decision(self, now: Look) -> None:
        case = now.case
        decisions = [event for event in now.events if event.kind in DECISIONS]
        assert len(decisions) == (case.approved is not None)
        for decision in decisions:
            assert decision.center_id == case.handling_center_id, "decided elsewhere"
            if case.mode == ProcessingMode.DIRECT or self.end(decision.center_id) == self.end(case.receiving_center_id):
                continue
            before = [t for t in now.transfers if t.purpose == TransferPurpose.HANDLING and not t.canceled_at]
            assert before, "decided where it never was"
            assert before[-1].acknowledged_at is not None, "decided before it was taken over"
            assert self.end(before[-1].to_center_id) == self.end(decision.center_id)

    def _check_worklists(self, now: Look) -> None:
        numbers, on = defaultdict[UUID, list[int]](list), set[UUID]()
        for change in now.changes:
            numbers[change.center_id].append(change.sequence)
        for center, found in numbers.items():
            assert found == list(range(1, now.streams[center] + 1)), "a gap in a worklist's changes"
        for change in now.changes:
            if change.case_id == self.case:
                match change.kind:
                    case "ARRIVED":
                        assert change.center_id not in on
                        on.add(change.center_id)
                    case "LEFT":
                        on.remove(change.center_id)
                    case _:
                        assert change.center_id in on, "changed where it is not"
        assert on == ({now.case.current_center_id} - {None}), "worklists tell of another center"

    def _side(self, case: Case, side: Side) -> UUID:
        return case.handling_center_id if side is Side.HANDLING else case.receiving_center_id

    def follow(self, action: CaseAction, by: Sequence[str], before: Look, after: Look) -> None:
        """What a move that was made does, and what none may."""
        [event] = after.events[len(before.events) : len(before.events) + 1]
        assert (event.kind, event.from_status) == (action.value, before.case.status)
        assert before.status not in CLOSED or action is CaseAction.RATE, "a way out of a closed state"
        assert len(before.documents) <= len(after.documents)
        mover = next(m.by for m in MOVES if m.source is before.status and m.action is action)
        side = self._side(before.case, Side.HANDLING if mover is Side.HANDLING else Side.RECEIVING)
        may = {self.end(self.id_of(one)) for one in by}
        assert self.end(side) in may, "somebody of another center did it"
        if action is CaseAction.ACKNOWLEDGE_TRANSFER:
            assert not before.case.underway, "taken over before it was there"
        moved = {doc.id: doc.custodian_id for doc in before.documents}
        assert all(moved.get(doc.id, doc.custodian_id) == doc.custodian_id for doc in after.documents), (
            "a document changed hands without a transfer"
        )

    def whose(self, action: CaseAction, now: Look) -> str:
        """The center that may do it now."""
        mover = next(m.by for m in MOVES if m.source is now.status and m.action is action)
        side = self.end(self._side(now.case, Side.HANDLING if mover is Side.HANDLING else Side.RECEIVING))
        return next(code for code, one in self.centers.items() if one.id == side)

    def lines(self, look: Look) -> list[str]:
        """The history in words, for whoever looks into a failure."""
        names: dict[UUID | None, str] = {one.id: code for code, one in self.centers.items()}
        return [
            f"{event.sequence} {event.kind} {event.from_status} -> {event.to_status} at {names.get(event.center_id)}"
            for event in look.events
        ]


async def _all(session: AsyncSession, query: Any) -> Any:
    return (await session.scalars(query)).all()


async def _supplement(play: Play, session: AsyncSession, step: Step, said: Mapping[str, Any]) -> Case:
    wanted = await session.scalars(
        select(Material.code)
        .join(SupplementMaterial, SupplementMaterial.material_id == Material.id)
        .where(SupplementMaterial.case_id == play.case)
        .distinct()
    )
    on_paper = said.get("on_paper", False)
    handed = [
        Handed(
            place=("documents", str(position)),
            material=code,
            upload=None if on_paper and position == 0 else await play._upload(session, A),
        )
        for position, code in enumerate(sorted(wanted))
    ]
    done = await review.supplement(session, play.case, step, review.Supplement(documents=handed))
    play.brought += on_paper
    return done


async def _ask(play: Play, session: AsyncSession, step: Step, said: Mapping[str, Any]) -> Case:
    assert play.item is not None
    codes = sorted({need.material for need in play.item.materials})[: said.get("asked", 2)]
    return await review.request_supplement(session, play.case, step, codes)


async def _decide(play: Play, session: AsyncSession, step: Step, said: Mapping[str, Any], verb: Any) -> Case:
    case = await session.get_one(Case, play.case)
    code = next(code for code, one in play.centers.items() if one.id == case.handling_center_id)
    document = await play._upload(session, code) if said.get("with_document") else None
    session.expire(case)
    outcome = review.Outcome(reason="理由", result_number="R-1", result_document=document)
    done: Case = await verb(session, play.case, step, outcome)
    return done


async def _return(play: Play, session: AsyncSession, step: Step, said: Mapping[str, Any]) -> Case:
    assert play.item is not None
    return await service.return_(session, play.case, step, [play.item.materials[0].material])


Verb = Callable[[Play, AsyncSession, Step, Mapping[str, Any]], Awaitable[Case]]
VERBS: dict[CaseAction, Verb] = {
    CaseAction.ACCEPT: lambda play, session, step, _: service.accept(session, play.case, step),
    CaseAction.RETURN: _return,
    CaseAction.ACKNOWLEDGE_TRANSFER: lambda play, session, step, _: review.acknowledge_transfer(
        session, play.case, step
    ),
    CaseAction.REFUSE_TRANSFER: lambda play, session, step, _: review.refuse_transfer(
        session, play.case, step, "不属本街道"
    ),
    CaseAction.REQUEST_SUPPLEMENT: _ask,
    CaseAction.SUPPLEMENT: _supplement,
    CaseAction.APPROVE: lambda play, session, step, said: _decide(play, session, step, said, review.approve),
    CaseAction.REJECT: lambda play, session, step, said: _decide(play, session, step, said, review.reject),
    CaseAction.DELIVER_RESULT: lambda play, session, step, _: review.deliver_result(session, play.case, step),
    CaseAction.WITHDRAW: lambda play, session, step, _: service.withdraw(session, play.case, step),
    CaseAction.RATE: lambda play, session, step, _: service.rate(session, play.case, step, 5, None),
}
assert set(VERBS) == set(CaseAction)
SYSTEM_MOVES = frozenset(str(action) for action in SystemAction)


def local(sessions: Sessions, store: ObjectStore) -> LocalCourier:
    """A courier that loses nothing."""
    return LocalCourier(sessions, store)
