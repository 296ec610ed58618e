"""Registering residents and moving their hukou: every problem at once, and nothing written where refused."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from support import NOW
from tongban.contract.applications import Applicant, ResidencePermit, Sex
from tongban.contract.applications import Hukou as HukouFacts
from tongban.errors import Refused
from tongban.identity.actor import DEVELOPER
from tongban.residents.models import DocumentKind, Hukou, Resident
from tongban.residents.service import Registration, applicant_of, change_hukou, register
from tongban.storage.ids import new_id

HONGKOU, QINGPU = "310109009000", "310118001000"
SOMEBODY = Registration(
    name="王芳", id_number="11010519491231002X", hukou_division_code=HONGKOU, hukou_address="四川北路1号"
)


async def refused(session: AsyncSession, said: Registration) -> list[tuple[str, str]]:
    """Places and codes of the problems; nobody was registered."""
    before = await count(session)
    with pytest.raises(Refused) as refusal:
        await register(session, DEVELOPER, said, NOW)
    assert await count(session) == before
    return [(".".join(problem.path), problem.code.value) for problem in refusal.value.problems]


async def count(session: AsyncSession) -> tuple[int, int]:
    residents = await session.scalar(select(func.count()).select_from(Resident)) or 0
    return residents, await session.scalar(select(func.count()).select_from(Hukou)) or 0


async def test_the_number_says_birth_date_and_sex(session: AsyncSession) -> None:
    resident = await register(session, DEVELOPER, replace(SOMEBODY, id_number=" 11010519491231002x"), NOW)
    assert (resident.name, resident.id_number) == ("王芳", "11010519491231002X")
    assert await applicant_of(session, resident) == Applicant(
        birth_date=date(1949, 12, 31),
        sex=Sex.FEMALE,
        hukou=HukouFacts(division_code=HONGKOU, since=date(1949, 12, 31)),
    )


async def test_a_passport_is_taken_with_a_birth_date_said(session: AsyncSession) -> None:
    said = Registration(name="Ada", id_number="x1", document_kind=DocumentKind.PASSPORT, birth_date=date(1990, 5, 1))
    resident = await register(session, DEVELOPER, said, NOW)
    assert resident.id_number == "X1"
    assert await applicant_of(session, resident) == Applicant(birth_date=date(1990, 5, 1))


@pytest.mark.parametrize(
    ("said", "first", "last"),
    [
        ((None, None), date(2026, 11, 24), date(2027, 11, 24)),
        ((date(2026, 1, 1), None), date(2026, 1, 1), date(2027, 1, 1)),
        ((None, date(2027, 1, 1)), date(2026, 1, 1), date(2027, 1, 1)),
        ((None, date(2029, 1, 1)), date(2026, 11, 24), date(2029, 1, 1)),
        ((None, date(2026, 11, 23)), date(2025, 11, 23), date(2026, 11, 23)),  # it has ended, and that is known
        ((date(2024, 1, 1), date(2028, 1, 1)), date(2024, 1, 1), date(2028, 1, 1)),
    ],
)
async def test_a_permit_holds_for_a_year_where_dates_are_not_said(
    session: AsyncSession, said: tuple[date | None, date | None], first: date, last: date
) -> None:
    permit = {"permit_number": "B1", "permit_valid_from": said[0], "permit_valid_to": said[1]}
    resident = await register(session, DEVELOPER, replace(SOMEBODY, **permit), NOW)  # type: ignore[arg-type]
    assert (await applicant_of(session, resident)).permit == ResidencePermit(valid_from=first, valid_to=last)


@pytest.mark.parametrize(
    ("changes", "problems"),
    [
        ({"id_number": "110105194912310021"}, [("idNumber", "INVALID_INPUT")]),
        ({"name": "  "}, [("name", "INVALID_INPUT")]),
        ({"name": "王" * 101}, [("name", "INVALID_INPUT")]),
        ({"telephone": "1" * 31}, [("telephone", "INVALID_INPUT")]),
        ({"hukou_division_code": "310109999000"}, [("hukouDivisionCode", "INVALID_INPUT")]),
        ({"hukou_division_code": "31"}, [("hukouDivisionCode", "INVALID_INPUT")]),
        ({"hukou_division_code": ""}, [("hukouDivisionCode", "INVALID_INPUT")]),
        ({"hukou_division_code": "34010２"}, [("hukouDivisionCode", "INVALID_INPUT")]),
        ({"residence_division_code": "12345"}, [("residenceDivisionCode", "INVALID_INPUT")]),
        ({"hukou_since": date(2026, 11, 25)}, [("hukouSince", "INVALID_INPUT")]),
        ({"birth_date": date(2026, 11, 25)}, [("birthDate", "INVALID_INPUT")]),
        (
            {"permit_valid_from": date(2026, 1, 2), "permit_valid_to": date(2026, 1, 1)},
            [("residencePermitValidTo", "INVALID_INPUT")],
        ),
    ],
)
async def test_what_does_not_hold_is_refused(
    session: AsyncSession, changes: dict[str, Any], problems: list[tuple[str, str]]
) -> None:
    assert await refused(session, replace(SOMEBODY, **changes)) == problems


async def test_all_problems_come_at_once(session: AsyncSession) -> None:
    said = replace(
        SOMEBODY,
        name="",
        id_number="1",
        hukou_division_code="31",
        residence_division_code="x",
        hukou_since=date(2027, 1, 1),
    )
    assert [place for place, _ in await refused(session, said)] == [
        "name",
        "hukouSince",
        "idNumber",
        "hukouDivisionCode",
        "residenceDivisionCode",
    ]


async def test_nobody_is_registered_twice(session: AsyncSession) -> None:
    await register(session, DEVELOPER, SOMEBODY, NOW)
    await session.commit()
    with pytest.raises(Refused) as refusal:
        await register(session, DEVELOPER, replace(SOMEBODY, id_number="11010519491231002x"), NOW)
    assert [problem.path for problem in refusal.value.problems] == [("idNumber",)]
    await session.rollback()
    assert await count(session) == (1, 1)
    await register(session, DEVELOPER, replace(SOMEBODY, document_kind=DocumentKind.OTHER), NOW)


async def test_a_move_adds_a_registration_and_keeps_the_old_one(session: AsyncSession) -> None:
    resident = await register(session, DEVELOPER, replace(SOMEBODY, hukou_since=date(2020, 1, 1)), NOW)
    moved = await change_hukou(session, DEVELOPER, resident.id, QINGPU, "青浦镇2号", date(2026, 11, 24), NOW)
    assert (await applicant_of(session, moved)).hukou == HukouFacts(division_code=QINGPU, since=date(2026, 11, 24))
    kept = await session.scalars(
        select(Hukou.division_code).where(Hukou.resident_id == resident.id).order_by(Hukou.since)
    )
    assert list(kept) == [HONGKOU, QINGPU]


async def test_today_is_the_day_in_shanghai(session: AsyncSession) -> None:
    """At 16:30 in London of the 24th it is the 25th at the counter."""
    late = datetime(2026, 11, 24, 16, 30, tzinfo=UTC)
    resident = await register(session, DEVELOPER, replace(SOMEBODY, hukou_since=date(2026, 11, 25)), late)
    assert (await applicant_of(session, resident)).hukou == HukouFacts(division_code=HONGKOU, since=date(2026, 11, 25))


@pytest.mark.parametrize(
    ("division", "address", "since", "place"),
    [
        ("310118999000", "青浦镇2号", date(2026, 1, 1), ("divisionCode",)),
        (QINGPU, "青浦镇2号", date(2026, 11, 25), ("since",)),
        (QINGPU, "青浦镇2号", date(2019, 12, 31), ("since",)),
        (QINGPU, "路" * 301, date(2026, 1, 1), ("address",)),
    ],
)
async def test_a_move_that_does_not_hold_is_refused(
    session: AsyncSession, division: str, address: str, since: date, place: tuple[str, ...]
) -> None:
    resident = await register(session, DEVELOPER, replace(SOMEBODY, hukou_since=date(2020, 1, 1)), NOW)
    before = await count(session)
    with pytest.raises(Refused) as refusal:
        await change_hukou(session, DEVELOPER, resident.id, division, address, since, NOW)
    assert [problem.path for problem in refusal.value.problems] == [place]
    assert await count(session) == before
    hukou = (await applicant_of(session, resident)).hukou
    assert hukou is not None
    assert hukou.division_code == HONGKOU


async def test_nobody_unknown_moves(session: AsyncSession) -> None:
    with pytest.raises(Refused) as refusal:
        await change_hukou(session, DEVELOPER, new_id(), QINGPU, "", date(2026, 1, 1), NOW)
    assert [problem.code.value for problem in refusal.value.problems] == ["NOT_FOUND"]
