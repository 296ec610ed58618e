"""Rules of the housing provident fund (住房公积金): what an application must hold beyond its form and materials."""

import re
from collections.abc import Iterator

from tongban import Application, Problem, Rule, form_invalid

FIRST_MONTH = "1991-05"
"""Month in which Shanghai began its provident fund."""


def records_have_months(application: Application) -> Iterator[Problem]:
    """An enquiry for records says from which month to which."""
    if application.form.get("scope") != "RECORDS":
        return
    for field in ("fromMonth", "toMonth"):
        if application.form.get(field) is None:
            yield form_invalid(
                "fund.months-needed", field, "查询明细的，请填写起止月份", "Say from which month to which"
            )


def months_in_order(application: Application) -> Iterator[Problem]:
    """The first month is not later than the last."""
    first, last = form_month(application, "fromMonth"), form_month(application, "toMonth")
    if first is not None and last is not None and first > last:
        yield form_invalid(
            "fund.month-order", "toMonth", "截止月份不能早于起始月份", "The last month can't be before the first"
        )


def months_are_on_file(application: Application) -> Iterator[Problem]:
    """Records begin with the fund itself and end today."""
    first, last = form_month(application, "fromMonth"), form_month(application, "toMonth")
    if first is not None and first < FIRST_MONTH:
        yield form_invalid(
            "fund.before-start",
            "fromMonth",
            "本市住房公积金自1991年5月起建立，起始月份不能更早",
            "Shanghai's fund began in May 1991",
        )
    if last is not None and last > application.received_on.isoformat()[:7]:
        yield form_invalid("fund.future", "toMonth", "截止月份不能晚于本月", "The last month can't be in the future")


def form_month(application: Application, field: str) -> str | None:
    """The month (YYYY-MM) in a field of the form; None where there is none."""
    value = application.form.get(field)
    return value if isinstance(value, str) and re.fullmatch(r"[0-9]{4}-(0[1-9]|1[0-2])", value) else None


RULES: dict[str, tuple[Rule, ...]] = {"GJ-001": (records_have_months, months_in_order, months_are_on_file)}
