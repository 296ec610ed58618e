"""The standard for unemployment assistance (失业补助金), RS-035: one for the whole city since January 2018.

Every district used to have its own: 「原先因各个区执行该政策时政策不完全一致，无法实现通办」, until
「今年1月份出台了全市统一的失业补助金的申请资格标准」 (press conference of 2018-02-27).

That there is one standard is known from there. Its values are compiled from 《社会保险法》第四十五条, which says
who can draw benefit instead. They stand here and nowhere else, so that no center or district can have another.
"""

from collections.abc import Iterator
from datetime import date

from tongban import (
    Application,
    Problem,
    date_in,
    form_invalid,
    integer_in,
    not_eligible,
)

IN_FORCE_FROM = date(2018, 1, 1)
CONTRIBUTION_MONTHS_AT_LEAST = 1
"""Assistance is for those who have been insured at all."""
CONTRIBUTION_MONTHS_FOR_BENEFIT = 12
"""With so many months, benefit (失业保险金) can be drawn; before, only assistance."""


def standard_in_force(application: Application) -> Iterator[Problem]:
    if application.received_on < IN_FORCE_FROM:
        yield not_eligible(
            "unemployment-assistance.no-standard-yet",
            "全市统一的失业补助金申请资格标准自2018年1月起执行",
            "The citywide standard for unemployment assistance holds from January 2018 on",
        )


def has_been_insured(application: Application) -> Iterator[Problem]:
    months = integer_in(application.form, "contributionMonths")
    if months is not None and months < CONTRIBUTION_MONTHS_AT_LEAST:
        yield not_eligible(
            "unemployment-assistance.never-insured",
            "没有参加过失业保险，不能申领失业补助金",
            "Unemployment assistance is for those who have paid contributions",
        )


def contributions_fit_ground(application: Application) -> Iterator[Problem]:
    """Who says that contributions fall short of a year, or that benefit is used up, has the months that go with it."""
    ground = application.form.get("ground")
    months = integer_in(application.form, "contributionMonths")
    if months is None:
        return
    if ground == "SHORT_CONTRIBUTION" and months >= CONTRIBUTION_MONTHS_FOR_BENEFIT:
        yield not_eligible(
            "unemployment-assistance.benefit-first",
            f"缴费已满{CONTRIBUTION_MONTHS_FOR_BENEFIT}个月，不属于缴费不满一年",
            f"Contributions cover {CONTRIBUTION_MONTHS_FOR_BENEFIT} months or more: not short of a year",
            next_step="符合条件的，请申领失业保险金",
            next_step_en="Claim unemployment benefit, if its other conditions are met",
        )
    if ground == "BENEFIT_USED_UP" and months < CONTRIBUTION_MONTHS_FOR_BENEFIT:
        yield form_invalid(
            "unemployment-assistance.no-benefit-drawn",
            "ground",
            f"缴费不满{CONTRIBUTION_MONTHS_FOR_BENEFIT}个月，没有领取过失业保险金，请核对申领情形",
            f"With fewer than {CONTRIBUTION_MONTHS_FOR_BENEFIT} months nobody has drawn benefit: check the ground",
        )


def benefit_used_up(application: Application) -> Iterator[Problem]:
    ended_on = date_in(application.form, "benefitEndedOn")
    if ended_on is not None and ended_on > application.received_on:
        yield not_eligible(
            "unemployment-assistance.benefit-runs",
            "失业保险金尚未领取期满",
            "Unemployment benefit has not run out yet",
            next_step="领取期满后再申领失业补助金",
            next_step_en="Claim assistance after the last month of benefit",
        )
