"""Rules of health and family planning (卫计): what an application must hold beyond its form and materials."""

from collections.abc import Iterator
from datetime import date, timedelta

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

CHILDREN_WITHOUT_APPROVAL = 3
"""Children that a couple registers without approval (《人口与计划生育法》第十八条)."""

PREGNANCY = timedelta(days=280)
"""From the last period to the expected date, as obstetrics counts it."""

ONE_CHILD_UNTIL = date(2015, 12, 31)
"""Last day of the time in which couples were asked to have one child (《人口与计划生育法》 as of 2016-01-01)."""

AWARD_ENDS_AT = 16
"""The monthly award is paid until the child has this age. Compiled."""

RURAL_AWARD_AGE = 60
"""国办发〔2004〕21号."""

SPECIAL_SUPPORT_AGE = 49
"""Age of the wife; of the husband, where he is alone (国人口发〔2007〕78号)."""

SUPPORTED_LEVELS = range(1, 4)
"""Disability levels that give special support (国人口发〔2007〕78号)."""

CHILDBEARING_AGES = range(18, 50)
"""成年育龄妇女: adult women of childbearing age."""

MIGRANT_CERTIFICATE_YEARS = 3
"""A 流动人口婚育证明 holds for three years. Compiled."""

ADULT_AGE = 18


def _age(application: Application) -> int | None:
    return application.applicant.age_on(application.received_on)


def _younger_than(application: Application, years: int) -> bool:
    age = _age(application)
    return age is not None and age < years


def only_newcomers(application: Application) -> Iterator[Problem]:
    """来沪人员 are people without Shanghai hukou."""
    if application.applicant.has_shanghai_hukou:
        yield not_eligible(
            "newcomer.has-shanghai-hukou",
            "本事项只面向持居住证的来沪人员，您是本市户籍",
            "This is for newcomers with a residence permit; you have Shanghai hukou",
            next_step="需要生育情况证明的，请办“本市户籍人员生育情况证明开具”（WJ-006）",
            next_step_en="For a certificate of births apply for WJ-006",
        )


def expected_date_is_possible(application: Application) -> Iterator[Problem]:
    """A pregnancy that exists today ends within PREGNANCY."""
    expected_on = date_in(application.form, "expectedOn")
    if expected_on is not None and expected_on - application.received_on > PREGNANCY:
        yield form_invalid(
            "birth.expected",
            "expectedOn",
            f"预产期距今超过{PREGNANCY.days}天，请核对",
            f"The expected date is more than {PREGNANCY.days} days ahead",
        )


def registered_without_approval(application: Application) -> Iterator[Problem]:
    """生育登记 covers the first children; a further one needs approval."""
    order = integer_in(application.form, "childOrder")
    if order is not None and order > CHILDREN_WITHOUT_APPROVAL:
        yield not_eligible(
            "birth.needs-approval",
            f"第{CHILDREN_WITHOUT_APPROVAL + 1}个及以上子女不适用生育登记",
            f"From the {CHILDREN_WITHOUT_APPROVAL + 1}th child on, registration is not enough",
            next_step="请办“再生育子女申请”（WJ-003）",
            next_step_en="Apply for permission for a further child (WJ-003)",
        )


def approval_is_needed(application: Application) -> Iterator[Problem]:
    """No approval where registration is enough."""
    children = integer_in(application.form, "childrenNow")
    if children is not None and children < CHILDREN_WITHOUT_APPROVAL:
        yield not_eligible(
            "further-child.not-needed",
            f"现有子女不足{CHILDREN_WITHOUT_APPROVAL}个，再生育不需审批",
            f"With fewer than {CHILDREN_WITHOUT_APPROVAL} children no approval is needed",
            next_step="怀孕前后办理“生育登记”（WJ-001）即可",
            next_step_en="Register the birth (WJ-001)",
        )


def requested_by_the_mother_or_her_husband(application: Application) -> Iterator[Problem]:
    """`requester` agrees with the applicant's sex: the mother is a woman, her spouse a man."""
    sex, requester = application.applicant.sex, application.form.get("requester")
    if (requester == "SELF" and sex is Sex.MALE) or (requester == "SPOUSE" and sex is Sex.FEMALE):
        yield form_invalid(
            "maternity-review.requester",
            "requester",
            "提出人与性别不符：生育妇女本人提出选“本人”，丈夫提出选“配偶”",
            "The requester does not agree with the sex on record: the mother asks as herself, her husband as spouse",
        )


