"""Rules of 试验部门: what an application must hold beyond its form and materials."""

from collections.abc import Iterator

from tongban import Application, Problem, Rule, not_eligible

ADULT = 18


def agents_act_for_adults(application: Application) -> Iterator[Problem]:
    """Minors come themselves, with a guardian; an agent acts for adults only."""
    age = application.applicant.age_on(application.received_on)
    if application.form.get("filedBy") == "AGENT" and age is not None and age < ADULT:
        yield not_eligible(
            "certificate.minor-by-agent",
            "未成年人不能委托他人代办",
            "Nobody else applies for a minor",
            next_step="请由监护人陪同前来",
            next_step_en="Please come with a guardian",
        )


RULES: dict[str, tuple[Rule, ...]] = {"TT-001": (agents_act_for_adults,)}
