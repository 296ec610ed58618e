"""Rules of employment (就业促进): RS-021 to RS-045."""

from collections.abc import Iterator

from tongban import (
    Application,
    Problem,
    Rule,
    Sex,
    date_in,
    form_invalid,
    integer_in,
    not_eligible,
    not_in_future,
)
from tongban_hrss.form_rules import in_order, outside_shanghai
from tongban_hrss.months import months_after, months_before
from tongban_hrss.retirement import retirement_days
from tongban_hrss.unemployment_assistance import (
    CONTRIBUTION_MONTHS_FOR_BENEFIT,
    benefit_used_up,
    contributions_fit_ground,
    has_been_insured,
    standard_in_force,
)

LOWEST_WORKING_AGE = 16
"""《劳动法》第十五条."""
OLDER_FROM = {Sex.FEMALE: 40, Sex.MALE: 50}
"""Age from which jobless people count as older (大龄, the "4050" of 国发〔2005〕36号)."""
TRAINEE_UP_TO = 35
"""Highest age for a youth traineeship (青年就业见习)."""
NEWCOMER_MONTHS_OF_WORK = 6
"""Months of steady work after which newcomers may register unemployment here (《就业服务与就业管理规定》)."""
LONG_UNEMPLOYMENT_MONTHS = 12
"""连续失业一年以上."""
SUBSIDY_MONTHS = 36
SUBSIDY_TO_RETIREMENT_MONTHS = 60
"""《就业补助资金管理办法》: at most 3 years; up to retirement for those less than 5 years away at the first subsidy."""
EXTENSION_MONTHS = 12
"""国发〔2019〕28号: benefit is extended for those less than one year from retirement age when it runs out."""
START_UP_MONTHS = 36
"""初创期: three years from registration."""
GRANT_AFTER_MONTHS = 12
"""《就业补助资金管理办法》: one year of regular business before the first-business grant."""


def old_enough_to_work(application: Application) -> Iterator[Problem]:
    age = application.applicant.age_on(application.received_on)
    if age is not None and age < LOWEST_WORKING_AGE:
        yield not_eligible(
            "working-age.too-young",
            f"未满{LOWEST_WORKING_AGE}周岁，未达到劳动年龄",
            f"The applicant is below working age ({LOWEST_WORKING_AGE})",
        )


def not_retired(application: Application) -> Iterator[Problem]:
    """Refuses who has reached retirement age on every track that may be theirs."""
    days = retirement_days(application.applicant)
    if days and application.received_on >= max(days):
        yield not_eligible(
            "working-age.retired",
            "已达到法定退休年龄，不属于就业服务的对象",
            "The applicant has reached statutory retirement age",
            next_step="可咨询养老保险待遇",
            next_step_en="Ask about old-age pension instead",
        )


def not_employed(application: Application) -> Iterator[Problem]:
    status = application.form.get("workStatus")
    if status == "EMPLOYED":
        yield not_eligible(
            "unemployment.employed",
            "目前有单位用工，不属于失业",
            "The applicant is employed",
            next_step="单位办理退工登记后再申请",
            next_step_en="Apply after the employer has registered the end of employment",
        )
    if status == "FLEXIBLE":
        yield not_eligible(
            "unemployment.flexible-work",
            "目前登记为灵活就业，不属于失业",
            "The applicant is registered in flexible employment",
            next_step="先退出或者中止灵活就业登记",
            next_step_en="End the registration of flexible employment first",
        )
    if status == "OWNER":
        yield not_eligible(
            "unemployment.own-business",
            "目前自主创业，不属于失业",
            "The applicant runs a business",
            next_step="经营组织注销或者不再担任负责人后再申请",
            next_step_en="Apply after the business is closed or handed over",
        )


def not_on_a_payroll(application: Application) -> Iterator[Problem]:
    if application.form.get("employed") is True:
        yield not_eligible(
            "flexible-work.employed",
            "目前有单位用工登记，不能同时登记灵活就业",
            "Who is registered with an employer can't register flexible employment",
            next_step="单位办理退工登记后再登记",
            next_step_en="Register after the employer has registered the end of employment",
        )


def only_newcomers(application: Application) -> Iterator[Problem]:
    if application.applicant.has_shanghai_hukou:
        yield not_eligible(
            "newcomer.has-shanghai-hukou",
            "本事项面向来沪人员，申请人具有本市户籍",
            "This item is for newcomers; the applicant has Shanghai hukou",
            next_step="请办理面向本市户籍人员的同类事项",
            next_step_en="Apply for the corresponding item for residents with Shanghai hukou",
        )


