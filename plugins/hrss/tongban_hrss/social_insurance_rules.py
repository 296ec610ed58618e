"""Rules of social insurance (社会保险): what an application must hold beyond its form and materials."""

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
from tongban_hrss.form_rules import year_not_in_future
from tongban_hrss.months import months_before

MATERNITY_CLAIM_MONTHS = 36
"""How long after the birth a claim is taken. Compiled: the general period of limitation (《民法典》第一百八十八条)."""

ENROLMENT_AGE = 16
"""Age from which a resident may be insured in person (国发〔2014〕8号)."""

RESIDENTS_PENSION_AGE = 60
"""Age from which the residents' pension is paid, women and men alike (国发〔2014〕8号)."""

ADULT_AGE = 18
SURVIVOR_AGES = {Sex.MALE: 60, Sex.FEMALE: 50}
"""Age from which a surviving relative counts as old (《劳动保险条例实施细则修正草案》第四十五条)."""


def _age(application: Application) -> int | None:
    return application.applicant.age_on(application.received_on)


def _younger_than(application: Application, years: int) -> bool:
    age = _age(application)
    return age is not None and age < years


def claimed_by_the_mother_or_her_husband(application: Application) -> Iterator[Problem]:
    """`claimant` agrees with the applicant's sex: the mother is a woman, the spouse who claims for her a man."""
    sex, claimant = application.applicant.sex, application.form.get("claimant")
    if (claimant == "SELF" and sex is Sex.MALE) or (claimant == "SPOUSE" and sex is Sex.FEMALE):
        yield form_invalid(
            "maternity.claimant",
            "claimant",
            "申领人与性别不符：生育妇女本人申领选“本人”，丈夫代为申领选“配偶”",
            "The claimant does not agree with the sex on record: the mother claims as herself, her husband as spouse",
        )


def claimed_in_time(application: Application) -> Iterator[Problem]:
    """No claim more than MATERNITY_CLAIM_MONTHS after the birth or miscarriage."""
    delivered_on = date_in(application.form, "deliveredOn")
    if delivered_on is not None and delivered_on < months_before(application.received_on, MATERNITY_CLAIM_MONTHS):
        yield not_eligible(
            "maternity.too-late",
            f"生育或流产至今已超过{MATERNITY_CLAIM_MONTHS // 12}年，不再受理申领",
            f"The birth or miscarriage is more than {MATERNITY_CLAIM_MONTHS // 12} years past; claims are closed",
        )


def children_fit_the_delivery(application: Application) -> Iterator[Problem]:
    """A miscarriage has no children, a birth at least one."""
    children = integer_in(application.form, "childrenBorn")
    kind = application.form.get("deliveryKind")
    if children is None or kind not in ("NATURAL", "DIFFICULT", "MISCARRIAGE"):
        return
    if (children == 0) is not (kind == "MISCARRIAGE"):
        yield form_invalid(
            "maternity.children",
            "childrenBorn",
            "生育子女数与生育情况不符：流产填0，生育至少填1",
            "The number of children does not fit the delivery: 0 after a miscarriage, otherwise at least 1",
        )


def years_in_order(application: Application) -> Iterator[Problem]:
    """An enquiry runs from an earlier to a later year."""
    first, last = integer_in(application.form, "fromYear"), integer_in(application.form, "toYear")
    if first is not None and last is not None and first > last:
        yield form_invalid(
            "enquiry.order", "fromYear", "起始年份晚于截止年份", "The first year lies after the last year"
        )


def pension_not_yet_drawn(application: Application) -> Iterator[Problem]:
    """Whoever draws a pension can no longer transfer the insurance (国办发〔2009〕66号; 人社部发〔2014〕17号)."""
    if application.form.get("drawsPension") is True:
        yield not_eligible(
            "pension-transfer.drawing",
            "已按月领取基本养老保险待遇的，不再转移养老保险关系",
            "Pension insurance is no longer transferred once the pension is being paid",
        )


def may_join_residents_pension(application: Application) -> Iterator[Problem]:
    """Residents' insurance is for people of 16 and more who are neither students nor insured as employees."""
    yield from old_enough_to_be_insured(application)
    coverage = application.form.get("coverage")
    if coverage == "STUDENT":
        yield not_eligible(
            "residents-pension.student",
            "在校学生不参加城乡居民基本养老保险",
            "Students are not insured under the residents' pension",
            next_step="离校后再办理参保登记",
            next_step_en="Enrol after leaving school",
        )
    if coverage == "EMPLOYEE":
        yield not_eligible(
            "residents-pension.employee",
            "正在参加职工养老保险的，不能同时参加城乡居民基本养老保险",
            "Employees' and residents' pension insurance exclude each other",
        )


def old_enough_to_be_insured(application: Application) -> Iterator[Problem]:
    """Nobody under ENROLMENT_AGE is insured in their own name."""
    if _younger_than(application, ENROLMENT_AGE):
        yield not_eligible(
            "insurance.age",
            f"未满{ENROLMENT_AGE}周岁，不能以本人名义参加养老保险",
            f"Pension insurance in one's own name begins at the age of {ENROLMENT_AGE}",
        )


def _too_young_for_residents_pension() -> Problem:
    return not_eligible(
        "residents-pension.age",
        f"未满{RESIDENTS_PENSION_AGE}周岁，尚不能领取城乡居民基本养老金",
        f"The residents' pension is paid from the age of {RESIDENTS_PENSION_AGE}",
        next_step="达到年龄后申领；缴费情况可在任一受理中心查询",
        next_step_en="Claim at that age; contributions can be looked up at any center",
    )


