"""Catalog's desk: departments, items by version and date, materials, the exceptions."""

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import strawberry
from sqlalchemy import ColumnElement, func, or_, select
from strawberry.scalars import JSON

from tongban.catalog import models
from tongban.catalog.service import in_force
from tongban.catalog.words import ItemStatus
from tongban.centers.hours import day_in_shanghai
from tongban.contract.items import Audience, Barrier, DeliveryRoute, Necessity, ProcessingMode, RoutingBasis
from tongban.graphql.connections import Connection
from tongban.graphql.desk import Desk, Info, Row
from tongban.graphql.fields import batch, by_key, column, connection, derived, listed, many, one, reference
from tongban.graphql.node import Node
from tongban.graphql.scalars import Digest
from tongban.graphql.sources import Selection, Through
from tongban.graphql.stored import Stored

if TYPE_CHECKING:
    from tongban.graphql.admission import CatalogChange
    from tongban.graphql.plugins import Plugin

Item = models.ServiceItem


def items_today(desk: Desk) -> Selection:
    """The versions in force today."""
    return Selection([in_force(desk.today)])


async def plugins_of(desk: Desk, rows: Sequence[Row]) -> list[Any]:
    """The plugins that serve the departments."""
    from tongban.graphql.plugins import shown_plugin

    return [shown_plugin(desk.registry, desk.registry.plugin_of(row["code"])) for row in rows]


@strawberry.type(description="One of the departments whose items centers receive.")
class Department(Stored, Node, model=models.Department):
    code: str = column()
    name: str = column()
    name_en: str = column()
    items: list["ServiceItem"] = many(
        "ServiceItem", "department_id", order=["code"], select=items_today, description="Its items in force today."
    )
    plugin: Annotated["Plugin", strawberry.lazy("tongban.graphql.plugins")] | None = batch(plugins_of)
    provenance: str = column(description="Where the row's facts come from.")


@strawberry.type(description="A standard answer: counter and public guide read the same text.")
class GuideQuestion:
    question: str
    answer: str


@strawberry.type(description="办事指南: what an applicant needs to know of an item.")
class Guide:
    summary: str
    steps: list[str]
    conditions: list[str]
    fee: str
    fee_basis: str | None
    result_name: str
    questions: list[GuideQuestion]


def guide_of(guide: Row) -> Guide:
    """The guide as it is kept."""
    return Guide(
        summary=guide["summary"],
        steps=guide["steps"],
        conditions=guide["conditions"],
        fee=guide["fee"],
        fee_basis=guide.get("fee_basis"),
        result_name=guide["result_name"],
        questions=[GuideQuestion(**question) for question in guide["questions"]],
    )


@strawberry.type(description="What an applicant may have to bring; one material serves many items.")
class Material(Stored, Node, model=models.Material):
    code: str = column()
    name: str = column()
    name_en: str | None = column()
    issuer: str = column()
    produced_by: "ServiceItem | None" = one(
        "ServiceItem",
        "produced_by",
        remote="code",
        select=items_today,
        description="The item whose result this material is.",
    )
    produced_when: str | None = column(description="The condition under which it is, where there is one.")
    needed_by: list["ServiceItem"] = many(
        "ServiceItem",
        "id",
        order=["code"],
        through=Through(models.MaterialRequirement, near="material_id", far="item_id"),
        select=items_today,
    )
    provenance: str = column(description="Where the row's facts come from.")


@strawberry.type(description="That an item asks for a material, and when.")
class MaterialRequirement(Stored, model=models.MaterialRequirement):
    material: Material = reference("Material", "material_id")
    necessity: Necessity = column()
    condition: str | None = column(description="When it is needed, in words.")
    needed_when: JSON | None = column(
        description="When it is needed, as a JSON Schema of the form: exactly when the form fits."
    )
    copies: int = column()
    original_shown: bool = column()
    accepts_certificate: bool = column()


def status_of(
    now: dt.datetime, effective_from: dt.date, effective_to: dt.date | None, suspended_at: dt.datetime | None
) -> ItemStatus:
    """Planned before its first day, withdrawn after its last, between them in force unless suspended."""
    today = day_in_shanghai(now)
    if today < effective_from:
        return ItemStatus.PLANNED
    if effective_to is not None and today >= effective_to:
        return ItemStatus.WITHDRAWN
    return ItemStatus.IN_FORCE if suspended_at is None else ItemStatus.SUSPENDED


