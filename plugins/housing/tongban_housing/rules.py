"""Rules of housing (住建): what an application must hold beyond its form and materials.

Low-rent and shared-ownership housing (ZJ-001, ZJ-002) are judged where the household is registered, so their rules
may look at the district of the applicant's hukou. No rule looks at the receiving center.
"""

from collections.abc import Iterator
from datetime import date

from tongban import (
    Application,
    Problem,
    ProblemCode,
    Rule,
    Sex,
    date_in,
    form_invalid,
    full_years,
    integer_in,
    not_eligible,
    not_in_future,
    number_in,
)
from tongban_housing.parameters import means_limit
from tongban_housing.windows import next_window, open_window

ADULT = 18
SINGLE_FROM = {Sex.MALE: 28, Sex.FEMALE: 25}
"""Age from which one person alone may apply for shared-ownership housing."""
HUKOU_YEARS = {"ZJ-001": 1, "ZJ-002": 2}
"""Full years that the hukou must have been at the place of application."""
PUBLIC_RENTAL_AREA = 15
"""Square meters of floor area per head from which a household counts as well housed."""
LEASE_YEARS = 20
"""Longest lease (Civil Code, article 705)."""
LIVING_AREA = 5
"""Least square meters of living area per occupant of a let home."""


def adult(application: Application) -> Iterator[Problem]:
    """An applicant for housing must be of age."""
    age = application.applicant.age_on(application.received_on)
    if age is not None and age < ADULT:
        yield not_eligible(
            "housing.age",
            "申请人应年满18周岁",
            "The applicant must be 18 or older",
            next_step="请由家庭中的成年成员作为申请人",
            next_step_en="Let an adult of the household apply",
        )


def old_enough_alone(application: Application) -> Iterator[Problem]:
    """One person alone may buy only from a certain age."""
    applicant = application.applicant
    age = applicant.age_on(application.received_on)
    if integer_in(application.form, "householdMembers") != 1 or age is None or applicant.sex is None:
        return
    if age < SINGLE_FROM[applicant.sex]:
        yield not_eligible(
            "shared-ownership.single-age",
            "单身申请的，男性应年满28周岁，女性应年满25周岁",
            "A single applicant must be 28 or older (men), 25 or older (women)",
            next_step="可与父母等家庭成员共同申请",
            next_step_en="Apply together with the family",
        )


def settled_here(application: Application) -> Iterator[Problem]:
    """The hukou must have been at the place of application for some years."""
    hukou, years = application.applicant.hukou, HUKOU_YEARS[application.item]
    if hukou is not None and hukou.in_shanghai and full_years(hukou.since, application.received_on) < years:
        yield not_eligible(
            "housing-security.hukou-years",
            f"申请人户口在申请地登记应满{years}年",
            f"The hukou must have been at this place for {years} full year(s)",
            next_step=f"请在{chinese(hukou.since)}起满{years}年后申请",
            next_step_en=f"Apply {years} full year(s) after {hukou.since}",
        )


def means_within_limits(application: Application) -> Iterator[Problem]:
    """Income and assets per head lie below the city's limits."""
    members = integer_in(application.form, "householdMembers")
    limit = None if members is None else means_limit(application.item, members)
    if members is None or limit is None:
        return
    income, assets = number_in(application.form, "yearlyIncome"), number_in(application.form, "assets")
    if income is not None and income >= limit.yearly_income_per_head * members:
        yield not_eligible(
            "housing-security.income",
            f"家庭人均年可支配收入应低于{limit.yearly_income_per_head}元",
            f"Yearly income per head must be below {limit.yearly_income_per_head} yuan",
        )
    if assets is not None and assets >= limit.assets_per_head * members:
        yield not_eligible(
            "housing-security.assets",
            f"家庭人均财产应低于{limit.assets_per_head}元",
            f"Assets per head must be below {limit.assets_per_head} yuan",
        )


def within_batch_window(application: Application) -> Iterator[Problem]:
    """Shared-ownership housing is applied for in the batch windows of the district where the hukou is."""
    hukou = application.applicant.hukou
    if hukou is None or not hukou.in_shanghai:
        return
    district = hukou.division_code[:6]
    if open_window(district, application.received_on) is not None:
        return
    coming = next_window(district, application.received_on)
    if coming is None:
        yield Problem(
            code=ProblemCode.OUTSIDE_WINDOW,
            message="户籍所在区目前不在受理期，下一批日期尚未公布",
            message_en="Your hukou district takes no applications now; its next window is not published yet",
            detail="shared-ownership.window",
            next_step="请留意户籍所在区公布的受理期",
            next_step_en="Watch for the window that the district of your hukou will publish",
        )
        return
    yield Problem(
        code=ProblemCode.OUTSIDE_WINDOW,
        message=f"户籍所在区目前不在受理期，下一批为{chinese(coming.opens)}至{chinese(coming.closes)}",
        message_en=f"Your hukou district takes no applications now; next window: {coming.opens} to {coming.closes}",
        detail="shared-ownership.window",
        next_step=f"请在{chinese(coming.opens)}至{chinese(coming.closes)}期间，到户籍所在地受理中心申请",
        next_step_en=f"Apply from {coming.opens} to {coming.closes} at a center where your household is registered",
    )


