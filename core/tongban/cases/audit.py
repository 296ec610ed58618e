"""The audit of custody: proves that every document is in exactly one place, and that it came there by its transfers.

`faults_of` is pure and judges one case by its rows; `audit` reads cases in lots, with the sizes or bytes of the files.
"""

import hashlib
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from tongban.cases.handing_in import DOCUMENTS
from tongban.cases.manifest import digest_of
from tongban.cases.models import Case, CaseEvent, Document, Transfer
from tongban.cases.words import CaseStatus, DocumentPurpose, TransferPurpose
from tongban.centers.models import Center
from tongban.storage.objects import NoObject, ObjectStore

LOT = 500
"""Cases read at once."""
_AT_B = frozenset({CaseStatus.UNDER_REVIEW, CaseStatus.APPROVED, CaseStatus.REJECTED, CaseStatus.RESULT_IN_TRANSFER})


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one case."""

    case: str
    """Its number."""
    what: str


@dataclass(frozen=True, slots=True)
class Logged:
    """What a case's events say: how many they are, the number of the last, the documents that were handed in."""

    count: int
    last: int
    documents: frozenset[str] = frozenset()


def faults_of(
    case: Case,
    documents: Sequence[Document],
    transfers: Sequence[Transfer],
    events: Logged,
    successors: Mapping[UUID, UUID],
) -> list[str]:
    """What speaks against a case's custody: its transfers in the order of sending, the successors of merged centers."""
    faults: list[str] = []
    by_id = {str(document.id): document for document in documents}
    holders = {
        str(document.id): case.handling_center_id
        if document.purpose == DocumentPurpose.RESULT
        else case.receiving_center_id
        for document in documents
    }
    application = case.receiving_center_id

    def apart(first: UUID, second: UUID) -> bool:
        return _end(first, successors) != _end(second, successors)

    for transfer in transfers:
        name = f"transfer {transfer.id}"
        if digest_of(transfer.manifest) != transfer.manifest_digest:
            faults.append(f"{name}: its manifest is not what it was")
        if transfer.purpose == TransferPurpose.HANDLING and not _as_computed(transfer):
            faults.append(f"{name}: went elsewhere than computed")
        if transfer.purpose != TransferPurpose.HANDLING and apart(transfer.to_center_id, case.receiving_center_id):
            faults.append(f"{name}: went elsewhere than home")
        for entry in transfer.manifest["documents"]:
            document = by_id.get(entry["document"])
            if document is None or (document.digest, document.size) != (entry["digest"], entry["size"]):
                faults.append(f"{name}: document {entry['document']} is missing, or is another one")
                continue
            if apart(holders[entry["document"]], transfer.from_center_id):
                faults.append(f"{name}: sent document {entry['document']} from where it was not")
            if transfer.delivered_at is not None:
                holders[entry["document"]] = transfer.to_center_id
        if transfer.delivered_at is not None and transfer.purpose != TransferPurpose.RESULT:
            application = transfer.to_center_id
    faults += [
        f"document {document.id}: is not where its transfers brought it"
        for document in documents
        if apart(holders[str(document.id)], document.custodian_id)
    ]
    if apart(case.custodian_id, application):
        faults.append("the application is not where its transfers brought it")
    faults += [f"document {one}: was handed in, and is not there" for one in sorted(events.documents - set(by_id))]
    faults += [f"document {one}: was never handed in" for one in sorted(set(by_id) - events.documents)]
    faults += _open_faults(case, transfers)
    if case.status in _AT_B:
        handed_in = (document.custodian_id for document in documents if document.purpose != DocumentPurpose.RESULT)
        if any(apart(holder, case.handling_center_id) for holder in (case.custodian_id, *handed_in)):
            faults.append("is reviewed where its documents are not")
    if not events.count == events.last == case.last_event:
        faults.append(f"{events.count} events, numbered up to {events.last}, where {case.last_event} were written")
    return faults


def _as_computed(transfer: Transfer) -> bool:
    routing = transfer.routing or {}
    return str(transfer.to_center_id) in (routing.get("center"), routing.get("mergedInto"))


