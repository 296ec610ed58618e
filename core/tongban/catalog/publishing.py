"""Publishing: approved changes become versions, and the versions in force an edition, numbered and signed."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from tongban.catalog.editions import Content, Member, digest_of, signed
from tongban.catalog.models import CatalogEdition, EditionItem, Material, MaterialRequirement, ServiceItem
from tongban.catalog.signing import Signer
from tongban.contract.items import ItemDefinition
from tongban.identity.actor import Actor
from tongban.storage.ids import new_id

LOCK = 0x65646974
"""Key of the advisory lock under which editions are published one at a time ("edit" in ASCII)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """An edition to be: its number and its first day."""

    number: int
    effective_from: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One approved proposal; without a definition the item leaves the catalog.

    A waiver makes the version an exception: `argued` says why, `review_on` until when. Where the definition names a
    review too, both are told, and the earlier day counts.
    """

    code: str
    proposal: UUID
    department: UUID
    definition: ItemDefinition | None
    argued: str | None = None
    review_on: date | None = None


async def one_at_a_time(session: AsyncSession) -> None:
    """Holds publication until the transaction ends."""
    await session.execute(select(func.pg_advisory_xact_lock(LOCK)))


async def last_edition(session: AsyncSession) -> CatalogEdition | None:
    """The newest edition."""
    found: CatalogEdition | None = await session.scalar(
        select(CatalogEdition).order_by(CatalogEdition.number.desc()).limit(1)
    )
    return found


async def publish(
    session: AsyncSession,
    signer: Signer,
    actor: Actor,
    draft: Draft,
    changes: Sequence[Change],
    last: CatalogEdition | None,
    now: datetime,
) -> CatalogEdition:
    """The edition after `last` with these changes: its versions, its members, its seal."""
    members = await _members(session, last)
    edition_id = new_id()
    materials = {row.code: row.id for row in await session.scalars(select(Material))}
    versions = await _latest(session, [change.code for change in changes])
    added: list[ServiceItem] = []
    needs: list[MaterialRequirement] = []
    for change in changes:
        held = members.pop(change.code, None)
        if held is not None:
            held.effective_to = draft.effective_from
        if change.definition is not None:
            number = versions.get(change.code, 0) + 1
            item = _version(change, change.definition, number, edition_id, draft.effective_from)
            added.append(item)
            needs += _requirements(item.id, change.definition, materials)
            members[change.code] = item
    content = Content(
        number=draft.number,
        effective_from=draft.effective_from,
        previous_digest=last.digest if last else None,
        members=tuple(
            Member(code=code, version=item.version, digest=item.definition_digest)
            for code, item in sorted(members.items())
        ),
    )
    edition = CatalogEdition(
        id=edition_id,
        number=draft.number,
        effective_from=draft.effective_from,
        published_at=now,
        published_by=actor.subject,
        **asdict(signed(content, signer)),
    )
    for rows in ([edition], added, needs):
        session.add_all(rows)
        await session.flush()
    session.add_all(EditionItem(edition_id=edition_id, item_id=item.id) for item in members.values())
    await session.flush()
    return edition


async def content_of(session: AsyncSession, edition: CatalogEdition) -> Content:
    """The content of a published edition, as it was signed."""
    members = await _members(session, edition)
    previous = await session.scalar(select(CatalogEdition.digest).where(CatalogEdition.number == edition.number - 1))
    return Content(
        number=edition.number,
        effective_from=edition.effective_from,
        previous_digest=previous,
        members=tuple(
            Member(code=code, version=item.version, digest=item.definition_digest)
            for code, item in sorted(members.items())
        ),
    )


async def find_newest(session: AsyncSession, code: str) -> ServiceItem | None:
    """The item's version in the newest edition: in force, or planned already."""
    found: ServiceItem | None = await session.scalar(_of_newest_edition().where(ServiceItem.code == code))
    return found


