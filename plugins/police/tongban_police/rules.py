"""Rules of public security (公安): what an application must hold beyond its form and materials."""

from collections.abc import Iterator

from tongban import Application, Problem, Rule, date_in, form_invalid, not_eligible, not_in_future

SHANGHAI = "31"
STREET_DIGITS = 9
"""Leading digits of a division code that name the street or town (GB/T 10114)."""
GUARDIAN_UNTIL = 16
"""Age up to which a guardian applies for the child (as for identity cards)."""


def not_before_birth(field: str, detail: str, words: str, words_en: str) -> Rule:
    """The rule that the day in `field` is not before the applicant was born. `words` name that day to people."""

    def rule(application: Application) -> Iterator[Problem]:
        day, born = date_in(application.form, field), application.applicant.birth_date
        if day is not None and born is not None and day < born:
            yield form_invalid(
                detail, field, f"{words}不能早于出生日期", f"{words_en} can't be before the day of birth"
            )

    return rule


def only_newcomers(application: Application) -> Iterator[Problem]:
    """来沪人员 are people without Shanghai hukou; residents of the city need neither registration nor permit."""
    if application.applicant.has_shanghai_hukou:
        yield not_eligible(
            "newcomer.has-shanghai-hukou",
            "本市户籍人员无需办理来沪人员的登记和居住证",
            "Residents with Shanghai hukou need no newcomer registration and no residence permit",
        )


def holds_no_permit_yet(application: Application) -> Iterator[Problem]:
    """A first permit is for people without one; a card that is only lost is replaced."""
    permit = application.applicant.permit
    if permit is not None and permit.valid_on(application.received_on):
        yield not_eligible(
            "permit.already-held",
            "已持有在有效期内的居住证，不能再次新办",
            "A residence permit in force is held already",
            next_step="请按需要办理居住证签注（GA-002）、补办（GA-003）或换领（GA-004）",
            next_step_en="Apply for endorsement (GA-002), replacement (GA-003) or exchange (GA-004)",
        )


def card_not_reported_lost(application: Application) -> Iterator[Problem]:
    """What is written into the card, or given for it, needs the card; one reported lost is out of use."""
    permit = application.applicant.permit
    if permit is not None and permit.reported_lost:
        yield not_eligible(
            "permit.card-reported-lost",
            "居住证已挂失，原证停止使用",
            "The residence permit is reported lost and out of use",
            next_step="找到原证的，请先解除挂失（GA-009）；未找到的，请补办（GA-003）",
            next_step_en="Cancel the report of loss (GA-009) if the card was found, otherwise replace it (GA-003)",
        )


def loss_not_reported_yet(application: Application) -> Iterator[Problem]:
    """A loss is reported once."""
    permit = application.applicant.permit
    if permit is not None and permit.reported_lost:
        yield not_eligible(
            "permit.already-reported-lost",
            "居住证已经挂失，无需重复办理",
            "The residence permit is reported lost already",
            next_step="需要用证的，请补办（GA-003）",
            next_step_en="Apply for a replacement (GA-003) if the permit is needed",
        )


def lost_after_issue(application: Application) -> Iterator[Problem]:
    """A card can't get lost before it is valid."""
    lost_on, permit = date_in(application.form, "lostOn"), application.applicant.permit
    if lost_on is not None and permit is not None and lost_on < permit.valid_from:
        yield form_invalid(
            "permit.lost-before-issue",
            "lostOn",
            "遗失日期早于居住证有效期的起始日期",
            "The day of loss is before the permit's first day",
        )


def lives_in_another_street(application: Application) -> Iterator[Problem]:
    """人户分离: the residence lies in another street or town than the hukou, as far as both are known."""
    residence, hukou = application.applicant.residence_division, application.applicant.hukou
    if residence is None or hukou is None:
        return
    if _street(residence) == _street(hukou.division_code):
        yield not_eligible(
            "living-away.same-street",
            "实际居住地与户籍地在同一街道（乡镇），不属于人户分离",
            "Residence and hukou are in the same street or town",
            next_step="住处已变化的，请先更新居住地信息",
            next_step_en="Update the record first if the residence has changed",
        )


def lives_in_shanghai(application: Application) -> Iterator[Problem]:
    """The registration is of a place of residence in this city."""
    residence = application.applicant.residence_division
    if residence is not None and not residence.startswith(SHANGHAI):
        yield not_eligible(
            "living-away.outside-shanghai",
            "实际居住地不在本市，不能办理人户分离居住登记",
            "The residence is outside Shanghai",
        )


