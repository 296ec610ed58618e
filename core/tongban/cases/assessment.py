"""The dry run that every submission is: mode, centers, every problem at once, due date. Writes nothing."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol, cast
from uuid import UUID

import jsonschema
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from tongban.cases.deadlines import Due, due, statutory_due
from tongban.cases.models import Case, Document
from tongban.cases.routing import Route, deciding_division, route
from tongban.catalog import service as catalog
from tongban.catalog.models import Department, Material, MaterialRequirement, ServiceItem
from tongban.centers import service as centers
from tongban.centers.hours import day_in_shanghai
from tongban.centers.models import Center, CenterKind, District
from tongban.contract.applications import Applicant, Application, ReceivingCenter
from tongban.contract.eligibility import belongs, is_needed
from tongban.contract.items import DeliveryRoute, ProcessingMode, RoutingBasis
from tongban.contract.problems import Problem
from tongban.documents import service as documents_room
from tongban.documents.models import Upload
from tongban.identity.actor import Actor
from tongban.messages.problems import AUDIENCES, BARRIERS, problem
from tongban.registry import Registry
from tongban.residents.models import Resident
from tongban.residents.service import applicant_of

LONGEST_FORM = 64 * 1024
"""Bytes of a form as JSON, at most."""
MOST_FORM_PROBLEMS, MOST_DOCUMENTS = 50, 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Handed:
    """What is handed in, by its place in the input: a material's code, and its upload where it isn't shown on paper."""

    place: tuple[str, ...]
    material: str | None
    upload: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What somebody wants to submit. An open case of the same item and applicant speaks against it, unless told."""

    item: str
    center: str
    applicant: UUID | None
    form: Any
    documents: Sequence[Handed] = ()
    delivery_route: DeliveryRoute | None = None
    even_if_duplicate: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """What the dry run found. It can be submitted when there are no problems; then every part is there."""

    problems: tuple[Problem, ...]
    item: ServiceItem | None = None
    applicant: Resident | None = None
    receiving: Center | None = None
    department: Department | None = None
    mode: ProcessingMode | None = None
    route: Route | None = None
    delivery_route: DeliveryRoute | None = None
    due: Due | None = None
    statutory_due: Due | None = None
    extra_days: int = 0
    missing: tuple[MaterialRequirement, ...] = ()
    handed_in: tuple[Material, ...] = ()
    uploads: tuple[tuple[Material, Upload], ...] = ()

    def complete(self) -> "CompleteAssessment":
        """The same, every part there. Raises ValueError where there are problems."""
        parts = (self.item, self.applicant, self.receiving, self.mode, self.route, self.delivery_route, self.due)
        if self.problems or None in parts:
            raise ValueError("only a draft without problems is complete")
        return cast("CompleteAssessment", self)


class CompleteAssessment(Protocol):
    """An assessment without problems."""

    item: ServiceItem
    applicant: Resident
    receiving: Center
    department: Department
    mode: ProcessingMode
    route: Route
    delivery_route: DeliveryRoute
    due: Due
    statutory_due: Due | None
    extra_days: int
    handed_in: tuple[Material, ...]
    uploads: tuple[tuple[Material, Upload], ...]


async def assess(session: AsyncSession, registry: Registry, draft: Draft, actor: Actor, now: datetime) -> Assessment:
    """Everything that can be said of the draft, all problems at once."""
    today = day_in_shanghai(now)
    problems: list[Problem] = []
    item = await _item(session, draft.item, today, problems)
    center = await _center(session, draft.center, problems)
    resident = await session.get(Resident, draft.applicant) if draft.applicant else None
    if resident is None:
        problems.append(problem("unknown_resident", "applicant"))
    if item is None:
        return Assessment(problems=tuple(problems), receiving=center, applicant=resident)
    form = draft.form if isinstance(draft.form, Mapping) else {}
    problems += form_problems(item.form, draft.form)
    delivery = _delivery_route(item, draft.delivery_route, problems)
    needs = await _Materials.of(session, item, today)
    missing, handed_in = needs.sorted_out(draft.documents, form, problems)
    uploads, faults = await uploads_of(session, actor, center, draft.documents, now) if center else ({}, [])
    problems += faults
    if resident is None or center is None:
        return Assessment(
            problems=tuple(problems),
            item=item,
            receiving=center,
            applicant=resident,
            mode=ProcessingMode(item.mode),
            missing=missing,
        )
    applicant = await applicant_of(session, resident)
    if item.audiences and not belongs(item.audiences, applicant, today):
        problems.append(_not_in_audience(item))
    codes = frozenset(material.code for material in handed_in)
    district = await session.get_one(District, center.district_id)
    application = Application(
        item=item.code,
        applicant=applicant,
        center=ReceivingCenter(code=center.code, district=district.code),
        received_on=today,
        form=form,
        materials=codes,
    )
    department = await session.get_one(Department, item.department_id)
    verdict = await registry.judge(department.code, application)
    problems += verdict.problems
    mode = _mode(ProcessingMode(item.mode), verdict.mode)
    way = await _route(session, item, mode, center, applicant)
    if mode is ProcessingMode.LOCAL_ONLY:
        problems += await _local_problems(session, item, center, way)
    if not draft.even_if_duplicate:
        problems += await _duplicates(session, item, resident)
    passes_on = mode is ProcessingMode.SPLIT and way.center != center.id
    extra_days = item.extra_days_for_split if passes_on else 0
    calendar = await centers.calendar(session, since=date(today.year, 1, 1))
    return Assessment(
        problems=tuple(problems),
        item=item,
        applicant=resident,
        receiving=center,
        department=department,
        mode=mode,
        route=way,
        delivery_route=delivery,
        due=due(now, item.promised_days, extra_days, calendar),
        statutory_due=statutory_due(now, item.statutory_days, calendar),
        extra_days=extra_days,
        missing=missing,
        handed_in=handed_in,
        uploads=needs.with_uploads(draft.documents, uploads),
    )