def reviewed_child_was_allowed(application: Application) -> Iterator[Problem]:
    """A further child passes the review only with its approval."""
    order = integer_in(application.form, "childOrder")
    approved = application.form.get("furtherChildApproved") is True
    if order is not None and order > CHILDREN_WITHOUT_APPROVAL and not approved:
        yield not_eligible(
            "maternity-review.not-approved",
            f"第{CHILDREN_WITHOUT_APPROVAL + 1}个及以上子女须有再生育审批结果",
            f"From the {CHILDREN_WITHOUT_APPROVAL + 1}th child on, the review needs the approval of a further child",
            next_step="请先办“再生育子女申请”（WJ-003）",
            next_step_en="Apply for permission for a further child (WJ-003) first",
        )


def woman_of_childbearing_age(application: Application) -> Iterator[Problem]:
    """流动人口婚育证明 is issued to adult women of childbearing age."""
    if application.applicant.sex is Sex.MALE:
        yield not_eligible(
            "migrant-certificate.sex",
            "婚育证明只发给成年育龄妇女，男性不需办理",
            "The certificate is for women; men need none",
        )
    age = _age(application)
    if age is not None and age not in CHILDBEARING_AGES:
        yield not_eligible(
            "migrant-certificate.age",
            f"婚育证明只发给{CHILDBEARING_AGES[0]}至{CHILDBEARING_AGES[-1]}周岁的妇女",
            f"The certificate is for women of {CHILDBEARING_AGES[0]} to {CHILDBEARING_AGES[-1]} years",
        )


def migrant_certificate_still_holds(application: Application) -> Iterator[Problem]:
    """A certificate older than MIGRANT_CERTIFICATE_YEARS is not checked."""
    issued_on = date_in(application.form, "issuedOn")
    if issued_on is not None and full_years(issued_on, application.received_on) >= MIGRANT_CERTIFICATE_YEARS:
        yield form_invalid(
            "migrant-certificate.expired",
            "issuedOn",
            f"婚育证明签发已满{MIGRANT_CERTIFICATE_YEARS}年，请在户籍地换发",
            f"The certificate is {MIGRANT_CERTIFICATE_YEARS} years old; renew it at the place of hukou",
        )


def children_here_are_children(application: Application) -> Iterator[Problem]:
    """No more children in Shanghai than children."""
    here, all_children = integer_in(application.form, "childrenHere"), integer_in(application.form, "childrenCount")
    if here is not None and all_children is not None and here > all_children:
        yield form_invalid(
            "migrant-data.children",
            "childrenHere",
            "在沪子女数多于子女数",
            "There are more children in Shanghai than children",
        )


def child_younger_than_parent(application: Application) -> Iterator[Problem]:
    """The child in the form was born after the parent who applies."""
    child, parent = date_in(application.form, "childBornOn"), application.applicant.birth_date
    if child is not None and parent is not None and child <= parent:
        yield form_invalid(
            "child.older-than-parent",
            "childBornOn",
            "子女出生日期早于申请人的出生日期",
            "The child's date of birth lies before the applicant's",
        )


def born_in_the_one_child_time(application: Application) -> Iterator[Problem]:
    """Only-child benefits are for children born until ONE_CHILD_UNTIL."""
    born_on = date_in(application.form, "childBornOn")
    if born_on is not None and born_on > ONE_CHILD_UNTIL:
        yield not_eligible(
            "one-child.born-later",
            f"独生子女父母的奖励和扶助只适用于{ONE_CHILD_UNTIL}以前（含当日）出生的子女",
            f"Only-child benefits apply to children born until {ONE_CHILD_UNTIL}",
        )


def certified_after_birth(application: Application) -> Iterator[Problem]:
    """光荣证 was issued after the child's birth, and not in the future."""
    born_on, certified_on = date_in(application.form, "childBornOn"), date_in(application.form, "certifiedOn")
    if certified_on is None:
        return
    if born_on is not None and certified_on < born_on:
        yield form_invalid(
            "one-child.certified-before-birth",
            "certifiedOn",
            "光荣证发证日期早于子女出生日期",
            "The certificate is dated before the child's birth",
        )
    if certified_on > application.received_on:
        yield form_invalid(
            "one-child.certified-in-future",
            "certifiedOn",
            "光荣证发证日期晚于受理日期",
            "The certificate is dated in the future",
        )


