"""Centers' desk: districts, centers, opening hours."""

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, Self
from uuid import UUID

import strawberry
from sqlalchemy import ColumnElement, Double, and_, case, func, or_, select, type_coerce
from sqlalchemy import literal as sql
from sqlalchemy.ext.asyncio import AsyncSession

from tongban.cases import models as cases
from tongban.cases.recompute import publish_calendar
from tongban.cases.words import CaseStatus
from tongban.catalog.models import ServiceItem
from tongban.catalog.service import in_force
from tongban.centers import hours, models
from tongban.centers import service as centers
from tongban.centers.calendar import Calendar, DayKind, NamedDay
from tongban.centers.models import CenterKind
from tongban.centers.publishing import Publication
from tongban.centers.words import CalendarKind
from tongban.graphql.connections import Connection, Page
from tongban.graphql.desk import Desk, Info, Row
from tongban.graphql.errors import BadInput
from tongban.graphql.fields import batch, by_key, column, connection, derived, listed, many, reference
from tongban.graphql.node import Node
from tongban.graphql.problems import Problem
from tongban.graphql.sources import Order, Selection
from tongban.graphql.stored import Stored
from tongban.graphql.writing import written

if TYPE_CHECKING:
    from tongban.graphql.cases import Case

LONGEST_SPAN = 366
"""Days of opening hours that one question may ask for."""
EARTH_RADIUS = 6_371_000
"""Meters."""

From = Annotated[dt.date, strawberry.argument(name="from")]


def of_kind(_desk: Desk, kind: CenterKind | None = None) -> Selection:
    """Centers of one kind, or of both."""
    return Selection([models.Center.kind == kind.value] if kind else [])


@strawberry.type(description="One of the districts of the city.")
class District(Stored, Node, model=models.District):
    code: str = column()
    name: str = column()
    name_en: str | None = column()
    centers: list["Center"] = many("Center", "district_id", order=["code"], select=of_kind)


@strawberry.type(description="A place, in degrees (WGS 84).")
class GeoPoint:
    latitude: float
    longitude: float


@strawberry.input(description="A place, in degrees (WGS 84).")
class GeoPointInput:
    latitude: float
    longitude: float


@strawberry.type(description="Open from `opens` until just before `closes`, HH:MM on the city's clocks.")
class OpeningInterval:
    opens: str
    closes: str


@strawberry.type(description="One day's opening times; there is no day without one.")
class OpeningDay:
    date: dt.date
    kind: DayKind
    intervals: list[OpeningInterval]
    provisional: bool


async def opening_days(desk: Desk, rows: Sequence[Row], from_: From, to: dt.date) -> list[list[OpeningDay]]:
    """The days from `from` to `to`, both included."""
    span = (to - from_).days + 1
    if not 0 < span <= LONGEST_SPAN:
        raise BadInput(f"`to` lies 0 to {LONGEST_SPAN - 1} days after `from`.")
    calendar = await city_calendar(desk)
    days = [_opening_day(from_ + dt.timedelta(days=n), calendar) for n in range(span)]
    return [days for _ in rows]


async def whether_open(desk: Desk, rows: Sequence[Row], at: dt.datetime | None = None) -> list[bool]:
    """Whether the centers are open at `at`, or now."""
    return [hours.is_open(_moment(desk, at), await city_calendar(desk))] * len(rows)


async def openings_next(desk: Desk, rows: Sequence[Row], after: dt.datetime | None = None) -> list[dt.datetime]:
    """The first moment from `after`, or from now, at which the centers are open."""
    return [hours.next_opening(_moment(desk, after), await city_calendar(desk))] * len(rows)


async def whether_offered(desk: Desk, rows: Sequence[Row], item: str) -> list[bool]:
    """Whether the item is in force and the center receives it."""
    found = await desk.rows(select(ServiceItem.id).where(ServiceItem.code == item, in_force(desk.today)))
    return [bool(found) and row["tongban"] for row in rows]


def with_status(_desk: Desk, status: list[CaseStatus] | None = None) -> Selection:
    """Cases in one of the states, or in any."""
    return Selection([] if status is None else [cases.Case.status.in_({one.value for one in status})])


@strawberry.type(description="社区事务受理服务中心: a community affairs service center, or a branch of one.")
class Center(Stored, Node, model=models.Center):
    code: str = column()
    name: str = column()
    name_en: str | None = column()
    kind: CenterKind = column()
    parent: "Center | None" = reference("Center", "parent_id", description="The main center of a branch.")
    branches: list["Center"] = many("Center", "parent_id", order=["code"])
    district: District = reference("District", "district_id")
    division_code: str = column(
        description="12-digit statistical division code of its street, town, township or industrial zone."
    )
    address: str | None = column()
    telephone: str | None = column()
    location: GeoPoint | None = derived(
        "latitude",
        "longitude",
        by=lambda lat, lon: None if lat is None or lon is None else GeoPoint(latitude=lat, longitude=lon),
    )
    counters: int = column()
    staff: int = column()
    tongban: bool = column(description="Whether it takes part in tongban; a branch does as a pilot only.")
    hours: list[OpeningDay] = batch(opening_days)
    is_open: bool = batch(whether_open)
    next_opening: dt.datetime = batch(openings_next)
    offers: bool = batch(whether_offered)
    provenance: str = column(description="Where the row's facts come from.")
    worklist: Connection[Annotated["Case", strawberry.lazy("tongban.graphql.cases")]] = connection(
        "Case",
        order=["submitted_at"],
        local="id",
        remote="current_center_id",
        select=with_status,
        description="The cases whose next step is this center's.",
    )


