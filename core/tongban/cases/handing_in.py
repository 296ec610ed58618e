"""Uploads become documents of a case: from then on somebody holds them."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from tongban.cases.models import Case, CaseMaterial, Document
from tongban.cases.words import DocumentPurpose
from tongban.catalog.models import Material
from tongban.documents.models import Upload

DOCUMENTS = "documents"
"""Where an event names the documents that came with it, so that none can vanish unseen."""


def told(uploads: Sequence[tuple[UUID | None, Upload]]) -> dict[str, Any]:
    """What an event says of them."""
    return {DOCUMENTS: [str(upload.id) for _, upload in uploads]} if uploads else {}


async def add_documents(
    session: AsyncSession,
    case: Case,
    purpose: DocumentPurpose,
    custodian: UUID,
    uploads: Sequence[tuple[UUID | None, Upload]],
) -> None:
    """Adds uploads, each with its material, after the documents that the case has."""
    if not uploads:
        return
    first = 0 if purpose is DocumentPurpose.APPLICATION else await _count(session, Document, case)
    session.add_all(
        Document(
            case_id=case.id,
            id=upload.id,
            position=position,
            purpose=purpose.value,
            material_id=material,
            object_key=str(upload.id),
            file_name=upload.file_name,
            media_type=upload.media_type,
            size=upload.size,
            digest=upload.digest,
            uploaded_at=upload.stored_at,
            custodian_id=custodian,
        )
        for position, (material, upload) in enumerate(uploads, first)
    )


async def add_materials(session: AsyncSession, case: Case, materials: Sequence[Material], *, first: bool) -> None:
    """Adds materials that were handed in, those already there left out."""
    there: set[UUID] = set()
    if not first:
        found = await session.scalars(select(CaseMaterial.material_id).where(CaseMaterial.case_id == case.id))
        there = set(found)
    new = [material for material in materials if material.id not in there]
    session.add_all(
        CaseMaterial(case_id=case.id, position=position, material_id=material.id)
        for position, material in enumerate(new, len(there))
    )


async def _count(session: AsyncSession, table: type[Document], case: Case) -> int:
    return await session.scalar(select(func.count()).where(table.case_id == case.id)) or 0
