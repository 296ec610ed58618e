"""Residents' desk: records, registration, moves of the hukou."""

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import strawberry
from sqlalchemy import false, select
from sqlalchemy.ext.asyncio import AsyncSession

from tongban.centers import models as centers
from tongban.errors import Refused
from tongban.graphql.centers import Center
from tongban.graphql.connections import Connection
from tongban.graphql.desk import Desk, Info, Row
from tongban.graphql.fields import batch, by_key, column, connection, derived, one
from tongban.graphql.node import Node
from tongban.graphql.problems import Problem
from tongban.graphql.scalars import IdNumber
from tongban.graphql.sources import Selection
from tongban.graphql.stored import Stored, key_of
from tongban.graphql.writing import written
from tongban.messages.problems import problem
from tongban.residents import models, service
from tongban.residents.identity_numbers import masked
from tongban.residents.models import DocumentKind

if TYPE_CHECKING:
    from tongban.graphql.cases import Case

strawberry.enum(DocumentKind, description="Which document carries the identity number.")


@strawberry.type(description="户籍: where a household is registered.")
class Hukou(Stored, model=models.Hukou):
    division_code: str = column()
    address: str = column()
    since: dt.date = column()


@strawberry.type(description="居住证: that of somebody without Shanghai hukou.")
class ResidencePermit:
    number: str
    valid_from: dt.date
    valid_to: dt.date
    reported_lost: bool


def permit_of(number: str | None, valid_from: dt.date, valid_to: dt.date, lost: bool) -> ResidencePermit | None:
    """The permit, where there is one."""
    if not number:
        return None
    return ResidencePermit(number=number, valid_from=valid_from, valid_to=valid_to, reported_lost=lost)


async def hukou_centers(desk: Desk, rows: Sequence[Row]) -> list[Center | None]:
    """The main center of the division where each household is registered."""
    divisions = await _hukou_divisions(desk, rows)
    found = await desk.rows(
        select(centers.Division.code.label("division"), *Center.table.c)
        .join(Center.table, Center.table.c.id == centers.Division.center_id)
        .where(centers.Division.code.in_(set(divisions.values())))
    )
    by_division = {row["division"]: Center.of(row) for row in found}
    return [by_division.get(divisions.get(row["hukou_id"], "")) for row in rows]


async def whether_away(desk: Desk, rows: Sequence[Row]) -> list[bool]:
    """Whether residence and hukou lie in different divisions; no, where one of them is not recorded."""
    divisions = await _hukou_divisions(desk, rows)
    return [
        bool(row["residence_division_code"])
        and row["hukou_id"] in divisions
        and divisions[row["hukou_id"]] != row["residence_division_code"]
        for row in rows
    ]


async def _hukou_divisions(desk: Desk, rows: Sequence[Row]) -> dict[UUID, str]:
    """The division of each hukou in force, by the hukou's id."""
    ids = {row["hukou_id"] for row in rows if row["hukou_id"]}
    found = await desk.rows(select(models.Hukou.id, models.Hukou.division_code).where(models.Hukou.id.in_(ids)))
    return {row["id"]: row["division_code"] for row in found}


@strawberry.type(description="Somebody who applies, or may.")
class Resident(Stored, Node, model=models.Resident):
    name: str = column()
    document_kind: DocumentKind = column()
    id_number: IdNumber = derived("id_number", by=masked)
    hukou: Hukou | None = one("Hukou", "hukou_id")
    hukou_center: Center | None = batch(hukou_centers, description="The center of the hukou street: B in a split case.")
    residence_address: str | None = column()
    residence_division_code: str | None = column()
    residence_permit: ResidencePermit | None = derived(
        "permit_number", "permit_valid_from", "permit_valid_to", "permit_reported_lost", by=permit_of
    )
    lives_away_from_hukou: bool = batch(
        whether_away, description="人户分离: lives elsewhere than the household is registered."
    )
    telephone: str | None = column()
    cases: Connection[Annotated["Case", strawberry.lazy("tongban.graphql.cases")]] = connection(
        "Case", order=["-submitted_at"], local="id", remote="applicant_id"
    )