@strawberry.input(description="Which centers: those that fit everything that is said.")
class CenterFilter:
    district: str | None = None
    kind: CenterKind | None = None
    tongban: bool | None = None
    offering: str | None = None
    open_at: dt.datetime | None = None
    search: str | None = None


@strawberry.type(description="A center of a page, its cursor and its distance.")
class CenterEdge:
    cursor: str
    node: Center
    distance_meters: float | None = strawberry.field(
        description="Great-circle distance from `near`; null where the center's own coordinates are not known."
    )

    @classmethod
    def made(cls, cursor: str, node: Center, row: Row) -> Self:
        return cls(cursor=cursor, node=node, distance_meters=row.get("distance_meters"))


@strawberry.type(description="A page of centers.")
class CenterConnection(Page):
    edges: list[CenterEdge]

    @strawberry.field
    def nodes(self) -> list[Center]:
        return [edge.node for edge in self.edges]


def chosen_centers(
    desk: Desk,
    filter: CenterFilter | None = None,  # noqa: A002
    near: GeoPointInput | None = None,
) -> Selection:
    """Centers by filter; nearest first where `near` is given.

    A center without coordinates of its own is ordered by its district's centroid, and shows no distance.
    """
    where = _conditions(desk, filter) if filter else []
    if near is None:
        return Selection(where)
    if not (-90 <= near.latitude <= 90 and -180 <= near.longitude <= 180):
        raise BadInput("near: latitude lies between -90 and 90, longitude between -180 and 180.")
    center, district = models.Center, models.District
    own = _distance(near, center.latitude, center.longitude)
    its = select(_distance(near, district.latitude, district.longitude)).where(district.id == center.district_id)
    order = func.coalesce(own, its.scalar_subquery(), type_=own.type)
    return Selection(where, [Order(order)], {"distance_meters": own})


def with_code(_desk: Desk, code: str) -> Selection:
    return Selection([models.Center.code == code])


@strawberry.type(description="A day that departs from the plain week.")
class CalendarDay:
    date: dt.date
    kind: CalendarKind
    name: str = strawberry.field(description="The holiday for which it does.")


@strawberry.type(description="A year of the city's calendar. While it is not published, what it says is provisional.")
class CalendarYear:
    year: int
    published: bool
    holidays: int
    make_up_workdays: int
    days: list[CalendarDay]
    source: str | None = strawberry.field(description="Where its days come from.")
    version: int = strawberry.field(
        description="How often an administrator published it; 0 where the city's files say it."
    )
    published_at: dt.datetime | None = strawberry.field(description="When an administrator published it last.")

    @classmethod
    def of(cls, year: centers.CalendarYear) -> Self:
        return cls(
            year=year.year,
            published=year.published,
            holidays=year.count(CalendarKind.STATUTORY_HOLIDAY),
            make_up_workdays=year.count(CalendarKind.MAKE_UP_WORKDAY),
            days=[CalendarDay(date=one.day, kind=one.kind, name=one.name) for one in year.days],
            source=year.source,
            version=year.version,
            published_at=year.published_at,
        )


async def _years(desk: Desk) -> list[CalendarYear]:
    found = await desk.read(lambda session: centers.calendar_years(session, desk.today.year))
    return [CalendarYear.of(year) for year in found]


@strawberry.input(description="A day that departs from the plain week.")
class CalendarDayInput:
    date: dt.date
    kind: CalendarKind
    name: str


@strawberry.input(description="A whole year of the calendar, as the official notice says it.")
class PublishCalendarInput:
    year: int
    days: list[CalendarDayInput]
    source: str = strawberry.field(description="The official notice; it becomes the provenance of each day.")
    replace: bool | None = strawberry.field(
        default=None, description="Change a year that is published already, and differently."
    )
    idempotency_key: str | None = None


@strawberry.type(description="The year as it is now, or the problems for which nothing was done.")
class PublishCalendarPayload:
    row: strawberry.Private[Row]
    problems: list[Problem]

    @strawberry.field
    async def calendar_year(self, info: Info) -> CalendarYear | None:
        if self.row["id"] is None:
            return None
        publication = models.CalendarPublication
        [found] = await info.context.rows(select(publication.year).where(publication.id == self.row["id"]))
        return next(year for year in await _years(info.context) if year.year == found["year"])