def worked_here_long_enough(application: Application) -> Iterator[Problem]:
    start, end = date_in(application.form, "employedFrom"), date_in(application.form, "employmentEndedOn")
    if start is not None and end is not None and start <= end < months_after(start, NEWCOMER_MONTHS_OF_WORK):
        yield not_eligible(
            "newcomer.worked-too-short",
            f"在本市稳定就业不满{NEWCOMER_MONTHS_OF_WORK}个月，不能在本市登记失业",
            f"Newcomers register unemployment here after {NEWCOMER_MONTHS_OF_WORK} months of steady work",
            next_step="可以在户籍地登记失业，或者在本市办理求职登记",
            next_step_en="Register at the place of hukou, or register here as a job seeker",
        )


def older(application: Application) -> Iterator[Problem]:
    age, sex = application.applicant.age_on(application.received_on), application.applicant.sex
    if age is not None and sex is not None and age < OLDER_FROM[sex]:
        yield not_eligible(
            "older-unemployed.age",
            f"未到大龄失业人员的年龄：女满{OLDER_FROM[Sex.FEMALE]}周岁、男满{OLDER_FROM[Sex.MALE]}周岁",
            f"Older means {OLDER_FROM[Sex.FEMALE]} for women and {OLDER_FROM[Sex.MALE]} for men",
        )


def older_if_so_claimed(application: Application) -> Iterator[Problem]:
    if application.form.get("ground") == "OLDER":
        yield from older(application)


def long_unemployed_if_so_claimed(application: Application) -> Iterator[Problem]:
    since = date_in(application.form, "unemployedFrom")
    if application.form.get("ground") != "LONG_UNEMPLOYED" or since is None:
        return
    if months_before(application.received_on, LONG_UNEMPLOYMENT_MONTHS) < since <= application.received_on:
        yield not_eligible(
            "hard-to-place.unemployed-too-short",
            "登记失业不满一年，不属于连续失业一年以上",
            "The applicant has been registered unemployed for less than a year",
        )


def subsidy_not_too_long(application: Application) -> Iterator[Problem]:
    first, last = date_in(application.form, "firstSubsidizedOn"), date_in(application.form, "periodTo")
    if first is None or last is None or last < months_after(first, SUBSIDY_MONTHS):
        return
    near = months_after(first, SUBSIDY_TO_RETIREMENT_MONTHS)
    days = retirement_days(application.applicant)
    if days and not any(first <= day < near for day in days):
        yield not_eligible(
            "hard-to-place-subsidy.too-long",
            f"自首次享受补贴起已超过{SUBSIDY_MONTHS // 12}年",
            f"More than {SUBSIDY_MONTHS // 12} years have passed since the first subsidy",
            next_step="请缩短本次补贴截止日期",
            next_step_en="Choose an earlier end of the period",
        )


def contributed_long_enough(application: Application) -> Iterator[Problem]:
    months = integer_in(application.form, "contributionMonths")
    if months is not None and months < CONTRIBUTION_MONTHS_FOR_BENEFIT:
        yield not_eligible(
            "unemployment-benefit.contributions",
            f"失业保险缴费不满{CONTRIBUTION_MONTHS_FOR_BENEFIT}个月",
            f"Contributions cover fewer than {CONTRIBUTION_MONTHS_FOR_BENEFIT} months",
            next_step="本市户籍人员可申领失业补助金",
            next_step_en="Residents with Shanghai hukou may claim unemployment assistance",
        )


def did_not_resign(application: Application) -> Iterator[Problem]:
    if application.form.get("endReason") == "RESIGNED":
        yield not_eligible(
            "unemployment-benefit.resigned",
            "因本人意愿中断就业，不能领取失业保险金",
            "Benefit is for those who lost their work against their will",
            next_step="本市户籍人员可申领失业补助金；因单位过错离职的，请更正离职原因",
            next_step_en="Claim unemployment assistance (Shanghai hukou); or correct a wrong reason",
        )


def work_book_fits_hukou(application: Application) -> Iterator[Problem]:
    """《就业创业证》 goes to residents with Shanghai hukou, 《就业失业登记证》 to newcomers."""
    book = application.form.get("workBook")
    if book == ("JYSY" if application.applicant.has_shanghai_hukou else "JYCY"):
        yield form_invalid(
            "unemployment-benefit.work-book",
            "workBook",
            "就业证件与户籍不符：本市户籍用《就业创业证》，来沪人员用《就业失业登记证》",
            "The certificate does not fit the hukou: newcomers have an employment and unemployment registration one",
        )