@strawberry.type(description="The resident as recorded now, or the problems for which nothing was done.")
class ResidentPayload:
    row: strawberry.Private[Row]
    problems: list[Problem]
    resident: Resident | None = one("Resident", "id")


@strawberry.input(description="What is said of a resident who is registered.")
class RegisterResidentInput:
    name: str
    id_number: IdNumber
    document_kind: str | None = strawberry.field(
        default=None, description="CITIZEN_ID where left out; else PERMANENT_RESIDENCE, PASSPORT or OTHER."
    )
    birth_date: dt.date | None = strawberry.field(default=None, description="Where the number does not say it.")
    hukou_division_code: str | None = None
    hukou_address: str | None = None
    hukou_since: dt.date | None = None
    residence_address: str | None = None
    residence_division_code: str | None = None
    residence_permit_number: str | None = None
    residence_permit_valid_from: dt.date | None = None
    residence_permit_valid_to: dt.date | None = None
    telephone: str | None = None
    idempotency_key: str | None = None


@strawberry.input(description="The move of a household.")
class ChangeHukouInput:
    resident: strawberry.ID
    division_code: str
    address: str
    since: dt.date
    idempotency_key: str | None = None


IdArgument = Annotated[strawberry.ID | None, strawberry.argument(name="id")]


def resident_with(desk: Desk, id_: IdArgument = None, id_number: IdNumber | None = None) -> Selection:
    """The resident by id or by number; with both, both must fit; with neither, nobody."""
    where = []
    if id_ is not None:
        where.append(models.Resident.id == key_of(Resident, id_))
    if id_number is not None:
        where.append(models.Resident.id_number == id_number.strip().upper())
    return Selection(where or [false()])


@strawberry.type
class ResidentsQuery:
    resident: Resident | None = by_key("Resident", resident_with)


@strawberry.type
class ResidentsMutation:
    @strawberry.mutation
    async def register_resident(self, info: Info, input: RegisterResidentInput) -> ResidentPayload:  # noqa: A002
        async def do(session: AsyncSession) -> UUID:
            registration = _registration(input)
            return (await service.register(session, info.context.actor, registration, info.context.now)).id

        request = {"registerResident": strawberry.asdict(input)}
        return await written(info.context, _resident_payload, input.idempotency_key, request, do)

    @strawberry.mutation
    async def change_hukou(self, info: Info, input: ChangeHukouInput) -> ResidentPayload:  # noqa: A002
        async def do(session: AsyncSession) -> UUID:
            resident = key_of(Resident, input.resident)
            if resident is None:
                raise Refused(problem("unknown_resident", "resident"))
            moved = await service.change_hukou(
                session,
                info.context.actor,
                resident,
                input.division_code,
                input.address,
                input.since,
                info.context.now,
            )
            return moved.id

        request = {"changeHukou": strawberry.asdict(input)}
        return await written(info.context, _resident_payload, input.idempotency_key, request, do)


def _registration(said: RegisterResidentInput) -> service.Registration:
    try:
        kind = DocumentKind(said.document_kind or DocumentKind.CITIZEN_ID)
    except ValueError:
        known = ", ".join(DocumentKind)
        what, what_en = f"证件种类应为：{known}", f"documentKind is one of {known}"
        raise Refused(problem("invalid_input", "documentKind", what=what, what_en=what_en)) from None
    return service.Registration(
        name=said.name,
        id_number=said.id_number,
        document_kind=kind,
        birth_date=said.birth_date,
        hukou_division_code=said.hukou_division_code,
        hukou_address=said.hukou_address,
        hukou_since=said.hukou_since,
        residence_address=said.residence_address,
        residence_division_code=said.residence_division_code,
        permit_number=said.residence_permit_number,
        permit_valid_from=said.residence_permit_valid_from,
        permit_valid_to=said.residence_permit_valid_to,
        telephone=said.telephone,
    )


def _resident_payload(row: Row, problems: list[Problem]) -> ResidentPayload:
    return ResidentPayload(row=row, problems=problems)
