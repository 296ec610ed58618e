"""Makes rules of one kind for fields of different names. `zh` and `en` are what people call the field."""

from collections.abc import Iterator

from tongban import Application, Problem, Rule, date_in, form_invalid, integer_in, number_in

SHANGHAI = "31"
"""Province part of every division code of Shanghai (GB/T 2260)."""


def in_order(earlier: str, later: str, zh: tuple[str, str], en: tuple[str, str]) -> Rule:
    """A rule: the date in `later` is not before the one in `earlier`. The problem is placed at `later`."""

    def rule(application: Application) -> Iterator[Problem]:
        first, last = date_in(application.form, earlier), date_in(application.form, later)
        if first is not None and last is not None and last < first:
            yield form_invalid(
                "date.reversed", later, f"{zh[1]}不能早于{zh[0]}", f"The {en[1]} can't be before the {en[0]}"
            )

    return rule


def year_not_in_future(field: str, zh: str, en: str) -> Rule:
    """A rule: the year in `field` is not later than the one in which the application is received."""

    def rule(application: Application) -> Iterator[Problem]:
        year = integer_in(application.form, field)
        if year is not None and year > application.received_on.year:
            yield form_invalid("year.in-future", field, f"{zh}不能晚于今年", f"{en} can't be later than this year")

    return rule


def part_of(part: str, whole: str, zh: tuple[str, str], en: tuple[str, str]) -> Rule:
    """A rule: the amount in `part` is not greater than the one in `whole`. The problem is placed at `part`."""

    def rule(application: Application) -> Iterator[Problem]:
        some, total = number_in(application.form, part), number_in(application.form, whole)
        if some is not None and total is not None and some > total:
            yield form_invalid(
                "amount.exceeds-total", part, f"{zh[0]}不能大于{zh[1]}", f"The {en[0]} can't exceed the {en[1]}"
            )

    return rule


def outside_shanghai(field: str, zh: str, en: str) -> Rule:
    """A rule: the division code in `field` names a place outside Shanghai; inside there is nothing to apply for."""

    def rule(application: Application) -> Iterator[Problem]:
        code = application.form.get(field)
        if isinstance(code, str) and code.startswith(SHANGHAI):
            yield form_invalid(
                "place.in-shanghai",
                field,
                f"{zh}在本市，无需办理：本市各区之间通用",
                f"The {en} lies in Shanghai, where all districts share one insurance: there is nothing to apply for",
            )

    return rule
