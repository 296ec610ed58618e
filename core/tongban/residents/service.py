"""Verbs of residents: register, move the hukou, and read the facts that rules need."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from tongban.centers.hours import day_in_shanghai
from tongban.centers.models import Division
from tongban.contract import applications as contract
from tongban.contract.problems import Problem
from tongban.errors import Refused
from tongban.identity.actor import Actor
from tongban.messages.problems import problem
from tongban.residents.identity_numbers import NumberFault, read_number
from tongban.residents.models import DocumentKind, Hukou, Resident

CHECKED_KINDS = frozenset({DocumentKind.CITIZEN_ID, DocumentKind.PERMANENT_RESIDENCE})
"""Documents whose numbers carry a birth date, a sex and a check digit."""
PERMIT_DAYS = 365
"""A residence permit is endorsed year by year (签注); so long holds one whose end nobody gave."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """What is said of a resident who is registered."""

    name: str
    id_number: str
    document_kind: DocumentKind = DocumentKind.CITIZEN_ID
    birth_date: date | None = None
    hukou_division_code: str | None = None
    hukou_address: str | None = None
    hukou_since: date | None = None
    residence_address: str | None = None
    residence_division_code: str | None = None
    permit_number: str | None = None
    permit_valid_from: date | None = None
    permit_valid_to: date | None = None
    telephone: str | None = None


async def register(session: AsyncSession, actor: Actor, said: Registration, now: datetime) -> Resident:
    """A new resident. Raises Refused with every problem: number, divisions, dates, or registered already."""
    today = day_in_shanghai(now)
    problems = _text_problems(said) + _date_problems(said, today)
    birth_date, sex, number = said.birth_date, None, said.id_number.strip().upper()
    if said.document_kind in CHECKED_KINDS:
        facts = read_number(said.id_number, today)
        if isinstance(facts, NumberFault):
            problems.append(problem("id_number_invalid", "idNumber", what=facts.what, what_en=facts.what_en))
        else:
            birth_date, sex, number = facts.birth_date, facts.sex.value, facts.number
    problems += await _division_problems(session, "hukouDivisionCode", said.hukou_division_code)
    problems += await _division_problems(session, "residenceDivisionCode", said.residence_division_code)
    if problems:
        raise Refused(*problems)
    permit_from, permit_to = _permit_period(said, today)
    resident = Resident(
        name=said.name.strip(),
        document_kind=said.document_kind.value,
        id_number=number,
        birth_date=birth_date,
        sex=sex,
        residence_address=said.residence_address,
        residence_division_code=said.residence_division_code,
        permit_number=said.permit_number,
        permit_valid_from=permit_from,
        permit_valid_to=permit_to,
        permit_reported_lost=False,
        telephone=said.telephone,
        registered_at=now,
    )
    session.add(resident)
    try:
        await session.flush()
    except IntegrityError:
        raise Refused(problem("id_number_taken", "idNumber")) from None
    if said.hukou_division_code:
        since = said.hukou_since or birth_date or today
        await _add_hukou(session, resident, said.hukou_division_code, said.hukou_address or "", since, now)
    return resident


async def change_hukou(
    session: AsyncSession, actor: Actor, resident: UUID, division: str, address: str, since: date, now: datetime
) -> Resident:
    """The household moves: a new registration from `since` on; the old one stays on record. Raises Refused."""
    found = await session.get(Resident, resident, with_for_update=True)
    if found is None:
        raise Refused(problem("unknown_resident", "resident"))
    problems = await _division_problems(session, "divisionCode", division)
    if since > day_in_shanghai(now):
        problems.append(problem("hukou_in_the_future", "since"))
    last = await session.get(Hukou, found.hukou_id) if found.hukou_id else None
    if last is not None and since < last.since:
        problems.append(problem("hukou_before_the_last", "since", since=last.since))
    if len(address) > LONGEST["hukou_address"]:
        problems.append(_too_long("address", LONGEST["hukou_address"]))
    if problems:
        raise Refused(*problems)
    await _add_hukou(session, found, division, address, since, now)
    return found


async def applicant_of(session: AsyncSession, resident: Resident) -> contract.Applicant:
    """The facts that routing and departments' rules may know of a resident."""
    hukou = await session.get(Hukou, resident.hukou_id) if resident.hukou_id else None
    permit = None
    if resident.permit_valid_from and resident.permit_valid_to:
        permit = contract.ResidencePermit(
            valid_from=resident.permit_valid_from,
            valid_to=resident.permit_valid_to,
            reported_lost=resident.permit_reported_lost,
        )
    return contract.Applicant(
        birth_date=resident.birth_date,
        sex=None if resident.sex is None else contract.Sex(resident.sex),
        hukou=None if hukou is None else contract.Hukou(division_code=hukou.division_code, since=hukou.since),
        permit=permit,
        residence_division=resident.residence_division_code,
    )