@strawberry.type(description="事项: one version of what can be applied for.")
class ServiceItem(Stored, Node, model=Item):
    code: str = column()
    name: str = column()
    name_en: str | None = column()
    department: Department = reference("Department", "department_id")
    themes: list[str] = column()
    status: ItemStatus = derived("effective_from", "effective_to", "suspended_at", by=status_of, clock=True)
    suspension: str | None = column(description="Why it is suspended.")
    mode: ProcessingMode = column()
    barriers: list[Barrier] = column(description="Why the mode is what it is: derived from the barriers.")
    exception: "TongbanException | None" = one("TongbanException", "id", select=lambda _desk: of_exceptions())
    audiences: list[Audience] = column(
        description="Who may apply. Empty before the item joined: nobody was promised anything city-wide."
    )
    routing_basis: RoutingBasis = column()
    delivery_routes: list[DeliveryRoute] = column()
    tongban_from: dt.date | None = column(description="First day on which it could be done at any center.")
    version: int = column()
    effective_from: dt.date = column()
    effective_to: dt.date | None = column(description="The first day on which this version holds no more.")
    guide: Guide = derived("guide", by=guide_of)
    form: JSON = column(
        description="JSON Schema 2020-12 of the form, without any field that the resident's record already holds."
    )
    form_ui: JSON | None = column(description="Hints for a generic form renderer.")
    materials: list[MaterialRequirement] = many("MaterialRequirement", "item_id", order=["position"])
    legal_basis: list[str] = column()
    statutory_days: int | None = column()
    promised_days: int = column()
    extra_days_for_split: int = column(description="Working days added at most by the split.")
    immediate: bool = derived("promised_days", by=lambda days: days == 0)
    versions: list["ServiceItem"] = many("ServiceItem", "code", local="code", order=["version"])
    provenance: str = column(
        description="Where the row's facts come from: the seed, a found document, or compiled by us."
    )


def of_exceptions() -> Selection:
    """Versions under review: not tongban although somebody argued why, or approved over a failed rule."""
    return Selection([Item.review_on.is_not(None)])


def exceptions_today(desk: Desk, due_before: dt.date | None = None) -> Selection:
    """The exceptions in force, by the date of their review."""
    due = [Item.review_on < due_before] if due_before else []
    return Selection([in_force(desk.today), *of_exceptions().where, *due])


@strawberry.type(
    description="An item that is not tongban, or that was approved over a failed rule: why, and when it is reviewed."
)
class TongbanException(Stored, model=Item):
    item: ServiceItem = one("ServiceItem", "id")
    barriers: list[Barrier] = column()
    analysis: str = derived("exception_analysis", by=lambda text: text or "")
    review_on: dt.date = column()
    overdue: bool = derived("review_on", by=lambda now, day: day < day_in_shanghai(now), clock=True)


@strawberry.input(description="Which items: those that fit everything that is said.")
class ServiceItemFilter:
    department: str | None = None
    theme: str | None = None
    mode: ProcessingMode | None = None
    tongban: bool | None = strawberry.field(default=None, description="Whether any center does it on that day.")
    audience: Audience | None = strawberry.field(
        default=None, description="Items that somebody of this audience may apply for, those open to anyone included."
    )
    status: ItemStatus | None = None
    search: str | None = None


FilterArgument = Annotated[ServiceItemFilter | None, strawberry.argument(name="filter")]


def chosen_items(desk: Desk, filter_: FilterArgument = None, as_of: dt.date | None = None) -> Selection:
    """The versions in force on a day, by filter."""
    return Selection([in_force(as_of or desk.today), *(_conditions(desk, filter_) if filter_ else [])])


def item_with_code(desk: Desk, code: str, as_of: dt.date | None = None) -> Selection:
    return Selection([Item.code == code, in_force(as_of or desk.today)])


def department_with_code(_desk: Desk, code: str) -> Selection:
    return Selection([models.Department.code == code, models.Department.installed.is_(True)])


def installed_departments(_desk: Desk) -> Selection:
    return Selection([models.Department.installed.is_(True)])


def counted(name: str) -> Any:
    """One of the catalog's counts; all of them come with one statement."""

    async def counts(desk: Desk, rows: Sequence[Row]) -> list[int]:
        days = [row["as_of"] for row in rows]
        return [count[name] for count in await desk.loader("catalog counts", _counts(desk)).load_many(days)]

    return batch(counts)


@strawberry.type(description="A published edition of the catalog: numbered, immutable, signed.")
class CatalogEdition(Stored, Node, model=models.CatalogEdition):
    number: int = column()
    effective_from: dt.date = column()
    published_at: dt.datetime = column()
    published_by: str = column()
    digest: Digest = column()
    signature: str = column(description="Base64.")
    algorithm: str = column()
    public_key: str = column(description="PEM.")
    changes: list[Annotated["CatalogChange", strawberry.lazy("tongban.graphql.admission")]] = many(
        "CatalogChange", "edition_id", order=["item_code"]
    )