def near_retirement_if_so_claimed(application: Application) -> Iterator[Problem]:
    end = date_in(application.form, "benefitTo")
    days = retirement_days(application.applicant)
    if application.form.get("ground") != "NEAR_RETIREMENT" or end is None or not days:
        return
    if not any(end <= day < months_after(end, EXTENSION_MONTHS) for day in days):
        yield not_eligible(
            "benefit-extension.far-from-retirement",
            "失业保险金期满时，距法定退休年龄不在1年以内",
            "Retirement age is not reached within a year after benefit runs out",
            next_step="已认定为就业困难人员的，请改选延长理由",
            next_step_en="Choose the other ground, if recognized as hard to place",
        )


def still_starting_up(application: Application) -> Iterator[Problem]:
    registered_on = date_in(application.form, "registeredOn")
    if registered_on is not None and registered_on <= months_before(application.received_on, START_UP_MONTHS):
        yield not_eligible(
            "start-up.too-old",
            f"登记注册已满{START_UP_MONTHS // 12}年，不属于初创期",
            f"The organization was registered {START_UP_MONTHS // 12} years ago or earlier",
        )


def first_business(application: Application) -> Iterator[Problem]:
    if application.form.get("firstBusiness") is False:
        yield not_eligible(
            "start-up-grant.not-first",
            "不是首次创业，不能申请首次创业一次性补贴",
            "The grant is for the first business only",
        )


def in_business_for_a_year(application: Application) -> Iterator[Problem]:
    registered_on, today = date_in(application.form, "registeredOn"), application.received_on
    if registered_on is not None and months_before(today, GRANT_AFTER_MONTHS) < registered_on <= today:
        yield not_eligible(
            "start-up-grant.too-early",
            "登记注册后正常经营不满1年",
            "The business has run for less than a year",
            next_step="经营满1年后再申请",
            next_step_en="Apply after one year of business",
        )


def young_enough_for_traineeship(application: Application) -> Iterator[Problem]:
    age = application.applicant.age_on(application.received_on)
    if age is not None and age > TRAINEE_UP_TO:
        yield not_eligible(
            "traineeship.age",
            f"青年就业见习面向{LOWEST_WORKING_AGE}至{TRAINEE_UP_TO}周岁的青年",
            f"Youth traineeships are for ages {LOWEST_WORKING_AGE} to {TRAINEE_UP_TO}",
            next_step="可参加职业技能培训或者求职登记",
            next_step_en="Register as a job seeker or for vocational training",
        )


WORKING_AGE: tuple[Rule, ...] = (old_enough_to_work, not_retired)
LEFT = not_in_future("employmentEndedOn", "退工日期", "The end of employment")
LOST = not_in_future("lostOn", "遗失日期", "The date of loss")
STARTED = not_in_future("startsOn", "从业开始日期", "The start of work")
UNEMPLOYED = not_in_future("unemployedFrom", "登记失业日期", "The date of unemployment registration")
GRADUATED = not_in_future("graduatedOn", "毕业日期", "The date of graduation")
BUSINESS_REGISTERED = not_in_future("registeredOn", "登记注册日期", "The registration of the business")

