"""Rules of grain (粮食): what an application must hold beyond its form and materials."""

from collections.abc import Iterator

from tongban import Application, Problem, Rule, form_invalid, not_eligible

ADULT = 18


def card_number_is_sound(application: Application) -> Iterator[Problem]:
    """The last digit of a bank card's number fits the others (ISO/IEC 7812); a passbook has no such digit."""
    account = application.form.get("account")
    if application.form.get("accountKind") != "CARD" or not isinstance(account, str) or not _digits(account):
        return
    if not passes_luhn(account):
        yield form_invalid(
            "food-subsidy.card-number",
            "account",
            "银行卡号有误，请核对每一位数字",
            "The card number is mistyped; check each digit",
        )


def not_paid_elsewhere(application: Application) -> Iterator[Problem]:
    """The subsidy comes through one channel only: employer, pension or registration."""
    if application.form.get("paidThrough") in ("EMPLOYER", "PENSION"):
        yield not_eligible(
            "food-subsidy.paid-elsewhere",
            "补贴已由单位或随养老金发放，不能重复登记",
            "The subsidy is already paid by the employer or with the pension",
            next_step="停发以后，再来登记",
            next_step_en="Register once that payment has ended",
        )


def minors_have_a_guardian(application: Application) -> Iterator[Problem]:
    """A minor is registered by the guardian."""
    age = application.applicant.age_on(application.received_on)
    if age is not None and age < ADULT and application.form.get("filedBy") == "SELF":
        yield form_invalid(
            "food-subsidy.minor", "filedBy", "未成年人应由监护人代为申请", "A minor is registered by the guardian"
        )


def passes_luhn(digits: str) -> bool:
    """Whether the check digit of a card number fits (Luhn)."""
    doubled = (int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits)))
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0


def _digits(text: str) -> bool:
    return text.isascii() and text.isdigit()


RULES: dict[str, tuple[Rule, ...]] = {
    "LS-001": (card_number_is_sound,),
    "LS-002": (card_number_is_sound, not_paid_elsewhere, minors_have_a_guardian),
}
