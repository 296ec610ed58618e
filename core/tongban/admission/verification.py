"""Whether the editions in the database are the ones that were signed: nothing is taken at its word.

No database rule keeps a published row from being changed by who owns the tables; the signatures tell that it was.
"""

import base64
import binascii
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from tongban.admission.models import Proposal
from tongban.admission.service import DEFINITION
from tongban.catalog import publishing
from tongban.catalog.editions import Signed as Seal
from tongban.catalog.editions import digest_of, exported
from tongban.catalog.models import CatalogEdition, EditionItem, Material, MaterialRequirement, ServiceItem
from tongban.catalog.signing import holds
from tongban.contract.items import ItemDefinition
from tongban.errors import SetupError


async def faults_of_editions(session: AsyncSession) -> list[str]:
    """Everything in the database that is not as it was published; nothing, where all is whole and signed."""
    faults = [
        fault
        for edition in await session.scalars(select(CatalogEdition).order_by(CatalogEdition.number))
        for fault in await _faults_of_edition(session, edition)
    ]
    needs = await _needs(session)
    rows = await session.execute(
        select(ServiceItem, Proposal)
        .join(Proposal, Proposal.id == ServiceItem.proposal_id)
        .order_by(ServiceItem.code, ServiceItem.version)
    )
    for item, proposal in rows:
        faults += [f"{item.code} version {item.version}: {fault}" for fault in _faults_of(item, proposal, needs)]
    return faults


async def export(session: AsyncSession, edition: CatalogEdition) -> dict[str, Any]:
    """The edition as a file that anybody can verify offline."""
    rows = await session.execute(
        select(ServiceItem.code, Proposal.definition)
        .join(EditionItem, EditionItem.item_id == ServiceItem.id)
        .join(Proposal, Proposal.id == ServiceItem.proposal_id)
        .where(EditionItem.edition_id == edition.id)
        .order_by(ServiceItem.code)
    )
    definitions = {code: definition for code, definition in rows if definition is not None}
    return exported(await publishing.content_of(session, edition), _seal(edition), definitions)


def _seal(edition: CatalogEdition) -> Seal:
    return Seal(
        digest=edition.digest,
        signature=edition.signature,
        algorithm=edition.algorithm,
        public_key=edition.public_key,
    )


async def _faults_of_edition(session: AsyncSession, edition: CatalogEdition) -> list[str]:
    content, faults = await publishing.content_of(session, edition), []
    if content.digest != edition.digest:
        faults.append(f"edition {edition.number}: its members are not those that were published")
    try:
        signature = base64.b64decode(edition.signature, validate=True)
        if not holds(edition.algorithm, edition.public_key, content.message, signature):
            faults.append(f"edition {edition.number}: its signature does not hold")
    except (SetupError, binascii.Error) as error:
        faults.append(f"edition {edition.number}: {error}")
    return faults


async def _needs(session: AsyncSession) -> dict[UUID, list[dict[str, Any]]]:
    """What each version asks for, as `publishing.needs_of` says it."""
    found: dict[UUID, list[dict[str, Any]]] = {}
    rows = await session.execute(
        select(MaterialRequirement, Material.code)
        .join(Material, Material.id == MaterialRequirement.material_id)
        .order_by(MaterialRequirement.item_id, MaterialRequirement.position)
    )
    for need, material in rows:
        found.setdefault(need.item_id, []).append(
            {
                "material": material,
                "position": need.position,
                "necessity": need.necessity,
                "condition": need.condition,
                "needed_when": need.needed_when,
                "copies": need.copies,
                "original_shown": need.original_shown,
                "accepts_certificate": need.accepts_certificate,
            }
        )
    return found


def _faults_of(item: ServiceItem, proposal: Proposal, needs: dict[UUID, list[dict[str, Any]]]) -> list[str]:
    """Where the row says something else than the definition that was approved."""
    if proposal.definition is None or digest_of(proposal.definition) != item.definition_digest:
        return ["the definition is not the one that was published"]
    definition: ItemDefinition = DEFINITION.validate_python(proposal.definition)
    argued = proposal.waiver["reason"] if proposal.waiver else None
    said = publishing.columns_of(definition)
    said |= publishing.exception_of(definition, argued, proposal.waiver_expires_on)
    changed = [name for name, value in said.items() if _plain(getattr(item, name)) != _plain(value)]
    if _plain(needs.get(item.id, [])) != _plain(publishing.needs_of(definition)):
        changed.append("materials")
    return [f"{', '.join(changed)} changed since it was published"] if changed else []


def _plain(value: Any) -> Any:
    """Tuples as lists, as JSON has them."""
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list | tuple) else value