async def editions_on(desk: Desk, rows: Sequence[Row]) -> list[CatalogEdition | None]:
    """The edition in force on each day."""
    table = models.CatalogEdition
    found = await desk.rows(select(table.__table__).order_by(table.effective_from, table.number))
    last = [[one for one in found if one["effective_from"] <= row["as_of"]] for row in rows]
    return [CatalogEdition.of(editions[-1]) if editions else None for editions in last]


@strawberry.type(description="The items in force on a day.")
class Catalog:
    as_of: dt.date
    row: strawberry.Private[Row]
    edition: CatalogEdition | None = batch(editions_on)
    planned: bool = derived("as_of", by=lambda now, day: day > day_in_shanghai(now), clock=True)
    total_count: int = counted("total")
    tongban_count: int = counted("tongban")
    direct_count: int = counted("DIRECT")
    split_count: int = counted("SPLIT")
    local_only_count: int = counted("LOCAL_ONLY")
    items: Connection[ServiceItem] = connection("ServiceItem", order=["code"], select=chosen_items, given=["as_of"])


@strawberry.type
class CatalogQuery:
    departments: list[Department] = listed("Department", order=["code"], select=installed_departments)
    department: Department | None = by_key("Department", department_with_code)
    service_item: ServiceItem | None = by_key("ServiceItem", item_with_code)
    service_items: Connection[ServiceItem] = connection("ServiceItem", order=["code"], select=chosen_items)
    exceptions: list[TongbanException] = listed(
        "TongbanException",
        order=["review_on", "code"],
        select=exceptions_today,
        description="Items that are not tongban or hold by a waiver, with the date on which each is to be reviewed.",
    )

    @strawberry.field(description="The catalog in force on a date: past ones are reproducible, future ones planned.")
    def catalog(self, info: Info, as_of: dt.date | None = None) -> Catalog:
        day = as_of or info.context.today
        return Catalog(as_of=day, row={"as_of": day})


def _counts(desk: Desk) -> Any:
    async def load(days: list[dt.date]) -> list[dict[str, int]]:
        return [await count_on(day) for day in days]

    async def count_on(day: dt.date) -> dict[str, int]:
        found = await desk.rows(select(Item.mode, func.count().label("items")).where(in_force(day)).group_by(Item.mode))
        by_mode = {mode.value: 0 for mode in ProcessingMode} | {row["mode"]: row["items"] for row in found}
        total = sum(by_mode.values())
        return by_mode | {"total": total, "tongban": total - by_mode[ProcessingMode.LOCAL_ONLY]}

    return load


def _conditions(desk: Desk, wanted: ServiceItemFilter) -> list[ColumnElement[bool]]:
    where: list[ColumnElement[bool]] = []
    if wanted.department is not None:
        chosen = select(models.Department.id).where(models.Department.code == wanted.department)
        where.append(Item.department_id.in_(chosen))
    if wanted.theme is not None:
        where.append(Item.themes.contains([wanted.theme]))
    if wanted.mode is not None:
        where.append(Item.mode == wanted.mode.value)
    if wanted.tongban is not None:
        local = Item.mode == ProcessingMode.LOCAL_ONLY.value
        where.append(~local if wanted.tongban else local)
    if wanted.audience is not None:
        where.append(Item.audiences.overlap([wanted.audience.value, Audience.ANYONE.value]))
    if wanted.status is not None:
        where.append(_status_is(desk, wanted.status))
    if wanted.search:
        where.append(
            or_(
                Item.name.icontains(wanted.search, autoescape=True),
                Item.name_en.icontains(wanted.search, autoescape=True),
                Item.code == wanted.search,
            )
        )
    return where


def _status_is(desk: Desk, status: ItemStatus) -> ColumnElement[bool]:
    today = desk.today
    over = Item.effective_to.is_not(None) & (Item.effective_to <= today)
    planned = Item.effective_from > today
    match status:
        case ItemStatus.PLANNED:
            return planned
        case ItemStatus.WITHDRAWN:
            return over
        case ItemStatus.IN_FORCE:
            return ~planned & ~over & Item.suspended_at.is_(None)
        case ItemStatus.SUSPENDED:
            return ~planned & ~over & Item.suspended_at.is_not(None)
        case ItemStatus.PROPOSED:
            return Item.id.is_(None)