def ground_matches_record(application: Application) -> Iterator[Problem]:
    """Who applies by hukou has one in Shanghai; who applies by residence permit has a valid one."""
    applicant, ground = application.applicant, application.form.get("applyingAs")
    if ground == "HUKOU" and not applicant.has_shanghai_hukou:
        yield form_invalid(
            "public-rental.no-hukou", "applyingAs", "登记信息中没有本市户籍", "No Shanghai hukou is on record"
        )
    valid = applicant.permit is not None and applicant.permit.valid_on(application.received_on)
    if ground == "RESIDENCE_PERMIT" and not valid:
        yield form_invalid(
            "public-rental.no-permit",
            "applyingAs",
            "登记信息中没有有效的居住证",
            "No valid residence permit is on record",
        )


def short_of_space(application: Application) -> Iterator[Problem]:
    """Public rental housing is for those with little floor area per head."""
    area, members = number_in(application.form, "floorArea"), integer_in(application.form, "householdMembers")
    if area is not None and members is not None and 0 < PUBLIC_RENTAL_AREA * members <= area:
        yield not_eligible(
            "public-rental.area",
            "人均住房建筑面积应低于15平方米",
            "Floor area per head must be below 15 square meters",
        )


def one_support_only(application: Application) -> Iterator[Problem]:
    """Nobody has two kinds of housing support at a time."""
    if application.form.get("otherSupport") in ("LOW_RENT", "SHARED_OWNERSHIP"):
        yield not_eligible(
            "public-rental.other-support",
            "已享受其他住房保障的，不能同时申请公共租赁住房",
            "Public rental housing can't be had beside other housing support",
            next_step="请先退出原有住房保障，再来申请",
            next_step_en="Give up the other support first",
        )


def term_is_sound(application: Application) -> Iterator[Problem]:
    """A lease begins before it ends and lasts at most twenty years."""
    starts, ends = date_in(application.form, "startsOn"), date_in(application.form, "endsOn")
    if starts is None or ends is None:
        return
    if ends <= starts:
        yield form_invalid("lease.order", "endsOn", "租期结束日期应晚于开始日期", "The lease must end after it starts")
    if (ends.year - LEASE_YEARS, ends.month, ends.day) > (starts.year, starts.month, starts.day):
        yield form_invalid("lease.term", "endsOn", "租期不得超过20年", "A lease lasts at most 20 years")


def still_running(application: Application) -> Iterator[Problem]:
    """The lease has not ended before the day of application."""
    ends = date_in(application.form, "endsOn")
    if ends is not None and ends < application.received_on:
        yield form_invalid("lease.ended", "endsOn", "租期已经届满", "The lease has already ended")


def room_for_each(application: Application) -> Iterator[Problem]:
    """Every occupant of a let home has at least five square meters of living area."""
    area, people = number_in(application.form, "livingArea"), integer_in(application.form, "occupants")
    if area is not None and people is not None and area < LIVING_AREA * people:
        yield form_invalid(
            "lease.crowded",
            "occupants",
            "居住使用人人均居住面积不得低于5平方米",
            "Living area per occupant must be 5 square meters or more",
        )


def chinese(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"


RULES: dict[str, tuple[Rule, ...]] = {
    "ZJ-001": (adult, settled_here, means_within_limits),
    "ZJ-002": (adult, old_enough_alone, settled_here, means_within_limits, within_batch_window),
    "ZJ-003": (adult, ground_matches_record, short_of_space, one_support_only),
    "ZJ-004": (not_in_future("changedOn", "变更发生日期", "The day of the change"),),
    "ZJ-005": (
        not_in_future("signedOn", "合同签订日期", "The day of signing"),
        term_is_sound,
        still_running,
        room_for_each,
    ),
    "ZJ-006": (not_in_future("agreedOn", "补充合同签订日期", "The day of the new agreement"), still_running),
    "ZJ-007": (not_in_future("endedOn", "租赁终止日期", "The end of the lease"),),
    "ZJ-008": (term_is_sound, still_running),
}