async def route_again(session: AsyncSession, item: ServiceItem, resident: Resident, center: Center) -> Route:
    """The route of a split case computed anew from what is recorded now."""
    return await _route(session, item, ProcessingMode.SPLIT, center, await applicant_of(session, resident))


async def uploads_of(
    session: AsyncSession,
    actor: Actor,
    center: Center,
    documents: Sequence[Handed],
    now: datetime,
    case: UUID | None = None,
) -> tuple[dict[UUID, Upload], list[Problem]]:
    """The uploads that are handed in, by id, and a problem for each that can't be; each is handed in once."""
    places: dict[UUID, tuple[str, ...]] = {}
    twice: list[Problem] = []
    for document in documents:
        place = document.place if document.material is None else (*document.place, "document")
        if document.upload in places:
            twice.append(problem("document_twice", *place))
        elif document.upload is not None:
            places[document.upload] = place
    uploads, faults = await documents_room.handed_in(session, actor, center, places, now)
    if case is not None and uploads:
        there = select(Document.id).where(Document.case_id == case, Document.id.in_(uploads))
        twice += [problem("document_twice", *places[one]) for one in await session.scalars(there)]
    return uploads, [*faults, *twice]


def too_many(said: Sequence[object], place: str) -> list[Problem]:
    """A problem where more materials or documents are named than may be at once."""
    if len(said) <= MOST_DOCUMENTS:
        return []
    what, what_en = f"最多{MOST_DOCUMENTS}份材料", f"At most {MOST_DOCUMENTS} documents"
    return [problem("invalid_input", place, what=what, what_en=what_en)]


def form_problems(schema: Mapping[str, Any], form: Any) -> list[Problem]:
    """What the form's JSON Schema says against the form, each with its path."""
    size = len(json.dumps(form, ensure_ascii=False, default=str).encode("utf-8", "replace"))
    if size > LONGEST_FORM:
        return [problem("form_too_large", "form", limit=LONGEST_FORM)]
    validator = jsonschema.Draft202012Validator(schema, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER)
    errors = sorted(validator.iter_errors(form), key=lambda error: [str(part) for part in error.absolute_path])
    return [
        problem("form_invalid", "form", *map(str, error.absolute_path), reason=_short(error.message))
        for error in errors[:MOST_FORM_PROBLEMS]
    ]


def _short(text: str, limit: int = 200) -> str:
    return text if len(text) <= limit else text[:limit] + "…"


async def _item(session: AsyncSession, code: str, today: date, problems: list[Problem]) -> ServiceItem | None:
    item = await catalog.find_in_force(session, code, today)
    if item is None:
        known = await catalog.exists(session, code)
        problems.append(problem("item_not_in_force" if known else "unknown_item", "item", item=_short(code, 40)))
    elif item.suspension is not None:
        problems.append(problem("item_suspended", "item", item=item.name, reason=item.suspension))
    return item


async def _center(session: AsyncSession, code: str, problems: list[Problem]) -> Center | None:
    """The center, with a problem where it takes no part in tongban."""
    center: Center | None = await session.scalar(select(Center).where(Center.code == code))
    if center is None:
        problems.append(problem("unknown_center", "center", center=_short(code, 40)))
    elif center.successor_id is not None:
        successor = await session.get_one(Center, await centers.acting(session, center.id))
        problems.append(problem("center_merged", "center", center=center.name, successor=successor.name))
    elif center.kind == CenterKind.BRANCH and not center.tongban:
        parent = await session.get_one(Center, center.parent_id)
        problems.append(problem("branch_not_in_tongban", "center", center=center.name, parent=parent.name))
    return center


def _delivery_route(item: ServiceItem, wanted: DeliveryRoute | None, problems: list[Problem]) -> DeliveryRoute:
    """The resident's wish, or the item's first route."""
    if wanted is not None and wanted.value not in item.delivery_routes:
        problems.append(problem("route_not_offered", "deliveryRoute", item=item.name))
    return wanted or DeliveryRoute(item.delivery_routes[0])


