"""Rules of the disabled persons' federation (残联): what an application must hold beyond its form and materials.

Whether the certificate (M-CJZ) is there is a question of materials; the rules compare what it says with the item.
"""

from collections.abc import Iterator

from tongban import Application, Problem, Rule, date_in, form_invalid, not_eligible, not_in_future

ADULT = 18
NOT_SEVERE = (3, 4)
"""Levels that don't count as severe (重度); one and two do."""
SINGLE_CATEGORIES = ("VISION", "HEARING", "SPEECH", "LIMB", "INTELLECT", "MENTAL")
CHILD_BELOW = 16
CARE_AGES = range(16, 60)
"""Home care for the disabled; from 60 on, care follows the unified needs assessment."""
WORKING_AGE = 16
"""Nobody is employed earlier (Labor Law, article 15)."""
SCHOOL_AGE = 6
"""Age at which school begins (Compulsory Education Law, article 11)."""
DEVICE_FOR = (("PROSTHESIS", "LIMB"), ("VISION_AID", "VISION"), ("HEARING_AID", "HEARING"))
"""Devices that serve one category of disability only."""


def not_certified_yet(application: Application) -> Iterator[Problem]:
    """Nobody has two certificates."""
    if "M-CJZ" in application.applicant.certificates:
        yield not_eligible(
            "certificate.held",
            "已持有有效的残疾人证",
            "You already hold a valid disability certificate",
            next_step="期满、损坏、信息变更或遗失的，请办理残疾人证换领补领",
            next_step_en="Apply for exchange or replacement (CL-003) instead",
        )


def guardian_where_needed(application: Application) -> Iterator[Problem]:
    """Minors and people with intellectual or mental disability are represented by a guardian."""
    if application.form.get("filedBy") != "SELF":
        return
    age = application.applicant.age_on(application.received_on)
    category = application.form.get("category")
    if (age is not None and age < ADULT) or category in ("INTELLECT", "MENTAL"):
        yield form_invalid(
            "certificate.guardian",
            "filedBy",
            "未成年人、智力或精神残疾人应由监护人代为申请",
            "A guardian applies for minors and for people with intellectual or mental disability",
        )


def new_date_lies_ahead(application: Application) -> Iterator[Problem]:
    """A change of the appointment names a later day than today; an enquiry names none."""
    new, day = application.form.get("newDate"), date_in(application.form, "newDate")
    action = application.form.get("action")
    if action == "CHANGE" and new is None:
        yield form_invalid("assessment.new-date", "newDate", "改期的，请填写希望改到的日期", "Say the day you wish")
    if action == "CHANGE" and day is not None and day <= application.received_on:
        yield form_invalid(
            "assessment.past-date", "newDate", "改期只能改到申请当日以后", "The new day must be later than today"
        )
    if action == "ENQUIRY" and new is not None:
        yield form_invalid("assessment.enquiry", "newDate", "只查询的，不用填写日期", "An enquiry names no new day")


def loss_has_its_day(application: Application) -> Iterator[Problem]:
    """A lost certificate was missed on some day; any other case names none."""
    lost, reason = application.form.get("lostOn"), application.form.get("reason")
    if reason == "LOST" and lost is None:
        yield form_invalid("certificate.lost-on", "lostOn", "遗失的，请填写发现遗失的日期", "Say when it was missed")
    if reason in ("EXPIRY", "DAMAGED", "DETAILS") and lost is not None:
        yield form_invalid(
            "certificate.not-lost", "lostOn", "未遗失的，不用填写遗失日期", "It isn't lost: leave this out"
        )


def action_is_explained(application: Application) -> Iterator[Problem]:
    """A transfer says where to, a cancellation says why, and a death is reported by the family."""
    form = application.form
    if form.get("action") == "TRANSFER" and form.get("destination") is None:
        yield form_invalid("certificate.destination", "destination", "迁移的，请填写迁入地", "Say where it goes")
    if form.get("action") == "CANCEL" and form.get("cancelReason") is None:
        yield form_invalid("certificate.cancel-reason", "cancelReason", "注销的，请选择原因", "Say why")
    if form.get("cancelReason") == "DECEASED" and form.get("filedBy") == "SELF":
        yield form_invalid(
            "certificate.deceased", "filedBy", "持证人去世的，由家属或监护人办理", "After a death the family applies"
        )


def aid_is_not_drawn_twice(application: Application) -> Iterator[Problem]:
    """The transport subsidy is paid through one channel."""
    if application.form.get("otherTransportAid") == "ALREADY_PAID":
        yield not_eligible(
            "transport.paid-elsewhere",
            "已从其他渠道领取交通补贴的，不能重复领取",
            "The transport subsidy is already paid through another channel",
        )


def hears_or_speaks_hard(application: Application) -> Iterator[Problem]:
    """The information card serves hearing and speech disability, alone or among several."""
    category = application.form.get("category")
    not_among_several = category == "MULTIPLE" and application.form.get("includesHearingOrSpeech") is not True
    if category in ("VISION", "LIMB", "INTELLECT", "MENTAL") or not_among_several:
        yield not_eligible(
            "information-card.category",
            "本套餐面向听力、言语残疾人",
            "The plan is for people with hearing or speech disability",
            next_step="多重残疾中含听力、言语残疾的，请在申请表中注明",
            next_step_en="If a multiple disability includes one of them, say so in the form",
        )


def severe_only(application: Application) -> Iterator[Problem]:
    """The item is for levels one and two."""
    if application.form.get("level") in NOT_SEVERE:
        yield not_eligible(
            "disability.level",
            "残疾等级应为一级或二级",
            "The level of disability must be one or two",
            next_step="残疾状况加重的，可先申请重新评定",
            next_step_en="If the disability has become worse, ask for a new assessment first",
        )