def has_one_child(application: Application) -> Iterator[Problem]:
    """With a second child, born or adopted, the certificate no longer holds."""
    children = integer_in(application.form, "childrenNow")
    if children is not None and children > 1:
        yield not_eligible(
            "one-child.more-children",
            "现有两个及以上子女，光荣证不再有效",
            "With two or more children the certificate no longer holds",
            next_step="请交回光荣证；子女情况有变的，更正登记后再办",
            next_step_en="Return the certificate, or have the record of your children corrected first",
        )


def award_is_still_due(application: Application) -> Iterator[Problem]:
    """The monthly award is paid by the employer, and until the child is AWARD_ENDS_AT."""
    born_on = date_in(application.form, "childBornOn")
    if born_on is not None and full_years(born_on, application.received_on) >= AWARD_ENDS_AT:
        yield not_eligible(
            "one-child-award.child-age",
            f"子女已满{AWARD_ENDS_AT}周岁，奖励费不再发放",
            f"The award ends when the child is {AWARD_ENDS_AT}",
        )
    if application.form.get("employment") == "EMPLOYED":
        yield not_eligible(
            "one-child-award.employed",
            "有用人单位的，奖励费由单位发放",
            "An employer pays the award",
            next_step="请向所在单位申领",
            next_step_en="Claim it from your employer",
        )


def award_is_paid_once(application: Application) -> Iterator[Problem]:
    """The award on retirement is paid once."""
    if application.form.get("receivedBefore") is True:
        yield not_eligible(
            "retirement-award.received",
            "一次性计划生育奖励费已经领取过，不再重复发放",
            "The one-off award has been paid already",
        )


def old_enough_for_rural_award(application: Application) -> Iterator[Problem]:
    """The rural award begins at RURAL_AWARD_AGE, for women and men."""
    if _younger_than(application, RURAL_AWARD_AGE):
        yield not_eligible(
            "rural-award.age",
            f"未满{RURAL_AWARD_AGE}周岁，尚不能申请奖励扶助",
            f"The award begins at the age of {RURAL_AWARD_AGE}",
        )


def event_in_order(application: Application) -> Iterator[Problem]:
    """What befell the child did so after its birth, and not in the future."""
    born_on, event_on = date_in(application.form, "childBornOn"), date_in(application.form, "eventOn")
    if event_on is None:
        return
    if born_on is not None and event_on < born_on:
        yield form_invalid(
            "child-event.before-birth", "eventOn", "发生日期早于子女出生日期", "The event lies before the child's birth"
        )
    if event_on > application.received_on:
        yield form_invalid("child-event.future", "eventOn", "发生日期晚于受理日期", "The event lies in the future")


def no_other_child(application: Application) -> Iterator[Problem]:
    """Beside the child concerned there is none: 0 are left after its death, it alone with its disability."""
    children, event = integer_in(application.form, "childrenNow"), application.form.get("event")
    left = {"DEATH": 0, "DISABILITY": 1}.get(event) if isinstance(event, str) else None
    if children is None or left is None:
        return
    if children > left:
        yield not_eligible(
            "child-event.other-child",
            "已有其他子女（含再生育、收养），不再符合条件",
            "There is another child, born or adopted",
        )
    if children < left:
        yield form_invalid(
            "child-event.children",
            "childrenNow",
            "子女残疾的，现有子女数应为1",
            "A child with a disability counts: the number of children is 1",
        )


def support_for_severe_disability(application: Application) -> Iterator[Problem]:
    """Special support asks for disability level 1 to 3."""
    level = integer_in(application.form, "disabilityLevel")
    if application.form.get("event") == "DISABILITY" and level is not None and level not in SUPPORTED_LEVELS:
        yield not_eligible(
            "special-support.level",
            "残疾等级须为一至三级",
            "Special support asks for disability level 1, 2 or 3",
        )


def wife_past_childbearing(application: Application) -> Iterator[Problem]:
    """The wife, or the husband who is alone, has SPECIAL_SUPPORT_AGE."""
    wife = date_in(application.form, "wifeBornOn") if application.applicant.sex is Sex.MALE else None
    age = _age(application) if wife is None else full_years(wife, application.received_on)
    if age is not None and age < SPECIAL_SUPPORT_AGE:
        yield not_eligible(
            "special-support.age",
            f"女方（离异或丧偶的为男方本人）须年满{SPECIAL_SUPPORT_AGE}周岁",
            f"The wife, or the husband who is alone, must be {SPECIAL_SUPPORT_AGE}",
        )