def may_claim_residents_pension(application: Application) -> Iterator[Problem]:
    """The residents' pension is for people of 60 and more without another basic pension."""
    if _younger_than(application, RESIDENTS_PENSION_AGE):
        yield _too_young_for_residents_pension()
    if application.form.get("otherPension") is True:
        yield not_eligible(
            "residents-pension.other-pension",
            "已领取其他基本养老待遇的，不能重复领取城乡居民基本养老金",
            "The residents' pension is not paid beside another basic pension",
            next_step="办理城乡居民基本养老保险注销登记（RS-058），退还个人账户余额",
            next_step_en="Terminate the residents' insurance (RS-058) to have the personal account paid out",
        )


def residents_pensioner_of_age(application: Application) -> Iterator[Problem]:
    """Who says to draw the residents' pension is old enough for it."""
    if application.form.get("pensionKind") == "RESIDENTS" and _younger_than(application, RESIDENTS_PENSION_AGE):
        yield _too_young_for_residents_pension()


def terminated_by_the_right_person(application: Application) -> Iterator[Problem]:
    """The insured terminates in person; only after death an heir does."""
    reason, relation = application.form.get("reason"), application.form.get("relation")
    if reason == "DEATH" and relation == "SELF":
        yield form_invalid(
            "termination.relation",
            "relation",
            "参保人已死亡的，应由继承人提出，请选择与参保人的关系",
            "After the insured person's death an heir applies; choose the relation to the insured",
        )
    if reason in ("SETTLED_ABROAD", "EMPLOYEE_PENSION") and relation in ("SPOUSE", "CHILD", "PARENT", "OTHER_HEIR"):
        yield form_invalid(
            "termination.relation",
            "relation",
            "参保人健在的，应由本人提出注销",
            "A living insured person terminates in person",
        )


def survivor_fits_the_ground(application: Application) -> Iterator[Problem]:
    """A survivor's age fits the ground that is claimed."""
    age, sex, ground = _age(application), application.applicant.sex, application.form.get("ground")
    if age is None:
        return
    if ground == "OLD_AGE" and sex is not None and age < SURVIVOR_AGES[sex]:
        yield not_eligible(
            "survivor.old-age",
            f"未达到年老遗属的年龄：男年满{SURVIVOR_AGES[Sex.MALE]}周岁，女年满{SURVIVOR_AGES[Sex.FEMALE]}周岁",
            f"Old age begins at {SURVIVOR_AGES[Sex.MALE]} for men and {SURVIVOR_AGES[Sex.FEMALE]} for women",
            next_step="完全丧失劳动能力的，可改选该情形",
            next_step_en="Where all capacity for work is lost, choose that ground",
        )
    if ground == "MINOR" and age >= ADULT_AGE:
        yield not_eligible(
            "survivor.minor",
            f"已年满{ADULT_AGE}周岁，不属于未成年遗属",
            f"A survivor of {ADULT_AGE} or more is no minor",
        )


def minor_names_a_guardian(application: Application) -> Iterator[Problem]:
    """For a minor a guardian applies, and is named."""
    guardian = application.form.get("guardianName")
    if _younger_than(application, ADULT_AGE) and not (isinstance(guardian, str) and guardian.strip()):
        yield form_invalid(
            "survivor.guardian",
            "guardianName",
            "未成年遗属由监护人代为申领，请填写监护人姓名",
            "A guardian claims for a minor survivor: name the guardian",
        )


def no_shanghai_hukou(application: Application) -> Iterator[Problem]:
    """Residence Permit points are for newcomers."""
    if application.applicant.has_shanghai_hukou:
        yield not_eligible(
            "permit-points.has-shanghai-hukou",
            "本市户籍人员没有居住证积分",
            "Residents with Shanghai hukou have no Residence Permit points",
        )


DEATH_IS_PAST = not_in_future("diedOn", "死亡日期", "The date of death")
RETIREMENT_IS_PAST = not_in_future("retiredOn", "退休日期", "The date of retirement")
ENQUIRY: tuple[Rule, ...] = (years_in_order, year_not_in_future("toYear", "截止年份", "The last year"))

RULES: dict[str, tuple[Rule, ...]] = {
    "RS-046": (
        claimed_by_the_mother_or_her_husband,
        not_in_future("deliveredOn", "生育或流产日期", "The date of birth or miscarriage"),
        claimed_in_time,
        children_fit_the_delivery,
    ),
    "RS-047": ENQUIRY,
    "RS-048": ENQUIRY,
    "RS-050": ENQUIRY,
    "RS-051": (
        not_in_future("stoppedOn", "停止缴费的日期", "The day on which contributions stopped"),
        pension_not_yet_drawn,
    ),
    "RS-052": (may_join_residents_pension,),
    "RS-053": ENQUIRY,
    "RS-054": ENQUIRY,
    "RS-055": (may_claim_residents_pension,),
    "RS-057": (pension_not_yet_drawn, old_enough_to_be_insured),
    "RS-058": (terminated_by_the_right_person, DEATH_IS_PAST),
    "RS-059": (residents_pensioner_of_age,),
    "RS-060": (residents_pensioner_of_age,),
    "RS-061": (RETIREMENT_IS_PAST, not_in_future("movedOn", "开始居住的日期", "The date of the move")),
    "RS-062": (DEATH_IS_PAST,),
    "RS-063": (survivor_fits_the_ground, minor_names_a_guardian, DEATH_IS_PAST),
    "RS-064": (old_enough_to_be_insured,),
    "RS-066": (old_enough_to_be_insured, not_in_future("licensedOn", "执照成立日期", "The date of the license")),
    "RS-067": (not_in_future("requisitionedOn", "被征地日期", "The date of the requisition"),),
    "RS-068": (not_in_future("submittedOn", "提交日期", "The day of submission"),),
    "RS-070": (RETIREMENT_IS_PAST,),
    "RS-071": (no_shanghai_hukou,),
}
