"""Sample applications, and what a department's rules say of them."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from types import ModuleType
from typing import Any

from tongban.contract.applications import Applicant, Application, Hukou, ReceivingCenter, ResidencePermit
from tongban.contract.eligibility import belongs, is_needed
from tongban.contract.items import Department, ItemDefinition, Sample
from tongban.contract.problems import Problem

A_DAY = date(2026, 11, 24)
"""The day on which sample applications are received, unless a test says another."""
HONGKOU_STREET = "310109009000"
"""Division code of a street in 虹口区, where sample applicants have their hukou."""
OUTSIDE = "340102"
"""Division code of a district outside Shanghai."""
JIADING = ReceivingCenter(code="SH0114-01", district="310114")


def item_of(department: Department, code: str) -> ItemDefinition:
    """The department's item with that code. Raises KeyError."""
    return {item.code: item for item in department.items}[code]


def needed_materials(item: ItemDefinition, form: Mapping[str, Any]) -> frozenset[str]:
    """Codes of the materials that `form` makes necessary; deferrable ones are not."""
    return frozenset(need.material for need in item.materials if is_needed(need.necessity, need.when, form))


def sample_applicant(sample: Sample, on: date = A_DAY) -> Applicant:
    """The applicant whom a sample describes, on the day `on`."""
    return Applicant(
        birth_date=date(on.year - sample.age, 1, 1),
        sex=sample.sex,
        hukou=Hukou(division_code=HONGKOU_STREET if sample.shanghai_hukou else OUTSIDE, since=date(on.year - 2, 1, 1)),
        permit=ResidencePermit(valid_from=date(on.year - 1, 1, 1), valid_to=date(on.year + 1, 1, 1))
        if sample.permit
        else None,
    )


def sample_application(
    item: ItemDefinition,
    *,
    form: Mapping[str, Any] | None = None,
    applicant: Applicant | None = None,
    materials: Iterable[str] | None = None,
    center: ReceivingCenter = JIADING,
    on: date = A_DAY,
) -> Application:
    """The item's sample as an application, with what a test wants otherwise."""
    filled = dict(item.sample.form) if form is None else form
    return Application(
        item=item.code,
        applicant=sample_applicant(item.sample, on) if applicant is None else applicant,
        center=center,
        received_on=on,
        form=filled,
        materials=needed_materials(item, filled) if materials is None else frozenset(materials),
    )


def may_apply(item: ItemDefinition, applicant: Applicant, on: date = A_DAY) -> bool:
    """Whether the applicant belongs to the item's audiences on that day."""
    return belongs(item.audiences, applicant, on)


def judged(
    plugin: ModuleType, item: str, fields: Mapping[str, Any] | None = None, *, on: date = A_DAY, **person: Any
) -> tuple[Problem, ...]:
    """What the plugin's rules say of the item's sample with other `fields`, and of another `person` where named.

    `person` is told as a sample tells it: `age`, `sex`, `shanghai_hukou`, `permit`.
    """
    definition = item_of(plugin.tongban_department(), item)
    form = {**definition.sample.form, **(fields or {})}
    applicant = sample_applicant(replace(definition.sample, **person), on)
    application = sample_application(definition, form=form, applicant=applicant, on=on)
    return tuple(plugin.tongban_validate(application=application) or ())
