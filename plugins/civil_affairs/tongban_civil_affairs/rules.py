"""Rules of civil affairs (民政): what an application must hold beyond its form and materials."""

from collections.abc import Iterator
from datetime import date

from tongban import (
    Application,
    Problem,
    Rule,
    Sex,
    date_in,
    form_invalid,
    full_years,
    integer_in,
    not_eligible,
    not_in_future,
)

SENIOR_CARD_AGE = 65
OLD_AGE = 60
MINOR_UNTIL = 18
WORKING_AGE = 16
MARRIAGE_AGES = {Sex.FEMALE: 20, Sex.MALE: 22}
"""Civil Code, article 1047."""
UNABLE_TO_WORK = {"INTELLECTUAL": 3, "MENTAL": 3, "PHYSICAL": 2, "VISUAL": 1}
"""The mildest level of each kind of disability that counts as unable to work (特困人员认定办法)."""
SEVERE_UNTIL = 2
"""Levels 1 and 2 are severe (GB/T 26341)."""
DISMISSALS = (date(1961, 1, 1), date(1965, 6, 9))
"""First and last day of the dismissals of the 1960s that the State Council's notice of 1965 speaks of."""
CONSCRIPTION_FROM = date(1954, 11, 1)
"""From then on soldiers were conscripts (义务兵); who enlisted before is a demobilized soldier (复员军人)."""
RESETTLEMENT_FROM = date(2011, 11, 1)
"""From then on discharged soldiers are resettled by the regulation of 2011."""


def age_of(application: Application) -> int | None:
    """The applicant's full years on the day of receipt, where known."""
    return application.applicant.age_on(application.received_on)


def in_order(first: str, last: str, detail: str) -> Rule:
    """The rule that the days in two fields, both known, don't contradict each other."""

    def rule(application: Application) -> Iterator[Problem]:
        start, end = date_in(application.form, first), date_in(application.form, last)
        if start is not None and end is not None and start > end:
            yield form_invalid(detail, last, "截止日期早于起始日期", "The last day is before the first day")

    return rule


def born_before_year(field: str, detail: str) -> Rule:
    """The rule that the applicant was born before the year in `field`, where both are known."""

    def rule(application: Application) -> Iterator[Problem]:
        year, born = integer_in(application.form, field), application.applicant.birth_date
        if year is not None and born is not None and year <= born.year:
            yield form_invalid(detail, field, "填写的年份不晚于出生年份", "The year is not after the year of birth")

    return rule


def of_senior_card_age(application: Application) -> Iterator[Problem]:
    """The comprehensive old-age allowance begins at 65."""
    age = age_of(application)
    if age is not None and age < SENIOR_CARD_AGE:
        yield not_eligible(
            "senior-card.age",
            "未满65周岁，不能享受老年综合津贴",
            "The old-age allowance begins at the age of 65",
            next_step="请在年满65周岁后申领",
            next_step_en="Apply after the 65th birthday",
        )


def holds_no_senior_card_yet(application: Application) -> Iterator[Problem]:
    """A first senior card is for people without one."""
    if "M-SENIOR" in application.applicant.certificates:
        yield not_eligible(
            "senior-card.already-held",
            "已领过敬老卡，不能再次申领",
            "A senior card is held already",
            next_step="卡片遗失或损坏的，请办理敬老卡补换（MZ-010）",
            next_step_en="Apply for a replacement (MZ-010) if the card is lost or damaged",
        )


def of_care_subsidy_age(application: Application) -> Iterator[Problem]:
    """The care subsidy begins at 60."""
    age = age_of(application)
    if age is not None and age < OLD_AGE:
        yield not_eligible(
            "care-subsidy.age",
            "未满60周岁，不能申请养老服务补贴",
            "The elderly-care subsidy begins at the age of 60",
        )


def of_marriage_age(application: Application) -> Iterator[Problem]:
    """Who is, or was, married has reached the age of marriage."""
    sex, age = application.applicant.sex, age_of(application)
    married = application.form.get("maritalStatus") in ("MARRIED", "DIVORCED", "WIDOWED")
    if married and sex is not None and age is not None and age < MARRIAGE_AGES[sex]:
        yield form_invalid(
            "minimum-living.marriage-age",
            "maritalStatus",
            "申请人未到法定婚龄，婚姻状况应为未婚",
            "The applicant has not reached the age of marriage",
        )


def unemployed_of_working_age(application: Application) -> Iterator[Problem]:
    """Children under 16 can't be registered as unemployed."""
    age = age_of(application)
    if application.form.get("workStatus") == "UNEMPLOYED" and age is not None and age < WORKING_AGE:
        yield form_invalid(
            "minimum-living.working-age",
            "workStatus",
            "申请人未满16周岁，就业状况不能是失业",
            "Nobody under 16 counts as unemployed",
        )