@strawberry.type
class CentersMutation:
    @strawberry.mutation(
        description="Publishes a year of the calendar; open cases that run through it are due by it from then on."
    )
    async def publish_calendar(self, info: Info, input: PublishCalendarInput) -> PublishCalendarPayload:  # noqa: A002
        desk = info.context
        wanted = Publication(
            year=input.year,
            days=[NamedDay(one.date, one.kind, one.name) for one in input.days],
            source=input.source,
            replace=bool(input.replace),
        )

        async def do(session: AsyncSession) -> UUID:
            publication, _ = await publish_calendar(session, desk.actor, wanted, desk.now)
            return publication.id

        def made(row: Row, problems: list[Problem]) -> PublishCalendarPayload:
            return PublishCalendarPayload(row=row, problems=problems)

        return await written(desk, made, input.idempotency_key, {"publishCalendar": strawberry.asdict(input)}, do)


@strawberry.type
class CentersQuery:
    districts: list[District] = listed("District", order=["code"])
    center: Center | None = by_key("Center", with_code)
    centers: CenterConnection = connection(
        "Center",
        order=["code"],
        select=chosen_centers,
        page=CenterConnection,
        edge=CenterEdge,
        description="Centers, nearest first when `near` is given.",
    )

    @strawberry.field(description="The years of the calendar up to the next one at least, published or not.")
    async def calendar_years(self, info: Info) -> list[CalendarYear]:
        return await _years(info.context)


def _conditions(desk: Desk, wanted: CenterFilter) -> list[ColumnElement[bool]]:
    center = models.Center
    where: list[ColumnElement[bool]] = []
    if wanted.district is not None:
        where.append(center.district_id.in_(select(models.District.id).where(models.District.code == wanted.district)))
    if wanted.kind is not None:
        where.append(center.kind == wanted.kind.value)
    if wanted.tongban is not None:
        where.append(center.tongban == wanted.tongban)
    if wanted.offering is not None:
        offered = select(ServiceItem.id).where(ServiceItem.code == wanted.offering, in_force(desk.today)).exists()
        where.append(and_(offered, center.tongban))
    if wanted.open_at is not None:
        where.append(_open_at(desk, wanted.open_at))
    if wanted.search:
        where.append(
            or_(
                center.name.icontains(wanted.search, autoescape=True),
                center.name_en.icontains(wanted.search, autoescape=True),
                center.code == wanted.search,
            )
        )
    return where


def _open_at(desk: Desk, at: dt.datetime) -> ColumnElement[bool]:
    """All centers keep the same hours: open at that moment are all, or none. The day's kind is asked of the table."""
    local = _moment(desk, at).astimezone(hours.SHANGHAI)
    exception = select(models.CalendarDay.kind).where(models.CalendarDay.day == local.date()).scalar_subquery()
    plain = sql(local.weekday() < 5)
    workday = func.coalesce(exception == CalendarKind.MAKE_UP_WORKDAY.value, plain)
    on_workdays = hours.OPENS <= local.time() < hours.CLOSES_ON_WORKDAYS
    on_others = hours.OPENS <= local.time() < hours.CLOSES_ON_OTHER_DAYS
    return or_(and_(workday, sql(on_workdays)), and_(~workday, sql(on_others)))


def _distance(near: GeoPointInput, latitude: Any, longitude: Any) -> ColumnElement[float]:
    """Haversine, in meters."""
    half = func.sin((func.radians(latitude) - func.radians(near.latitude)) / 2)
    other = func.sin((func.radians(longitude) - func.radians(near.longitude)) / 2)
    chord = half * half + func.cos(func.radians(near.latitude)) * func.cos(func.radians(latitude)) * other * other
    no_more_than_1 = case((chord > 1, 1.0), else_=chord)  # LEAST would take 1 where there are no coordinates
    return type_coerce(2 * EARTH_RADIUS * func.asin(func.sqrt(no_more_than_1)), Double())


async def city_calendar(desk: Desk) -> Calendar:
    """The calendar, read once a request."""

    async def load(keys: list[str]) -> list[Calendar]:
        return [centers.calendar_of(await desk.rows(centers.CALENDAR)) for _ in keys]

    loaded: Calendar = await desk.loader("calendar", load).load("city")
    return loaded


def _opening_day(day: dt.date, calendar: Calendar) -> OpeningDay:
    opening = hours.opening_on(day, calendar)
    return OpeningDay(
        date=day,
        kind=opening.kind,
        intervals=[OpeningInterval(opens=f"{i.opens:%H:%M}", closes=f"{i.closes:%H:%M}") for i in opening.intervals],
        provisional=opening.provisional,
    )


def _moment(desk: Desk, at: dt.datetime | None) -> dt.datetime:
    """The moment asked for; one without an offset is Shanghai's."""
    if at is None:
        return desk.now
    return at if at.tzinfo else at.replace(tzinfo=hours.SHANGHAI)
