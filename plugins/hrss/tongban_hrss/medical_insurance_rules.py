"""Rules of medical insurance (医疗保险): RS-001 to RS-020."""

from collections.abc import Iterator

from tongban import (
    Application,
    Problem,
    Rule,
    date_in,
    form_invalid,
    integer_in,
    not_eligible,
    not_in_future,
)
from tongban_hrss.form_rules import in_order, outside_shanghai, part_of, year_not_in_future
from tongban_hrss.months import months_before

CARE_AGE = 60
"""Age from which old-age care needs are assessed (老年照护统一需求评估), on the day of reception."""
MONTHS_BETWEEN_ASSESSMENTS = 6
"""How long an assessment stands before the next, unless the condition has changed."""
GUARDIAN_AGE = 16
"""Below it nobody acts alone here (《民法典》第十八条 counts from 16 those who live on their own work as adults)."""
CHILD_CATEGORY_UP_TO = 18
"""Age up to which residents' insurance knows the category of children (中小学生和婴幼儿)."""


def minors_through_guardian(application: Application) -> Iterator[Problem]:
    age = application.applicant.age_on(application.received_on)
    if age is not None and age < GUARDIAN_AGE and application.form.get("appliedBy") == "SELF":
        yield form_invalid(
            "medical.guardian-needed",
            "appliedBy",
            f"未满{GUARDIAN_AGE}周岁的，须由监护人办理",
            f"A guardian has to apply for a resident below {GUARDIAN_AGE}",
        )


def newborn_below_one(application: Application) -> Iterator[Problem]:
    age = application.applicant.age_on(application.received_on)
    if application.form.get("ground") == "NEWBORN" and age is not None and age >= 1:
        yield form_invalid(
            "residents-insurance.not-newborn",
            "ground",
            "参保人已满1周岁，不能按新生儿参保，请选择其他参保情形",
            "The insured is one year old or older: choose another ground than newborn",
        )


def debit_needs_agreement(application: Application) -> Iterator[Problem]:
    form = application.form
    if form.get("method") == "DIRECT_DEBIT" and form.get("debitAgreementSigned") is False:
        yield form_invalid(
            "residents-insurance.no-debit-agreement",
            "debitAgreementSigned",
            "选择银行代扣的，须先与银行签订代扣协议；也可以改为现场刷卡",
            "Direct debit needs an agreement with the bank first; paying by card at the counter does not",
        )


def category_fits_age(application: Application) -> Iterator[Problem]:
    age = application.applicant.age_on(application.received_on)
    category = application.form.get("category")
    if age is None:
        return
    if category == "CHILD" and age > CHILD_CATEGORY_UP_TO:
        yield form_invalid(
            "residents-insurance.category-age",
            "category",
            f"年龄超过{CHILD_CATEGORY_UP_TO}周岁，不能登记为中小学生和婴幼儿",
            f"Above {CHILD_CATEGORY_UP_TO} years nobody is in the children's category",
        )
    if category == "ADULT" and age < CHILD_CATEGORY_UP_TO:
        yield form_invalid(
            "residents-insurance.category-age",
            "category",
            f"未满{CHILD_CATEGORY_UP_TO}周岁，应登记为中小学生和婴幼儿或者大学生",
            f"Below {CHILD_CATEGORY_UP_TO} years the category is that of children or of college students",
        )


def insured_as_resident(application: Application) -> Iterator[Problem]:
    if application.form.get("insurance") == "EMPLOYEE":
        yield not_eligible(
            "serious-illness.employee-insurance",
            "居民大病保险只面向居民医保参保人",
            "Residents' serious-illness insurance covers only those in residents' medical insurance",
            next_step="职工医保参保人可申请“医保综合减负”",
            next_step_en="Those in employees' insurance may apply for comprehensive relief of medical costs",
        )


def insured_as_employee(application: Application) -> Iterator[Problem]:
    if application.form.get("insurance") == "RESIDENT":
        yield not_eligible(
            "relief.residents-insurance",
            "医保综合减负只面向职工医保参保人",
            "Comprehensive relief covers only those in employees' medical insurance",
            next_step="居民医保参保人可申请“居民大病保险报销”",
            next_step_en="Those in residents' insurance may claim from residents' serious-illness insurance",
        )


def not_insured_in_shanghai(application: Application) -> Iterator[Problem]:
    if application.form.get("insuredInShanghai") is True:
        yield not_eligible(
            "aid-plan.insured",
            "已参加本市职工医保或居民医保的，不再参加互助帮困计划",
            "Those insured in Shanghai do not join the mutual aid plan",
        )


def member_of_aid_plan(application: Application) -> Iterator[Problem]:
    if application.form.get("planMember") is False:
        yield not_eligible(
            "aid-subsidy.not-member",
            "费用发生年度没有参加互助帮困计划，不能申请补助",
            "The subsidy is for those who were members of the mutual aid plan in the year of the costs",
            next_step="可先办理“市民社区医疗互助帮困计划登记”，以后年度的费用可以申请",
            next_step_en="Enrol in the plan; costs of later years can then be subsidized",
        )


def old_enough_for_care(application: Application) -> Iterator[Problem]:
    age = application.applicant.age_on(application.received_on)
    if age is not None and age < CARE_AGE:
        yield not_eligible(
            "care-assessment.age",
            f"申请当日未满{CARE_AGE}周岁",
            f"The applicant is below {CARE_AGE} on the day of application",
            next_step=f"满{CARE_AGE}周岁后再申请",
            next_step_en=f"Apply once {CARE_AGE} years old",
        )


