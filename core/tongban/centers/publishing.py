"""Publishing a year of the calendar: every fault at once, and what was published before is kept."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, extract, select
from sqlalchemy.ext.asyncio import AsyncSession

from tongban.centers.calendar import NamedDay
from tongban.centers.models import CalendarDay, CalendarPublication
from tongban.centers.service import lock_calendar
from tongban.centers.words import CalendarKind
from tongban.contract.problems import Problem
from tongban.errors import Refused
from tongban.identity.actor import Actor, Role
from tongban.messages.problems import problem

FIRST_YEAR, LAST_YEAR = 2008, 2100
"""2008 is the first year of today's rules."""
MOST_DAYS, LONGEST_NAME, LONGEST_SOURCE = 366, 100, 500
MORE_OFF = 4
"""Weekdays off beyond the statutory ones that still pass for meant: 2020 had two more. Whoever forgets the make-up
workdays has five to seven."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """A whole year, and where it comes from. `replace` says that a year published differently shall be changed."""

    year: int
    days: Sequence[NamedDay]
    source: str
    replace: bool = False


def day_problems(year: int, days: Sequence[NamedDay]) -> list[Problem]:
    """What is wrong with single days, each placed at `days.<position>`."""
    found: list[Problem] = []
    kinds: dict[object, CalendarKind] = {}
    for position, one in enumerate(days):
        place = ("days", str(position))
        if one.day.year != year:
            found.append(problem("calendar_day_outside", *place, "date", day=one.day, year=year))
        if one.day in kinds:
            name = "calendar_day_twice" if kinds[one.day] is one.kind else "calendar_day_both"
            found.append(problem(name, *place, "date", day=one.day))
        kinds.setdefault(one.day, one.kind)
        if one.kind is CalendarKind.MAKE_UP_WORKDAY and one.day.weekday() < 5:
            found.append(problem("calendar_make_up_on_weekday", *place, "date", day=one.day))
        if not 0 < len(one.name.strip()) <= LONGEST_NAME:
            found.append(problem("calendar_day_unnamed", *place, "name", most=LONGEST_NAME))
    return found


def year_problems(year: int, days: Sequence[NamedDay]) -> list[Problem]:
    """What is wrong with the year as a whole: its number, and whether days are missing.

    Weekdays off, less the weekends worked for them, are the statutory holidays of the year: each that falls on a
    weekend is made up for.
    """
    found: list[Problem] = []
    if not FIRST_YEAR <= year <= LAST_YEAR:
        found.append(problem("calendar_year_unlikely", "year", first=FIRST_YEAR, last=LAST_YEAR))
    if not any(one.kind is CalendarKind.STATUTORY_HOLIDAY for one in days):
        return [*found, problem("calendar_empty", "days")]
    kinds = Counter((one.kind, one.day.weekday() < 5) for one in {one.day: one for one in days}.values())
    net = kinds[CalendarKind.STATUTORY_HOLIDAY, True] - kinds[CalendarKind.MAKE_UP_WORKDAY, False]
    least = statutory_holidays(year)
    if not least <= net <= least + MORE_OFF:
        found.append(problem("calendar_weekdays_off", "days", year=year, net=net, least=least, most=least + MORE_OFF))
    return found


def statutory_holidays(year: int) -> int:
    """Days a year by 全国年节及纪念日放假办法: 11 since 2008, 13 since 2025."""
    return 13 if year >= 2025 else 11


async def publish(session: AsyncSession, actor: Actor, wanted: Publication, now: datetime) -> CalendarPublication:
    """The year in force as `wanted`. Raises Refused with every problem. The same again changes nothing."""
    if not actor.roles & {Role.OPERATOR, Role.JOINT_MEETING_OFFICE}:
        raise Refused(problem("calendar_administrators_only", "year"))
    problems = _source_problems(wanted.source)
    if len(wanted.days) > MOST_DAYS:
        problems.append(problem("calendar_too_many_days", "days", most=MOST_DAYS))
    else:
        problems += [*year_problems(wanted.year, wanted.days), *day_problems(wanted.year, wanted.days)]
    if problems:
        raise Refused(*problems)
    await lock_calendar(session)
    of_year = extract("year", CalendarDay.day) == wanted.year
    known = {
        NamedDay(row.day, CalendarKind(row.kind), row.name): row.provenance
        for row in await session.scalars(select(CalendarDay).where(of_year))
    }
    before = {(one.day, one.kind) for one in known}
    after = {(one.day, one.kind) for one in wanted.days}
    if before and before != after and not wanted.replace:
        differing = len({day for day, _ in before ^ after})
        raise Refused(problem("calendar_year_published", "year", year=wanted.year, differing=differing))
    last = await session.scalar(
        select(CalendarPublication)
        .where(CalendarPublication.year == wanted.year)
        .order_by(CalendarPublication.version.desc())
        .limit(1)
    )
    if last is not None and known == dict.fromkeys(wanted.days, wanted.source):
        return last
    await session.execute(delete(CalendarDay).where(of_year))
    days = sorted(wanted.days, key=lambda one: one.day)
    session.add_all(
        CalendarDay(day=one.day, kind=one.kind.value, name=one.name, provenance=wanted.source) for one in days
    )
    publication = CalendarPublication(
        year=wanted.year,
        version=last.version + 1 if last else 1,
        days=[{"date": one.day.isoformat(), "kind": one.kind.value, "name": one.name} for one in days],
        source=wanted.source,
        actor=actor.subject,
        at=now,
    )
    session.add(publication)
    await session.flush()
    return publication


def _source_problems(source: str) -> list[Problem]:
    good = 0 < len(source.strip()) <= LONGEST_SOURCE
    return [] if good else [problem("calendar_source_needed", "source", most=LONGEST_SOURCE)]
