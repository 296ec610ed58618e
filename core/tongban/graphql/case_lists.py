"""Cases' desk: one case by its number, and lists by filter and order."""

import datetime as dt
from enum import Enum
from typing import Annotated
from uuid import UUID

import strawberry
from sqlalchemy import ColumnElement, ScalarSelect, func, select

from tongban.cases import models
from tongban.cases.words import CaseStatus
from tongban.catalog import models as catalog
from tongban.centers import models as centers
from tongban.contract.items import ProcessingMode
from tongban.graphql.cases import Case
from tongban.graphql.connections import Connection
from tongban.graphql.desk import Desk
from tongban.graphql.fields import by_key, connection
from tongban.graphql.residents import Resident
from tongban.graphql.sources import Order, Selection
from tongban.graphql.stored import key_of


@strawberry.enum(description="In which order cases come.")
class CaseOrder(Enum):
    SUBMITTED_DESC = "SUBMITTED_DESC"
    SUBMITTED_ASC = "SUBMITTED_ASC"
    DUE_ASC = "DUE_ASC"


@strawberry.input(description="Which cases: those that fit everything that is said.")
class CaseFilter:
    center: str | None = strawberry.field(default=None, description="Received or handled there.")
    receiving_center: str | None = None
    handling_center: str | None = None
    resident: strawberry.ID | None = None
    item: str | None = None
    department: str | None = None
    status: list[CaseStatus] | None = None
    mode: ProcessingMode | None = None
    overdue: bool | None = None
    due_before: dt.datetime | None = strawberry.field(default=None, description="Not decided yet, and due before then.")
    submitted_from: dt.datetime | None = None
    submitted_to: dt.datetime | None = strawberry.field(default=None, description="Exclusive.")
    number: str | None = None


FilterArgument = Annotated[CaseFilter | None, strawberry.argument(name="filter")]
_ORDERS = {
    CaseOrder.SUBMITTED_DESC: [Order(models.Case.submitted_at, descending=True)],
    CaseOrder.SUBMITTED_ASC: [Order(models.Case.submitted_at)],
    CaseOrder.DUE_ASC: [Order(models.Case.due_at)],
}


def chosen_cases(desk: Desk, filter_: FilterArgument = None, order_by: CaseOrder | None = None) -> Selection:
    """Cases by filter, newest first unless ordered otherwise."""
    return Selection(_conditions(desk, filter_) if filter_ else [], _ORDERS[order_by or CaseOrder.SUBMITTED_DESC])


def case_with_number(_desk: Desk, number: str) -> Selection:
    return Selection([models.Case.number == number.strip().upper()])


@strawberry.type
class CasesQuery:
    case: Case | None = by_key("Case", case_with_number)
    cases: Connection[Case] = connection("Case", order=["-submitted_at"], select=chosen_cases)


def _conditions(desk: Desk, wanted: CaseFilter) -> list[ColumnElement[bool]]:
    case = models.Case
    where: list[ColumnElement[bool]] = []
    if wanted.center is not None:
        center = _center_id(wanted.center)
        where.append((case.receiving_center_id == center) | (case.handling_center_id == center))
    if wanted.receiving_center is not None:
        where.append(case.receiving_center_id == _center_id(wanted.receiving_center))
    if wanted.handling_center is not None:
        where.append(case.handling_center_id == _center_id(wanted.handling_center))
    if wanted.resident is not None:
        where.append(case.applicant_id == key_of(Resident, wanted.resident))
    if wanted.item is not None:
        where.append(case.item_id.in_(select(catalog.ServiceItem.id).where(catalog.ServiceItem.code == wanted.item)))
    if wanted.department is not None:
        items = select(catalog.ServiceItem.id).join(
            catalog.Department, catalog.Department.id == catalog.ServiceItem.department_id
        )
        where.append(case.item_id.in_(items.where(catalog.Department.code == wanted.department)))
    if wanted.status is not None:
        where.append(case.status.in_({status.value for status in wanted.status}))
    if wanted.mode is not None:
        where.append(case.mode == wanted.mode.value)
    if wanted.overdue is not None:
        overdue = func.coalesce(case.decided_at, case.closed_at, case.resting_since, desk.now) > case.due_at
        where.append(overdue if wanted.overdue else ~overdue)
    if wanted.due_before is not None:
        where += [case.decided_at.is_(None), case.closed_at.is_(None), case.due_at < wanted.due_before]
    if wanted.submitted_from is not None:
        where.append(case.submitted_at >= wanted.submitted_from)
    if wanted.submitted_to is not None:
        where.append(case.submitted_at < wanted.submitted_to)
    if wanted.number is not None:
        where.append(case.number == wanted.number.strip().upper())
    return where


def _center_id(code: str) -> ScalarSelect[UUID]:
    """The one center, found before the cases are: so that indexes of both columns can be used for either of them."""
    return select(centers.Center.id).where(centers.Center.code == code).scalar_subquery()
