"""The destination's side of a transfer: verify, store, say so. The same parcel again changes nothing."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from tongban.cases.custody import Parcel, Receipt, documents_held, send
from tongban.cases.manifest import Manifest, digest_of
from tongban.cases.models import Case, Document, Transfer
from tongban.cases.passing import HANDED_IN, follow_merger, route_on
from tongban.cases.steps import Step, finish, locked, record
from tongban.cases.words import DocumentPurpose, TransferPurpose
from tongban.centers import service as centers
from tongban.identity.actor import SYSTEM
from tongban.storage.database import Sessions
from tongban.storage.objects import NoObject, ObjectStore


@dataclass(frozen=True, slots=True)
class LocalCourier:
    """Both centers are served by this city's database: the destination stores in a transaction of its own."""

    sessions: Sessions
    store: ObjectStore

    async def carry(self, parcel: Parcel, now: datetime) -> Receipt:
        async with self.sessions() as session, session.begin():
            return await receive(session, self.store, parcel, parcel.to_center_id, now)


async def receive(session: AsyncSession, store: ObjectStore, parcel: Parcel, at: UUID, now: datetime) -> Receipt:
    """What the center `at` does with a parcel that arrives there."""
    # No lock while files are read, and no file is read where nobody waits for it.
    seen = await session.get(Transfer, (parcel.case_id, parcel.transfer_id))
    if (answer := _answer(seen, parcel, at)) is not None:
        return answer
    if not await _intact(store, parcel.manifest):
        return Receipt.DAMAGED
    return await take_in(session, parcel, at, now)


async def take_in(session: AsyncSession, parcel: Parcel, at: UUID, now: datetime) -> Receipt:
    """What it does once the files were read: custody passes, or the case follows a merger."""
    case = await locked(session, parcel.case_id)
    transfer = await session.get(Transfer, (parcel.case_id, parcel.transfer_id), populate_existing=True)
    if transfer is None or (answer := _answer(transfer, parcel, at)) is not None:
        return answer or Receipt.NOT_OURS
    before, step = case.current_center_id, Step(actor=SYSTEM, now=now, expected_version=None)
    acting = await centers.acting(session, at)
    if acting != at:
        await _redirect(session, case, transfer, acting, step)
    else:
        await _store(session, case, transfer, step)
    await finish(session, case, before, now)
    return Receipt.STORED if acting == at else Receipt.REDIRECTED


def _answer(transfer: Transfer | None, parcel: Parcel, at: UUID) -> Receipt | None:
    """What can be said of a parcel without looking into its files; None where they are to be stored now."""
    if not _ours(transfer, parcel, at):
        return Receipt.NOT_OURS
    if transfer is None or not _as_sent(transfer, parcel):
        return Receipt.DAMAGED
    return _before(transfer)


def _ours(transfer: Transfer | None, parcel: Parcel, at: UUID) -> bool:
    return transfer is not None and transfer.to_center_id == at == parcel.to_center_id


def _as_sent(transfer: Transfer, parcel: Parcel) -> bool:
    return digest_of(parcel.manifest) == parcel.manifest_digest == transfer.manifest_digest


def _before(transfer: Transfer) -> Receipt | None:
    """What became of the transfer before this parcel came."""
    if transfer.delivered_at is not None:
        return Receipt.STORED
    ended = transfer.canceled_at is not None or transfer.refused_at is not None
    return Receipt.CLOSED if ended else None


async def _intact(store: ObjectStore, manifest: Manifest) -> bool:
    """Whether every file is there, with the size and the digest of the manifest."""
    for entry in manifest["documents"]:
        found, size = hashlib.sha256(), 0
        try:
            async for chunk in store.read(entry["document"]):
                found.update(chunk)
                size += len(chunk)
        except NoObject:
            return False
        if size != entry["size"] or found.hexdigest() != entry["digest"]:
            return False
    return True


async def _store(session: AsyncSession, case: Case, transfer: Transfer, step: Step) -> None:
    """Custody passes. What came back to A to be routed again is routed at once: no person needs to take it over."""
    transfer.delivered_at = step.now
    ids = [UUID(entry["document"]) for entry in transfer.manifest["documents"]]
    if ids:
        await session.execute(
            update(Document)
            .where(Document.case_id == case.id, Document.id.in_(ids))
            .values(custodian_id=transfer.to_center_id)
        )
    if transfer.purpose != TransferPurpose.RESULT:
        case.custodian_id = transfer.to_center_id
    case.underway = False
    told = {"transfer": str(transfer.id), "purpose": transfer.purpose, "manifestDigest": transfer.manifest_digest}
    record(session, case, "TRANSFER_STORED", case.status, transfer.to_center_id, step, told)
    if transfer.purpose == TransferPurpose.REROUTING:
        transfer.acknowledged_at = step.now
        await session.flush()
        await route_on(session, case, step, refused_by=transfer.from_center_id)


async def _redirect(session: AsyncSession, case: Case, transfer: Transfer, acting: UUID, step: Step) -> None:
    """The destination was merged into another center while the transfer was on its way (S31)."""
    transfer.canceled_at = step.now
    case.underway = False
    await session.flush()
    purpose = TransferPurpose(transfer.purpose)
    if purpose is TransferPurpose.HANDLING:
        await follow_merger(session, case, acting, step)
        return
    record(session, case, "TRANSFER_REDIRECTED", case.status, acting, step, {"merged": str(transfer.to_center_id)})
    purposes = (DocumentPurpose.RESULT,) if purpose is TransferPurpose.RESULT else HANDED_IN
    if not await centers.same(session, acting, transfer.from_center_id):
        documents = await documents_held(session, case, transfer.from_center_id, *purposes)
        await send(session, case, purpose, transfer.from_center_id, acting, documents, step)
    elif purpose is TransferPurpose.REROUTING:  # one center acts for A and for who refused: it is home already
        await route_on(session, case, step, refused_by=transfer.from_center_id)
