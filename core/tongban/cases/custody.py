"""The protocol of custody between two centers: sent, stored there, then taken over by a person (S31, S32).

What a transfer holds is the sender's until the destination has stored it: at every moment in exactly one place.
The destination recomputes every digest from the files themselves; a receipt that is lost is asked for again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from tongban.cases.manifest import Manifest, digest_of, manifest_of
from tongban.cases.models import Case, CaseEvent, CaseMaterial, Document, Transfer
from tongban.cases.steps import Step, finish, locked, record
from tongban.cases.words import DocumentPurpose, TransferPurpose
from tongban.catalog.models import Material
from tongban.centers import service as centers
from tongban.events import outbox
from tongban.events.outbox import Message
from tongban.events.relay import Handler, NotYet
from tongban.events.words import Topic
from tongban.identity.actor import SYSTEM
from tongban.storage.database import Sessions


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """What travels: which transfer, to whom, and the manifest; the files lie in the object store."""

    case_id: UUID
    transfer_id: UUID
    to_center_id: UUID
    manifest: Manifest
    manifest_digest: str

    @classmethod
    def of(cls, transfer: Transfer) -> "Parcel":
        """What the transfer sends."""
        return cls(
            case_id=transfer.case_id,
            transfer_id=transfer.id,
            to_center_id=transfer.to_center_id,
            manifest=transfer.manifest,
            manifest_digest=transfer.manifest_digest,
        )


class Receipt(StrEnum):
    """What the destination says of a parcel."""

    STORED = "STORED"
    """It is all there, now or since an earlier time."""
    DAMAGED = "DAMAGED"
    """The manifest or a file isn't what it was: nothing was taken over; it has to be sent again."""
    NOT_OURS = "NOT_OURS"
    """It came to another center than its own: nothing was taken over."""
    REDIRECTED = "REDIRECTED"
    """The destination was merged into another center, to which it goes now with a transfer of its own."""
    CLOSED = "CLOSED"
    """Nobody waits for it any more: it was canceled."""


FINAL = frozenset({Receipt.STORED, Receipt.REDIRECTED, Receipt.CLOSED})
"""After these nothing is left to send."""


class Courier(Protocol):
    """Carries a parcel to its destination and brings the receipt; may lose either, late or twice."""

    async def carry(self, parcel: Parcel, now: datetime) -> Receipt: ...


async def send(
    session: AsyncSession,
    case: Case,
    purpose: TransferPurpose,
    source: UUID,
    target: UUID,
    documents: Sequence[tuple[Document, str | None]],
    step: Step,
) -> None:
    """Puts a transfer on its way, as a message that is sent for as long as it takes."""
    manifest = manifest_of(case.form, await _shown(session, case), documents)
    transfer = Transfer(
        case_id=case.id,
        sequence=case.last_event,
        from_center_id=source,
        to_center_id=target,
        purpose=purpose.value,
        manifest=manifest,
        manifest_digest=digest_of(manifest),
        routing=case.routing if purpose is TransferPurpose.HANDLING else None,
        sent_at=step.now,
    )
    case.underway = True
    session.add(transfer)
    await session.flush()
    outbox.put(session, case.id, Topic.TRANSFER, case.last_event, {"transfer": str(transfer.id)}, step.now)


async def _shown(session: AsyncSession, case: Case) -> Sequence[str]:
    """Codes of the materials that were shown on paper, in their order."""
    uploaded = select(Document.material_id).where(Document.case_id == case.id, Document.material_id.is_not(None))
    found = await session.scalars(
        select(Material.code)
        .join(CaseMaterial, CaseMaterial.material_id == Material.id)
        .where(CaseMaterial.case_id == case.id, CaseMaterial.material_id.not_in(uploaded))
        .order_by(CaseMaterial.position)
    )
    return found.all()


async def documents_held(
    session: AsyncSession, case: Case, center: UUID, *purposes: DocumentPurpose
) -> list[tuple[Document, str | None]]:
    """The case's documents of these purposes that the center holds, with their materials' codes, in their order.

    What a center holds that was merged into another, that one holds.
    """
    rows = await session.execute(
        select(Document, Material.code)
        .outerjoin(Material, Material.id == Document.material_id)
        .where(Document.case_id == case.id, Document.purpose.in_([purpose.value for purpose in purposes]))
        .order_by(Document.position)
    )
    return [(document, code) for document, code in rows if await centers.same(session, document.custodian_id, center)]


def still_open() -> tuple[ColumnElement[bool], ...]:
    """What is true of a transfer that has not ended."""
    return Transfer.acknowledged_at.is_(None), Transfer.refused_at.is_(None), Transfer.canceled_at.is_(None)


async def open_transfer(session: AsyncSession, case: Case) -> Transfer | None:
    """The transfer of the case that has not ended; there is at most one."""
    found: Transfer | None = await session.scalar(select(Transfer).where(Transfer.case_id == case.id, *still_open()))
    return found


async def cancel(session: AsyncSession, case: Case, now: datetime) -> None:
    """Ends the open transfer, if there is one: what was not stored yet stays where it is."""
    transfer = await open_transfer(session, case)
    if transfer is not None:
        transfer.canceled_at = now
    case.underway = False


def deliver(sessions: Sessions, courier: Courier) -> Handler:
    """The handler of messages that send a transfer."""

    async def handle(_session: AsyncSession, message: Message) -> None:
        await carry(sessions, courier, message.case_id, UUID(message.payload["transfer"]), message.now)

    return handle


async def carry(sessions: Sessions, courier: Courier, case_id: UUID, transfer_id: UUID, now: datetime) -> None:
    """Sends a transfer once more. Raises NotYet where it has to be tried again; every try is counted."""
    async with sessions() as session, session.begin():
        counted = (
            update(Transfer)
            .where(Transfer.case_id == case_id, Transfer.id == transfer_id)
            .values(attempts=Transfer.attempts + 1)
            .returning(Transfer)
        )
        parcel = Parcel.of((await session.scalars(counted)).one())
    receipt = await courier.carry(parcel, now)
    if receipt in FINAL:
        return
    if receipt is Receipt.DAMAGED:
        async with sessions() as session, session.begin():
            await _report_damage(session, case_id, transfer_id, now)
    raise NotYet(receipt.value)


async def _report_damage(session: AsyncSession, case_id: UUID, transfer_id: UUID, now: datetime) -> None:
    """An incident, told once a transfer: what arrives is not what was sent."""
    case = await locked(session, case_id)
    told = select(CaseEvent.id).where(
        CaseEvent.case_id == case_id,
        CaseEvent.kind == "TRANSFER_DAMAGED",
        CaseEvent.data["transfer"].astext == str(transfer_id),
    )
    if await session.scalar(told) is None:
        step = Step(actor=SYSTEM, now=now, expected_version=None)
        record(session, case, "TRANSFER_DAMAGED", case.status, case.custodian_id, step, {"transfer": str(transfer_id)})
        await finish(session, case, case.current_center_id, now)