def excluded_by(*supports: str) -> Rule:
    """The rule that none of these other supports is drawn (国发〔2015〕52号)."""

    def rule(application: Application) -> Iterator[Problem]:
        if application.form.get("otherSupport") in supports:
            yield not_eligible(
                "subsidy.other-support",
                "已享受的待遇与本补贴不能同时领取",
                "This subsidy isn't paid beside the other support named in the form",
            )

    return rule


def device_serves_category(application: Application) -> Iterator[Problem]:
    """A device fits the category on the certificate; with several disabilities the assessment decides."""
    device, category = application.form.get("device"), application.form.get("category")
    for serving, served in DEVICE_FOR:
        if device == serving and category != served and category in SINGLE_CATEGORIES:
            yield not_eligible(
                "device.category",
                "申请的器具与证载残疾类别不符",
                "The device doesn't serve the category on the certificate",
                next_step="请改选相符的器具，或先申请重新评定残疾类别",
                next_step_en="Choose another device, or ask for a new assessment first",
            )


def is_a_child(application: Application) -> Iterator[Problem]:
    """The Sunshine Baby card is for children under sixteen."""
    age = application.applicant.age_on(application.received_on)
    if age is not None and age >= CHILD_BELOW:
        yield not_eligible(
            "sunshine-card.age",
            "阳光宝宝卡面向未满16周岁的儿童",
            "The Sunshine Baby card is for children under 16",
            next_step="年满16周岁的，请申领残疾人证后申请相应的康复服务",
            next_step_en="From 16 on, apply for the certificate and for adult rehabilitation",
        )


def of_home_care_age(application: Application) -> Iterator[Problem]:
    """Home care is for people from 16 to 59; the elderly have their own assessment."""
    age = application.applicant.age_on(application.received_on)
    if age is not None and age not in CARE_AGES:
        yield not_eligible(
            "home-care.age",
            "居家养护服务面向年满16周岁、未满60周岁的残疾人",
            "Home care is for people from 16 to 59",
            next_step="年满60周岁的，请申请老年照护统一需求评估" if age >= 60 else "可为儿童申领阳光宝宝卡",
            next_step_en="Ask for the unified needs assessment of the elderly" if age >= 60 else "Apply for CL-010",
        )


def lives_at_home(application: Application) -> Iterator[Problem]:
    """Home care comes to a home."""
    if application.form.get("living") == "INSTITUTION":
        yield not_eligible(
            "home-care.institution",
            "已入住养护机构的，不能申请居家养护服务",
            "People living in an institution can't have home care",
        )


def of_working_age(application: Application) -> Iterator[Problem]:
    """Employment begins at sixteen."""
    age = application.applicant.age_on(application.received_on)
    if age is not None and age < WORKING_AGE:
        yield not_eligible("employment.age", "就业登记应年满16周岁", "Employment registration begins at 16")


def employed_somewhere(application: Application) -> Iterator[Problem]:
    """Who is employed names the employer."""
    if application.form.get("employment") == "EMPLOYED" and application.form.get("employer") is None:
        yield form_invalid("employment.employer", "employer", "单位就业的，请填写工作单位", "Name the employer")


def of_school_age(application: Application) -> Iterator[Problem]:
    """School begins at six."""
    age = application.applicant.age_on(application.received_on)
    if age is not None and age < SCHOOL_AGE and application.form.get("stage") in ("PRIMARY", "SECONDARY", "HIGHER"):
        yield form_invalid("study-grant.age", "stage", "未满6周岁的，就读阶段应为学前", "Below 6 only preschool fits")


def school_year_has_begun(application: Application) -> Iterator[Problem]:
    """A grant is for a school year that has begun; one begins each year in September."""
    year, today = application.form.get("schoolYear"), application.received_on
    latest = today.year if today.month >= 9 else today.year - 1
    if isinstance(year, int | float) and year > latest:
        yield form_invalid("study-grant.year", "schoolYear", "申请学年尚未开始", "That school year has not begun")


def minors_have_a_guardian(application: Application) -> Iterator[Problem]:
    """A minor's grant is applied for by the guardian."""
    age = application.applicant.age_on(application.received_on)
    if age is not None and age < ADULT and application.form.get("filedBy") == "SELF":
        yield form_invalid(
            "study-grant.guardian", "filedBy", "未成年学生应由监护人代为申请", "A guardian applies for a minor"
        )


assessed = not_in_future("assessedOn", "评定日期", "The day of assessment")
missed = not_in_future("lostOn", "发现遗失的日期", "The day of the loss")
diagnosed = not_in_future("diagnosedOn", "诊断日期", "The day of diagnosis")
begun = not_in_future("since", "现状开始日期", "The first day of the present state")
nursing_is_single = excluded_by("WORK_INJURY_CARE", "DESTITUTE_SUPPORT")
living_is_single = excluded_by("WORK_INJURY_CARE", "DESTITUTE_SUPPORT", "ORPHAN_SUPPORT")

RULES: dict[str, tuple[Rule, ...]] = {
    "CL-001": (not_certified_yet, guardian_where_needed, assessed),
    "CL-002": (new_date_lies_ahead,),
    "CL-003": (loss_has_its_day, missed),
    "CL-004": (action_is_explained,),
    "CL-005": (aid_is_not_drawn_twice,),
    "CL-006": (hears_or_speaks_hard,),
    "CL-007": (severe_only, nursing_is_single),
    "CL-008": (living_is_single,),
    "CL-009": (device_serves_category, diagnosed),
    "CL-010": (is_a_child, diagnosed),
    "CL-011": (severe_only, of_home_care_age, lives_at_home),
    "CL-012": (of_working_age, employed_somewhere, begun),
    "CL-013": (of_school_age, school_year_has_begun, minors_have_a_guardian),
}