def hukou_has_followed(application: Application) -> Iterator[Problem]:
    """Whoever cancels because the hukou has moved to the residence has both in one street, as far as both are known."""
    residence, hukou = application.applicant.residence_division, application.applicant.hukou
    if application.form.get("reason") != "HUKOU_MOVED" or residence is None or hukou is None:
        return
    if _street(residence) != _street(hukou.division_code):
        yield form_invalid(
            "living-away.hukou-elsewhere",
            "reason",
            "户口登记地与现居住地仍不一致，注销原因不能选“户口已迁入现住处”",
            "The hukou is not registered where the applicant lives",
        )


def guardian_for_child(field: str) -> Rule:
    """The rule that a guardian acts for a child; `field` says who acts."""

    def rule(application: Application) -> Iterator[Problem]:
        age = application.applicant.age_on(application.received_on)
        if age is not None and age < GUARDIAN_UNTIL and application.form.get(field) == "SELF":
            yield form_invalid(
                "social-security-card.guardian",
                field,
                "未满十六周岁的，须由监护人代为办理",
                "A guardian must act for a child under 16",
            )

    return rule


def has_no_card_yet(application: Application) -> Iterator[Problem]:
    """A first social security card is for people without one."""
    if "M-SSC" in application.applicant.certificates:
        yield not_eligible(
            "social-security-card.already-held",
            "已领过社会保障卡，不能再次申领",
            "A social security card is held already",
            next_step="请按需要办理社会保障卡换领（GA-019）或补领（GA-020）",
            next_step_en="Apply for an exchange (GA-019) or a replacement (GA-020)",
        )


def _street(division_code: str) -> str:
    return division_code[:STREET_DIGITS]


RULES: dict[str, tuple[Rule, ...]] = {
    "GA-001": (only_newcomers, holds_no_permit_yet),
    "GA-002": (only_newcomers, card_not_reported_lost),
    "GA-003": (
        only_newcomers,
        not_in_future("lostOn", "遗失日期", "The day of loss", detail="permit.lost-in-future"),
        lost_after_issue,
    ),
    "GA-004": (only_newcomers, card_not_reported_lost),
    "GA-005": (only_newcomers, card_not_reported_lost),
    "GA-006": (only_newcomers,),
    "GA-007": (only_newcomers,),
    "GA-008": (
        only_newcomers,
        loss_not_reported_yet,
        not_in_future("lostOn", "遗失日期", "The day of loss", detail="permit.lost-in-future"),
        lost_after_issue,
    ),
    "GA-009": (
        only_newcomers,
        not_in_future("foundOn", "找到日期", "The day of finding", detail="permit.found-in-future"),
    ),
    "GA-010": (
        only_newcomers,
        not_in_future("arrivedOn", "来沪日期", "The day of arrival", detail="newcomer.arrived-in-future"),
        not_before_birth("arrivedOn", "newcomer.arrived-before-birth", "来沪日期", "The day of arrival"),
    ),
    "GA-011": (
        only_newcomers,
        not_in_future("changedOn", "变化发生的日期", "The day of the change", detail="newcomer.changed-in-future"),
    ),
    "GA-012": (only_newcomers,),
    "GA-013": (only_newcomers,),
    "GA-014": (only_newcomers, card_not_reported_lost),
    "GA-015": (only_newcomers,),
    "GA-016": (
        lives_in_another_street,
        lives_in_shanghai,
        not_in_future(
            "livingAwaySince", "居住起始日期", "The first day of residence", detail="living-away.since-in-future"
        ),
        not_before_birth(
            "livingAwaySince", "living-away.since-before-birth", "居住起始日期", "The first day of residence"
        ),
    ),
    "GA-017": (
        hukou_has_followed,
        not_in_future(
            "endedOn", "人户分离结束的日期", "The last day of living away", detail="living-away.ended-in-future"
        ),
    ),
    "GA-018": (has_no_card_yet, guardian_for_child("appliedBy")),
    "GA-020": (not_in_future("lostOn", "失卡日期", "The day of loss", detail="social-security-card.lost-in-future"),),
    "GA-021": (
        not_in_future("happenedOn", "遗失或找到日期", "That day", detail="social-security-card.happened-in-future"),
    ),
    "GA-022": (guardian_for_child("activatedBy"),),
}