@dataclass(frozen=True, slots=True)
class _Materials:
    """An item's requirements with their materials."""

    rows: tuple[tuple[MaterialRequirement, Material], ...]
    producers: Mapping[str, str]
    """Names of the items in force whose results some of the materials are, by code."""

    @classmethod
    async def of(cls, session: AsyncSession, item: ServiceItem, today: date) -> "_Materials":
        found = await session.execute(
            select(MaterialRequirement, Material)
            .join(Material, Material.id == MaterialRequirement.material_id)
            .where(MaterialRequirement.item_id == item.id)
            .order_by(MaterialRequirement.position)
        )
        rows = tuple((need, material) for need, material in found)
        codes = {material.produced_by for _, material in rows if material.produced_by}
        return cls(rows, await catalog.names_in_force(session, codes, today) if codes else {})

    def sorted_out(
        self, documents: Sequence[Handed], form: Mapping[str, Any], problems: list[Problem]
    ) -> tuple[tuple[MaterialRequirement, ...], tuple[Material, ...]]:
        """What is missing and what was handed in; problems for the missing and the unknown."""
        problems += too_many(documents, "documents")
        documents = documents[:MOST_DOCUMENTS]
        asked = {material.code for _, material in self.rows}
        brought = {document.material for document in documents}
        problems += [
            problem("unknown_material", *document.place, "material", material=_short(document.material or "", 40))
            for document in documents
            if document.material not in asked
        ]
        missing = [
            (need, material)
            for need, material in self.rows
            if is_needed(need.necessity, need.needed_when, form) and material.code not in brought
        ]
        problems += [_missing(material, self.producers) for _, material in missing]
        handed_in = tuple(material for _, material in self.rows if material.code in brought)
        return tuple(need for need, _ in missing), handed_in

    def with_uploads(
        self, documents: Sequence[Handed], uploads: Mapping[UUID, Upload]
    ) -> tuple[tuple[Material, Upload], ...]:
        """The uploads with their materials, in the order of handing in."""
        materials = {material.code: material for _, material in self.rows}
        return tuple(
            (materials[document.material], uploads[document.upload])
            for document in documents
            if document.material in materials and document.upload is not None and document.upload in uploads
        )


def _missing(material: Material, producers: Mapping[str, str]) -> Problem:
    """What is missing, and where to get it: from the item whose result it is, if that is in force, or its issuer."""
    values = {"material": material.name, "material_en": material.name_en or material.name}
    code = material.produced_by
    if code is not None and code in producers and not material.produced_when:
        found = problem("material_produced_elsewhere", "documents", item=producers[code], item_code=code, **values)
    else:
        found = problem("material_missing", "documents", issuer=material.issuer, **values)
    return found.at("documents", material.code)


def _not_in_audience(item: ServiceItem) -> Problem:
    words = [AUDIENCES[audience] for audience in item.audiences]
    return problem(
        "not_in_audience",
        "applicant",
        item=item.name,
        audiences="、".join(zh for zh, _ in words),
        audiences_en=", ".join(en for _, en in words),
    )


def _mode(admitted: ProcessingMode, said: ProcessingMode | None) -> ProcessingMode:
    """The department may lighten SPLIT to DIRECT, nothing else: no case needs more than was admitted."""
    lightened = admitted is ProcessingMode.SPLIT and said is ProcessingMode.DIRECT
    return ProcessingMode.DIRECT if lightened else admitted


async def _route(
    session: AsyncSession, item: ServiceItem, mode: ProcessingMode, center: Center, applicant: Applicant
) -> Route:
    basis = RoutingBasis(item.routing_basis)
    division = deciding_division(basis, applicant)
    handlers = await centers.handling_centers(session, division) if division else {}
    return route(mode, basis, center.id, applicant, handlers)


async def _local_problems(session: AsyncSession, item: ServiceItem, center: Center, way: Route) -> list[Problem]:
    """Refuses a LOCAL_ONLY item elsewhere: where to go, and why."""
    words = [BARRIERS[barrier] for barrier in item.barriers]
    if item.tongban_from is not None:
        words = [(f"自{item.tongban_from}起全市通办", f"it will be from {item.tongban_from} on")]
    if way.center is None:
        return [problem("local_only_no_home", "applicant", item=item.name)]
    if way.center == center.id:
        return []
    home = await session.get_one(Center, way.center)
    return [
        problem(
            "local_only",
            "center",
            item=item.name,
            reasons="；".join(zh for zh, _ in words),
            reasons_en="; ".join(en for _, en in words),
            home=home.name,
            home_en=home.name_en or home.name,
        )
    ]


async def _duplicates(session: AsyncSession, item: ServiceItem, resident: Resident) -> list[Problem]:
    """A problem where the applicant has an open case of the same item already: likely the same application again."""
    number = await session.scalar(
        select(Case.number)
        .join(ServiceItem, ServiceItem.id == Case.item_id)
        .where(Case.applicant_id == resident.id, ServiceItem.code == item.code, Case.closed_at.is_(None))
        .order_by(Case.submitted_at.desc())
        .limit(1)
    )
    return [] if number is None else [problem("duplicate_case", "applicant", item=item.name, number=number)]