def unable_to_work_by_age(application: Application) -> Iterator[Problem]:
    """Who is unable to work by age is 60 or older, or younger than 16."""
    ground, age = application.form.get("ground"), age_of(application)
    if age is None:
        return
    if ground == "ELDERLY" and age < OLD_AGE:
        yield form_invalid("extreme-hardship.elderly", "ground", "申请人未满60周岁", "The applicant is younger than 60")
    if ground == "MINOR" and age >= WORKING_AGE:
        yield form_invalid("extreme-hardship.minor", "ground", "申请人已满16周岁", "The applicant is 16 or older")


def unable_to_work_by_disability(application: Application) -> Iterator[Problem]:
    """Kind and level of the disability count as unable to work."""
    kind, level = application.form.get("disabilityKind"), integer_in(application.form, "disabilityLevel")
    if application.form.get("ground") != "DISABLED" or not isinstance(kind, str) or level is None:
        return
    if level > UNABLE_TO_WORK.get(kind, 0):
        yield not_eligible(
            "extreme-hardship.disability",
            "残疾类别和等级不属于无劳动能力的情形：智力、精神残疾为一至三级，肢体残疾为一、二级，视力残疾为一级",
            "Unable to work are intellectual and mental disabilities of levels 1-3, physical of 1-2, visual of 1",
            next_step="可咨询残疾人两项补贴或最低生活保障（MZ-001）",
            next_step_en="Ask for the disability allowances or the minimum living allowance (MZ-001)",
        )


def severely_disabled(application: Application) -> Iterator[Problem]:
    """重残: level 1 or 2."""
    level = integer_in(application.form, "disabilityLevel")
    if level is not None and level > SEVERE_UNTIL:
        yield not_eligible(
            "disabled-allowance.level",
            "残疾等级不是一级或二级，不属于重残",
            "Only disabilities of levels 1 and 2 are severe",
        )


def of_working_age(application: Application) -> Iterator[Problem]:
    """The allowance stands in for earned income, so it begins at 16."""
    age = age_of(application)
    if age is not None and age < WORKING_AGE:
        yield not_eligible(
            "disabled-allowance.age",
            "未满16周岁，不能申请重残无业人员生活补助",
            "The allowance begins at the age of 16",
            next_step="未成年人可申请困境儿童基本生活保障（MZ-015）",
            next_step_en="Children may apply for basic living support (MZ-015)",
        )


def without_work(application: Application) -> Iterator[Problem]:
    """无业: neither at work nor retired with a pension."""
    if application.form.get("workStatus") in ("EMPLOYED", "RETIRED"):
        yield not_eligible(
            "disabled-allowance.work",
            "有工作或已领取养老金的，不属于无业人员",
            "Persons with work or a pension are not without income",
        )


def retired_after_posting(application: Application) -> Iterator[Problem]:
    """Who was posted away first and retired there did so in this order."""
    posted, retired = integer_in(application.form, "postedYear"), date_in(application.form, "retiredOn")
    if posted is not None and retired is not None and retired.year < posted:
        yield form_invalid(
            "resettled-retiree.order", "retiredOn", "退休日期早于离沪年份", "Retirement is before the posting"
        )


def dismissed_in_the_sixties(application: Application) -> Iterator[Problem]:
    """精减退职: dismissed from 1961-01-01 to 1965-06-09."""
    dismissed, (first, last) = date_in(application.form, "dismissedOn"), DISMISSALS
    if dismissed is not None and not first <= dismissed <= last:
        yield not_eligible(
            "dismissed-worker.period",
            "退职日期不在1961年1月1日至1965年6月9日之间，不属于精减退职",
            "The dismissal is outside the period from 1961-01-01 to 1965-06-09",
        )


def child_is_minor(application: Application) -> Iterator[Problem]:
    """Support is for children under 18: the applicant's ward, or the applicant where the child applies itself."""
    if application.form.get("relation") == "SELF":
        age = age_of(application)
    else:
        born = date_in(application.form, "childBirthDate")
        age = None if born is None else full_years(born, application.received_on)
    if age is not None and age >= MINOR_UNTIL:
        yield not_eligible(
            "child-support.age",
            "已满18周岁，不能申请困境儿童基本生活保障",
            "Basic living support ends at the age of 18",
            next_step="生活困难的，可申请最低生活保障（MZ-001）",
            next_step_en="Apply for the minimum living allowance (MZ-001) in hardship",
        )