RULES: dict[str, tuple[Rule, ...]] = {
    "RS-021": (*WORKING_AGE, not_employed, LEFT),
    "RS-022": (*WORKING_AGE, not_employed, not_in_future("registeredOn", "上次登记日期", "The date of registration")),
    "RS-023": (
        only_newcomers,
        *WORKING_AGE,
        not_employed,
        LEFT,
        in_order(
            "employedFrom",
            "employmentEndedOn",
            ("就业开始日期", "退工日期"),
            ("start of employment", "end of employment"),
        ),
        worked_here_long_enough,
    ),
    "RS-024": (only_newcomers, *WORKING_AGE, LOST),
    "RS-025": (*WORKING_AGE, LOST),
    "RS-026": (old_enough_to_work,),
    "RS-027": (*WORKING_AGE, not_on_a_payroll, STARTED),
    "RS-028": (
        not_in_future("exitedOn", "停止从业日期", "The end of work"),
        in_order("startedOn", "exitedOn", ("灵活就业登记日期", "停止从业日期"), ("registration", "end of work")),
    ),
    "RS-029": (
        only_newcomers,
        *WORKING_AGE,
        STARTED,
        not_in_future("proofIssuedOn", "灵活就业证明出具日期", "The date of the sector's proof"),
    ),
    "RS-030": (
        only_newcomers,
        not_in_future("stoppedOn", "停止从业日期", "The end of work"),
        in_order("startedOn", "stoppedOn", ("灵活就业登记日期", "停止从业日期"), ("registration", "end of work")),
    ),
    "RS-031": (
        older,
        not_retired,
        not_in_future("workingFrom", "灵活就业开始日期", "The start of work"),
        in_order(
            "unemployedFrom", "workingFrom", ("登记失业日期", "灵活就业开始日期"), ("registration", "start of work")
        ),
    ),
    "RS-032": (
        *WORKING_AGE,
        not_in_future("periodTo", "补贴截止日期", "The end of the period"),
        in_order(
            "recognizedOn",
            "firstSubsidizedOn",
            ("就业困难人员认定日期", "首次补贴日期"),
            ("recognition", "first subsidy"),
        ),
        in_order(
            "firstSubsidizedOn",
            "periodFrom",
            ("首次补贴日期", "本次补贴起始日期"),
            ("first subsidy", "start of the period"),
        ),
        in_order("periodFrom", "periodTo", ("补贴起始日期", "补贴截止日期"), ("start", "end of the period")),
        subsidy_not_too_long,
    ),
    "RS-033": (*WORKING_AGE, not_employed, UNEMPLOYED, older_if_so_claimed, long_unemployed_if_so_claimed),
    "RS-034": (
        *WORKING_AGE,
        not_employed,
        contributed_long_enough,
        did_not_resign,
        work_book_fits_hukou,
        not_in_future("registeredOn", "失业登记日期", "The date of unemployment registration"),
        in_order(
            "employmentEndedOn", "registeredOn", ("退工日期", "失业登记日期"), ("end of employment", "registration")
        ),
    ),
    "RS-035": (
        standard_in_force,
        *WORKING_AGE,
        not_employed,
        has_been_insured,
        contributions_fit_ground,
        benefit_used_up,
    ),
    "RS-036": (
        *WORKING_AGE,
        not_employed,
        not_in_future("benefitFrom", "开始领取日期", "The start of benefit"),
        in_order("benefitFrom", "benefitTo", ("开始领取日期", "领取期满日期"), ("start", "end of benefit")),
        near_retirement_if_so_claimed,
    ),
    "RS-037": (
        outside_shanghai("origin", "原参保地", "former place of insurance"),
        not_in_future("insuredTo", "缴费截止日期", "The end of contributions"),
        in_order("insuredFrom", "insuredTo", ("缴费开始日期", "缴费截止日期"), ("start", "end of contributions")),
    ),
    "RS-038": (
        *WORKING_AGE,
        in_order("trainedFrom", "trainedTo", ("培训开始日期", "培训结束日期"), ("start", "end of training")),
        in_order(
            "trainedTo", "certifiedOn", ("培训结束日期", "证书核发日期"), ("end of training", "certificate's date")
        ),
        not_in_future("certifiedOn", "证书核发日期", "The certificate's date"),
    ),
    "RS-039": WORKING_AGE,
    "RS-040": (old_enough_to_work,),
    "RS-041": (
        *WORKING_AGE,
        BUSINESS_REGISTERED,
        still_starting_up,
        not_in_future("hiredOn", "合同起始日期", "The start of the contract"),
        in_order(
            "registeredOn", "hiredOn", ("登记注册日期", "合同起始日期"), ("registration", "start of the contract")
        ),
    ),
    "RS-042": (*WORKING_AGE, first_business, BUSINESS_REGISTERED, in_business_for_a_year, GRADUATED),
    "RS-043": (
        old_enough_to_work,
        not_in_future("hiredOn", "录用日期", "The date of hiring"),
        not_in_future("leftOn", "退工日期", "The date of leaving"),
        in_order("hiredOn", "leftOn", ("录用日期", "退工日期"), ("date of hiring", "date of leaving")),
    ),
    "RS-044": (
        old_enough_to_work,
        young_enough_for_traineeship,
        not_employed,
        GRADUATED,
        in_order("graduatedOn", "availableFrom", ("毕业日期", "可以到岗的日期"), ("graduation", "first day available")),
    ),
    "RS-045": (*WORKING_AGE, not_employed, GRADUATED),
}