def _permit_period(said: Registration, today: date) -> tuple[date | None, date | None]:
    """The permit's first and last day; where only one or none is given, it holds today if it can."""
    year, first, last = timedelta(days=PERMIT_DAYS), said.permit_valid_from, said.permit_valid_to
    if first is None and last is not None:
        return min(today, last - year), last
    if first is None and said.permit_number:
        first = today
    return first, last or (first and first + year)


async def _add_hukou(
    session: AsyncSession, resident: Resident, division: str, address: str, since: date, now: datetime
) -> None:
    hukou = Hukou(resident_id=resident.id, division_code=division, address=address, since=since, recorded_at=now)
    session.add(hukou)
    await session.flush()
    resident.hukou_id = hukou.id
    await session.flush()


async def _division_problems(session: AsyncSession, path: str, code: str | None) -> list[Problem]:
    """Shanghai's divisions are known one by one; elsewhere the form of the code must do (6 to 12 digits)."""
    if code is None:
        return []
    if not code.startswith(contract.SHANGHAI):
        well_formed = code.isascii() and code.isdigit() and 6 <= len(code) <= 12
        return [] if well_formed else [problem("unknown_division", path, code=code[:20])]
    known = await session.scalar(select(Division.code).where(Division.code == code))
    return [] if known else [problem("unknown_division", path, code=code[:20])]


LONGEST = {
    "name": 100,
    "id_number": 40,
    "hukou_address": 300,
    "residence_address": 300,
    "permit_number": 40,
    "telephone": 30,
}
"""Characters at most, by field."""
_PATHS = {
    "name": "name",
    "id_number": "idNumber",
    "hukou_address": "hukouAddress",
    "residence_address": "residenceAddress",
    "permit_number": "residencePermitNumber",
    "telephone": "telephone",
}


def _text_problems(said: Registration) -> list[Problem]:
    found = [
        _too_long(_PATHS[field], limit) for field, limit in LONGEST.items() if len(getattr(said, field) or "") > limit
    ]
    empty = [field for field in ("name", "id_number") if not getattr(said, field).strip()]
    return found + [
        problem("invalid_input", _PATHS[field], what="不能为空", what_en="It must not be empty") for field in empty
    ]


def _date_problems(said: Registration, today: date) -> list[Problem]:
    found = []
    if said.permit_valid_from and said.permit_valid_to and said.permit_valid_to < said.permit_valid_from:
        what, what_en = "居住证有效期止于开始之前", "The permit would end before it begins"
        found.append(problem("invalid_input", "residencePermitValidTo", what=what, what_en=what_en))
    if said.hukou_since and said.hukou_since > today:
        found.append(problem("hukou_in_the_future", "hukouSince"))
    if said.birth_date and said.birth_date > today:
        what, what_en = "出生日期晚于今天", "The birth date lies in the future"
        found.append(problem("invalid_input", "birthDate", what=what, what_en=what_en))
    return found


def _too_long(path: str, limit: int) -> Problem:
    return problem("invalid_input", path, what=f"最多{limit}个字符", what_en=f"At most {limit} characters")