def served_into_that_year(application: Application) -> Iterator[Problem]:
    """The allowance for the second year of service is claimed when that year has begun."""
    enlisted = date_in(application.form, "enlistedOn")
    if application.form.get("serviceYear") != 2 or enlisted is None or enlisted > application.received_on:
        return
    if full_years(enlisted, application.received_on) < 1:
        yield form_invalid(
            "conscript.year",
            "serviceYear",
            "入伍未满一年，第二年度尚未开始",
            "The second year of service has not begun",
        )


def entitled_by_age(application: Application) -> Iterator[Problem]:
    """Rural soldiers and children of martyrs are entitled from 60."""
    age = age_of(application)
    if application.form.get("category") in ("RURAL_SOLDIER", "MARTYR_CHILD") and age is not None and age < OLD_AGE:
        yield not_eligible(
            "entitled-group.age",
            "农村籍退役士兵和烈士子女，年满60周岁后才能申领",
            "Rural soldiers and children of martyrs are entitled from the age of 60",
        )


def entitled_by_enlistment(application: Application) -> Iterator[Problem]:
    """Demobilized soldiers enlisted before conscription; rural soldiers between then and the regulation of 2011."""
    category, enlisted = application.form.get("category"), date_in(application.form, "enlistedOn")
    if enlisted is None:
        return
    if category == "DEMOBILIZED" and enlisted >= CONSCRIPTION_FROM:
        yield not_eligible(
            "entitled-group.demobilized",
            "在乡复员军人应在1954年10月31日前入伍",
            "Demobilized soldiers enlisted on or before 1954-10-31",
        )
    if category == "RURAL_SOLDIER" and not CONSCRIPTION_FROM <= enlisted < RESETTLEMENT_FROM:
        yield not_eligible(
            "entitled-group.rural-soldier",
            "农村籍退役士兵应在1954年11月1日至2011年10月31日之间入伍",
            "Rural soldiers enlisted from 1954-11-01 to 2011-10-31",
        )


RULES: dict[str, tuple[Rule, ...]] = {
    "MZ-001": (of_marriage_age, unemployed_of_working_age),
    "MZ-002": (unable_to_work_by_age, unable_to_work_by_disability),
    "MZ-003": (
        in_order("spendingFrom", "spendingTo", "medical-spending.order"),
        not_in_future(
            "spendingTo", "费用发生的截止日期", "The last day of spending", detail="medical-spending.in-future"
        ),
    ),
    "MZ-004": (
        not_in_future("happenedOn", "困难发生的日期", "The day of hardship", detail="temporary-relief.in-future"),
    ),
    "MZ-005": (
        in_order("treatedFrom", "treatedTo", "medical-assistance.order"),
        not_in_future("treatedTo", "就医截止日期", "The last day of treatment", detail="medical-assistance.in-future"),
    ),
    "MZ-007": (severely_disabled, of_working_age, without_work),
    "MZ-009": (of_senior_card_age, holds_no_senior_card_yet),
    "MZ-010": (
        of_senior_card_age,
        not_in_future("lostOn", "遗失日期", "The day of loss", detail="senior-card.lost-in-future"),
    ),
    "MZ-011": (of_senior_card_age,),
    "MZ-012": (
        of_care_subsidy_age,
        not_in_future("assessedOn", "评估日期", "The day of assessment", detail="care-subsidy.assessed-in-future"),
    ),
    "MZ-013": (
        born_before_year("postedYear", "resettled-retiree.posted-before-birth"),
        retired_after_posting,
        not_in_future("retiredOn", "退休日期", "The day of retirement", detail="resettled-retiree.retired-in-future"),
    ),
    "MZ-014": (
        born_before_year("startedWorkYear", "dismissed-worker.worked-before-birth"),
        dismissed_in_the_sixties,
    ),
    "MZ-015": (
        not_in_future(
            "childBirthDate", "孩子的出生日期", "The child's day of birth", detail="child-support.born-in-future"
        ),
        child_is_minor,
    ),
    "MZ-016": (
        not_in_future("enlistedOn", "入伍日期", "The day of enlistment", detail="conscript.enlisted-in-future"),
        served_into_that_year,
    ),
    "MZ-017": (
        entitled_by_age,
        entitled_by_enlistment,
        in_order("enlistedOn", "dischargedOn", "entitled-group.order"),
        not_in_future("dischargedOn", "退役日期", "The day of discharge", detail="entitled-group.discharged-in-future"),
    ),
    "MZ-018": (
        not_in_future("changedOn", "变化发生的日期", "The day of the change", detail="recipient.changed-in-future"),
    ),
}