def assessed_child_is_minor(application: Application) -> Iterator[Problem]:
    """病残儿 are children."""
    born_on = date_in(application.form, "childBornOn")
    if born_on is not None and full_years(born_on, application.received_on) >= ADULT_AGE:
        yield not_eligible(
            "disabled-child.grown-up",
            f"被鉴定人已满{ADULT_AGE}周岁，不属于病残儿医学鉴定",
            f"Whoever is {ADULT_AGE} or more is not assessed as a child",
        )


def adult(application: Application) -> Iterator[Problem]:
    """The pre-pregnancy check is for adults."""
    if _younger_than(application, ADULT_AGE):
        yield not_eligible(
            "pre-pregnancy.age",
            f"未满{ADULT_AGE}周岁，不能登记孕前检查",
            f"The pre-pregnancy check is for people of {ADULT_AGE} and more",
        )


def service_fits_the_patient(application: Application) -> Iterator[Problem]:
    """The one who has the operation registers."""
    service, sex = application.form.get("service"), application.applicant.sex
    for_women = service in ("IUD_INSERTION", "IUD_REMOVAL", "IMPLANT", "TUBAL_LIGATION")
    if (for_women and sex is Sex.MALE) or (service == "VASECTOMY" and sex is Sex.FEMALE):
        yield form_invalid(
            "technical-service.sex",
            "service",
            "所选项目与性别不符，请由接受手术的一方本人登记",
            "The service does not fit the sex on record: whoever has the operation registers",
        )


delivery_is_past = not_in_future(
    "deliveredOn", "分娩或流产日期", "The day of birth or miscarriage", detail="birth.future"
)
marriage_is_past = not_in_future(
    "marriedOn", "再婚登记日期", "The day of the marriage", detail="further-child.marriage"
)
assessment_is_past = not_in_future(
    "assessedOn", "鉴定结论日期", "The day of the assessment", detail="further-child.assessment"
)
issue_is_past = not_in_future("issuedOn", "证明签发日期", "The certificate's date", detail="migrant-certificate.future")
arrival_is_past = not_in_future("arrivedOn", "来沪日期", "The day of arrival", detail="migrant-data.arrival")
retirement_is_past = not_in_future("retiredOn", "退休日期", "The day of retirement", detail="retirement-award.future")
child_is_born = not_in_future("childBornOn", "孩子出生日期", "The child's day of birth", detail="disabled-child.unborn")
check_is_past = not_in_future("lastCheckOn", "上次检查日期", "The day of the last check", detail="pre-pregnancy.check")

ONE_CHILD: tuple[Rule, ...] = (
    child_younger_than_parent,
    born_in_the_one_child_time,
    certified_after_birth,
)

RULES: dict[str, tuple[Rule, ...]] = {
    "WJ-001": (registered_without_approval, expected_date_is_possible, delivery_is_past),
    "WJ-002": (registered_without_approval, expected_date_is_possible, delivery_is_past),
    "WJ-003": (approval_is_needed, marriage_is_past, assessment_is_past),
    "WJ-004": (requested_by_the_mother_or_her_husband, delivery_is_past, reviewed_child_was_allowed),
    "WJ-005": (only_newcomers,),
    "WJ-007": (woman_of_childbearing_age,),
    "WJ-008": (only_newcomers, issue_is_past, migrant_certificate_still_holds),
    "WJ-009": (only_newcomers, arrival_is_past, children_here_are_children),
    "WJ-010": (*ONE_CHILD, has_one_child),
    "WJ-011": (*ONE_CHILD, has_one_child),
    "WJ-012": (*ONE_CHILD, has_one_child, award_is_still_due),
    "WJ-013": (*ONE_CHILD, has_one_child, retirement_is_past, award_is_paid_once),
    "WJ-014": (old_enough_for_rural_award,),
    "WJ-015": (
        *ONE_CHILD,
        event_in_order,
        no_other_child,
        support_for_severe_disability,
        wife_past_childbearing,
    ),
    "WJ-016": (*ONE_CHILD, event_in_order, no_other_child),
    "WJ-017": (child_younger_than_parent, child_is_born, assessed_child_is_minor),
    "WJ-018": (adult, check_is_past),
    "WJ-019": (service_fits_the_patient,),
}