def _open_faults(case: Case, transfers: Sequence[Transfer]) -> list[str]:
    """Whether what is on its way fits the state of the case."""
    still = [t for t in transfers if t.acknowledged_at is None and t.refused_at is None and t.canceled_at is None]
    faults = []
    if case.underway != any(transfer.delivered_at is None for transfer in still):
        faults.append("says wrongly whether something is on its way")
    if case.status == CaseStatus.IN_TRANSFER and len(still) != 1:
        faults.append(f"is in transfer with {len(still)} open transfers")
    return faults


def _end(center: UUID, successors: Mapping[UUID, UUID]) -> UUID:
    seen = {center}
    while (successor := successors.get(center)) is not None and successor not in seen:
        seen.add(successor)
        center = successor
    return center


@dataclass(slots=True)
class Audited:
    """What an audit saw."""

    cases: int = 0
    documents: int = 0
    transfers: int = 0


async def audit(
    session: AsyncSession,
    store: ObjectStore,
    seen: Audited,
    *,
    deep: bool = False,
    progress: Callable[[int], None] = lambda _: None,
) -> AsyncIterator[Fault]:
    """Every fault of every case, one after another; `deep` reads every file and compares its digest."""
    found = await session.execute(select(Center.id, Center.successor_id).where(Center.successor_id.is_not(None)))
    successors = {row.id: row.successor_id for row in found}
    last = UUID(int=0)
    while cases := list(await session.scalars(select(Case).where(Case.id > last).order_by(Case.id).limit(LOT))):
        last, ids = cases[-1].id, [case.id for case in cases]
        documents, transfers = await _documents(session, ids), await _transfers(session, ids)
        events = await _events(session, ids)
        for case in cases:
            logged = events.get(case.id, Logged(0, 0))
            for what in faults_of(case, documents[case.id], transfers[case.id], logged, successors):
                yield Fault(case.number, what)
            for document in documents[case.id]:
                if fault := await _file_fault(store, document, deep=deep):
                    yield Fault(case.number, fault)
            seen.documents += len(documents[case.id])
            seen.transfers += len(transfers[case.id])
        seen.cases += len(cases)
        progress(len(cases))
        session.expunge_all()


async def _documents(session: AsyncSession, ids: list[UUID]) -> dict[UUID, list[Document]]:
    found: dict[UUID, list[Document]] = defaultdict(list)
    rows = select(Document).where(Document.case_id.in_(ids)).order_by(Document.case_id, Document.position)
    for document in await session.scalars(rows):
        found[document.case_id].append(document)
    return found


async def _transfers(session: AsyncSession, ids: list[UUID]) -> dict[UUID, list[Transfer]]:
    found: dict[UUID, list[Transfer]] = defaultdict(list)
    rows = select(Transfer).where(Transfer.case_id.in_(ids)).order_by(Transfer.case_id, Transfer.sequence)
    for transfer in await session.scalars(rows):
        found[transfer.case_id].append(transfer)
    return found


async def _events(session: AsyncSession, ids: list[UUID]) -> dict[UUID, Logged]:
    handed_in = CaseEvent.data[DOCUMENTS]
    rows = await session.execute(
        select(
            CaseEvent.case_id,
            func.count(),
            func.max(CaseEvent.sequence),
            func.array_agg(handed_in).filter(handed_in.is_not(None)),
        )
        .where(CaseEvent.case_id.in_(ids))
        .group_by(CaseEvent.case_id)
    )
    return {
        case_id: Logged(count, last, frozenset(one for some in lists or () for one in some))
        for case_id, count, last, lists in rows
    }


async def _file_fault(store: ObjectStore, document: Document, *, deep: bool) -> str | None:
    """What is wrong with the file itself."""
    size = await store.size(document.object_key)
    if size is None:
        return f"document {document.id}: its file is gone"
    if size != document.size:
        return f"document {document.id}: its file has {size} bytes, not {document.size}"
    if deep and await _digest(store, document.object_key) != document.digest:
        return f"document {document.id}: its file is not what was handed in"
    return None


async def _digest(store: ObjectStore, key: str) -> str:
    found = hashlib.sha256()
    try:
        async for chunk in store.read(key):
            found.update(chunk)
    except NoObject:
        return ""
    return found.hexdigest()
