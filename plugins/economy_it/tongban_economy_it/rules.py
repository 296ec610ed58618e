"""Rules of economy and informatization (经信): what an application must hold beyond its form and materials."""

from collections.abc import Iterator

from tongban import Application, Problem, Rule, not_eligible

OWN_CONSENT = 14
"""Age below which a guardian consents to the use of personal data (Personal Information Protection Law, article 31)."""


def children_have_consent(application: Application) -> Iterator[Problem]:
    """A child's account is verified with the guardian's consent."""
    age = application.applicant.age_on(application.received_on)
    if age is not None and age < OWN_CONSENT and application.form.get("guardianConsent") is not True:
        yield not_eligible(
            "real-name.guardian-consent",
            "不满14周岁的，应由监护人书面同意",
            "Below the age of 14 a guardian must consent in writing",
            next_step="请由监护人陪同到场，并签署同意书",
            next_step_en="Come with a guardian, who signs the consent",
        )


RULES: dict[str, tuple[Rule, ...]] = {"JX-001": (children_have_consent,)}