def insured_for_care(application: Application) -> Iterator[Problem]:
    if application.form.get("insurance") == "NONE":
        yield not_eligible(
            "care-assessment.not-insured",
            "未参加本市职工医保或居民医保",
            "The applicant is in neither employees' nor residents' medical insurance",
            next_step="先办理“居民医保受理登记”",
            next_step_en="Enrol in residents' medical insurance first",
        )


def not_assessed_lately(application: Application) -> Iterator[Problem]:
    last = date_in(application.form, "lastAssessedOn")
    if last is None or application.form.get("conditionChanged") is True:
        return
    if months_before(application.received_on, MONTHS_BETWEEN_ASSESSMENTS) < last <= application.received_on:
        yield not_eligible(
            "care-assessment.too-soon",
            f"距上次评估不满{MONTHS_BETWEEN_ASSESSMENTS}个月，且身体状况没有变化",
            f"The last assessment is less than {MONTHS_BETWEEN_ASSESSMENTS} months old and the condition is unchanged",
            next_step="身体状况有变化的，请在申请表中注明；对上次结果有异议的，申请复评",
            next_step_en="State a change of condition in the form, or ask for a review of the last assessment",
        )


def another_provider(application: Application) -> Iterator[Problem]:
    current, new = application.form.get("currentProvider"), application.form.get("newProvider")
    if isinstance(current, str) and isinstance(new, str) and current.strip() == new.strip():
        yield form_invalid(
            "care-provider.same",
            "newProvider",
            "新旧护理服务机构相同",
            "The new provider is the same as the current one",
        )


def clearing_year_over(application: Application) -> Iterator[Problem]:
    year = integer_in(application.form, "clearingYear")
    if year is not None and year >= application.received_on.year:
        yield form_invalid(
            "account-clearing.not-yet",
            "clearingYear",
            "该年度尚未清算，只能查询以前年度",
            "Accounts of that year are not settled yet: choose an earlier one",
        )


COST_YEAR = year_not_in_future("costYear", "费用发生年度", "The year of the costs")
SELF_PAID = part_of("selfPaid", "totalCost", ("个人自负金额", "医疗费用总额"), ("amount paid oneself", "total cost"))
DIAGNOSED = not_in_future("diagnosedOn", "诊断证明日期", "The date of diagnosis")

RULES: dict[str, tuple[Rule, ...]] = {
    "RS-001": (minors_through_guardian, not_in_future("lostOn", "遗失日期", "The date of loss")),
    "RS-002": (minors_through_guardian,),
    "RS-003": (
        minors_through_guardian,
        not_in_future("lossReportedOn", "书面挂失日期", "The date of the report of loss"),
    ),
    "RS-004": (
        not_in_future("lostOn", "遗失日期", "The date of loss"),
        not_in_future("foundOn", "找回日期", "The date of finding"),
        in_order("lostOn", "foundOn", ("遗失日期", "找回日期"), ("date of loss", "date of finding")),
    ),
    "RS-005": (
        DIAGNOSED,
        in_order("diagnosedOn", "startsOn", ("诊断证明日期", "开始治疗日期"), ("diagnosis", "start of treatment")),
    ),
    "RS-006": (
        minors_through_guardian,
        newborn_below_one,
        not_in_future("employeeInsuranceEndedOn", "职工医保中断日期", "The end of employees' insurance"),
    ),
    "RS-007": (debit_needs_agreement,),
    "RS-008": (category_fits_age,),
    "RS-009": (
        minors_through_guardian,
        not_in_future("treatedTo", "就医结束日期", "The end of treatment"),
        in_order("treatedFrom", "treatedTo", ("就医开始日期", "就医结束日期"), ("start", "end of treatment")),
    ),
    "RS-010": (
        minors_through_guardian,
        not_in_future("periodTo", "查询截止日期", "The end of the period"),
        in_order("periodFrom", "periodTo", ("查询起始日期", "查询截止日期"), ("start", "end of the period")),
    ),
    "RS-011": (
        outside_shanghai("destination", "就医地", "place of treatment"),
        in_order("startsOn", "endsOn", ("备案开始日期", "备案结束日期"), ("start", "end of the registration")),
    ),
    "RS-012": (
        outside_shanghai("origin", "原参保地", "former place of insurance"),
        not_in_future("insuredTo", "停止参保日期", "The end of insurance"),
        in_order("insuredFrom", "insuredTo", ("参保开始日期", "停止参保日期"), ("start", "end of insurance")),
    ),
    "RS-013": (DIAGNOSED,),
    "RS-014": (insured_as_resident, COST_YEAR, SELF_PAID),
    "RS-015": (not_insured_in_shanghai, not_in_future("retiredOn", "退休日期", "The date of retirement")),
    "RS-016": (member_of_aid_plan, COST_YEAR, SELF_PAID),
    "RS-017": (
        old_enough_for_care,
        insured_for_care,
        not_assessed_lately,
        not_in_future("lastAssessedOn", "上次评估日期", "The date of the last assessment"),
    ),
    "RS-018": (old_enough_for_care, another_provider),
    "RS-019": (clearing_year_over,),
    "RS-020": (insured_as_employee, COST_YEAR),
}