async def newest_digests(session: AsyncSession) -> dict[str, str]:
    """What the newest edition holds: the digest of each item's definition."""
    return {item.code: item.definition_digest for item in await session.scalars(_of_newest_edition())}


def _of_newest_edition() -> Select[ServiceItem]:
    newest = select(CatalogEdition.id).order_by(CatalogEdition.number.desc()).limit(1).scalar_subquery()
    return (
        select(ServiceItem)
        .join(EditionItem, EditionItem.item_id == ServiceItem.id)
        .where(EditionItem.edition_id == newest)
    )


async def _members(session: AsyncSession, edition: CatalogEdition | None) -> dict[str, ServiceItem]:
    if edition is None:
        return {}
    rows = await session.scalars(
        select(ServiceItem)
        .join(EditionItem, EditionItem.item_id == ServiceItem.id)
        .where(EditionItem.edition_id == edition.id)
    )
    return {row.code: row for row in rows}


async def _latest(session: AsyncSession, codes: Sequence[str]) -> dict[str, int]:
    rows = await session.execute(
        select(ServiceItem.code, func.max(ServiceItem.version))
        .where(ServiceItem.code.in_(codes))
        .group_by(ServiceItem.code)
    )
    return {code: version for code, version in rows}  # noqa: C416 - a Row is no pair for dict


def columns_of(definition: ItemDefinition) -> dict[str, Any]:
    """What a version's row says of its definition, by column; exceptions are told apart from it."""
    return {
        "code": definition.code,
        "name": definition.name,
        "name_en": definition.name_en,
        "themes": list(definition.themes),
        "mode": definition.mode.value,
        "barriers": [barrier.value for barrier in definition.barriers],
        "audiences": [audience.value for audience in definition.audiences],
        "routing_basis": definition.routing_basis.value,
        "delivery_routes": [route.value for route in definition.delivery_routes],
        "tongban_from": definition.tongban_from,
        "guide": asdict(definition.guide),
        "form": dict(definition.form),
        "form_ui": dict(definition.form_ui),
        "legal_basis": list(definition.legal_basis),
        "statutory_days": definition.statutory_days,
        "promised_days": definition.promised_days,
        "extra_days_for_split": definition.extra_days_for_split,
        "provenance": definition.provenance,
        "definition_digest": digest_of(definition),
    }


def needs_of(definition: ItemDefinition) -> list[dict[str, Any]]:
    """What the rows of a version's requirements say, in their order, by column; the material by its code."""
    return [
        {
            "material": need.material,
            "position": position,
            "necessity": need.necessity.value,
            "condition": need.condition,
            "needed_when": None if need.when is None else dict(need.when),
            "copies": need.copies,
            "original_shown": need.original_shown,
            "accepts_certificate": need.accepts_certificate,
        }
        for position, need in enumerate(definition.materials)
    ]


def exception_of(definition: ItemDefinition, argued: str | None, review_on: date | None) -> dict[str, Any]:
    """Why a version is an exception, by its definition and by its waiver, and the earlier day of their reviews."""
    why = dict.fromkeys(filter(None, (definition.exception_analysis, argued)))
    days = [day for day in (definition.review_on, review_on) if day is not None]
    return {"exception_analysis": "\n".join(why) or None, "review_on": min(days, default=None)}


def _version(
    change: Change, definition: ItemDefinition, version: int, edition: UUID, effective_from: date
) -> ServiceItem:
    return ServiceItem(
        id=new_id(),
        version=version,
        proposal_id=change.proposal,
        edition_id=edition,
        department_id=change.department,
        effective_from=effective_from,
        **columns_of(definition),
        **exception_of(definition, change.argued, change.review_on),
    )


def _requirements(item: UUID, definition: ItemDefinition, materials: dict[str, UUID]) -> list[MaterialRequirement]:
    return [
        MaterialRequirement(item_id=item, material_id=materials[need.pop("material")], **need)
        for need in needs_of(definition)
    ]
