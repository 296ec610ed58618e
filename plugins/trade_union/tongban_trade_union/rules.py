"""Rules of trade unions (工会): what an application must hold beyond its form and materials."""

from collections.abc import Iterator

from tongban import Application, Problem, Rule, Sex, date_in, form_invalid, not_eligible, not_in_future

WORKING_AGE = 16
"""Nobody is employed earlier (Labor Law, article 15)."""
EARLIEST_RETIREMENT = {Sex.FEMALE: 45, Sex.MALE: 50}
"""Age at which anyone may have retired at the earliest (国发〔1978〕104号)."""


def of_working_age(application: Application) -> Iterator[Problem]:
    """A union member is an employee, so at least sixteen."""
    age = application.applicant.age_on(application.received_on)
    if age is not None and age < WORKING_AGE:
        yield not_eligible(
            "union.age",
            "工会会员应年满16周岁",
            "Union members are 16 or older",
            next_step="年满16周岁并入会后再申请",
            next_step_en="Apply at 16 or later, as a member",
        )


def retired_at_a_possible_age(application: Application) -> Iterator[Problem]:
    """The day of retirement has come, at an age at which people retire."""
    applicant, retired = application.applicant, date_in(application.form, "retiredOn")
    if retired is None or applicant.sex is None:
        return
    age, earliest = applicant.age_on(retired), EARLIEST_RETIREMENT[applicant.sex]
    if age is not None and age < earliest:
        yield form_invalid(
            "retirement.age",
            "retiredOn",
            f"退休日期与年龄不符：退休时应至少{earliest}周岁",
            f"Nobody retires before the age of {earliest}; check the date",
        )


def stay_is_in_order(application: Application) -> Iterator[Problem]:
    """One leaves hospital no earlier than one enters it."""
    admitted, discharged = date_in(application.form, "admittedOn"), date_in(application.form, "dischargedOn")
    if admitted is not None and discharged is not None and discharged < admitted:
        yield form_invalid(
            "hospital.order", "dischargedOn", "出院日期不能早于入院日期", "Discharge can't be earlier than admission"
        )


def plan_fits_sex(application: Application) -> Iterator[Problem]:
    """The women's plan insures women."""
    if application.form.get("plan") == "WOMEN_CRITICAL_ILLNESS" and application.applicant.sex is Sex.MALE:
        yield not_eligible(
            "mutual-plan.women-only",
            "女职工特种重病保障计划只面向女职工",
            "The women's plan is for women employees",
            next_step="请选择本人实际参加的计划",
            next_step_en="Choose the plan that insures you",
        )


def has_somebody_at_school(application: Application) -> Iterator[Problem]:
    """Hardship through a child's schooling needs a household of two or more."""
    members = application.form.get("householdMembers")
    if application.form.get("cause") == "SCHOOLING" and members == 1:
        yield form_invalid(
            "hardship.household",
            "householdMembers",
            "因子女就学致困的，家庭人数应把子女计入",
            "Count the child who is at school among the household",
        )


RULES: dict[str, tuple[Rule, ...]] = {
    "GH-001": (of_working_age, not_in_future("joinedOn", "入会日期", "The day of joining")),
    "GH-002": (not_in_future("happenedOn", "发现日期", "The day of the loss"),),
    "GH-003": (not_in_future("retiredOn", "退休日期", "The day of retirement"), retired_at_a_possible_age),
    "GH-004": (not_in_future("dischargedOn", "出院日期", "The day of discharge"), stay_is_in_order),
    "GH-005": (
        of_working_age,
        not_in_future("happenedOn", "入院、确诊或受伤日期", "The day of the event"),
        plan_fits_sex,
    ),
    "GH-006": (
        of_working_age,
        not_in_future("since", "困难开始日期", "The first day of hardship"),
        has_somebody_at_school,
    ),
}
