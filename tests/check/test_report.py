"""A report: every rule in its order, plain values, the same each time."""

import signal
import threading
from dataclasses import replace

import pytest
from pydantic import TypeAdapter

from check_support import (
    ITEM,
    THOROUGH,
    also,
    checked,
    failed,
    good,
    of_rule,
    shipped_chain,
    shipped_city,
    shipped_items,
)
from tongban.check import FULL, QUICK, Report, Verdict, check, finding
from tongban.contract.items import Barrier, ProcessingMode

REPORTS: TypeAdapter[Report] = TypeAdapter(Report)


@pytest.mark.parametrize("effort", [QUICK, THOROUGH], ids=["quick", "full"])
def test_a_good_item_passes_every_rule(effort: object) -> None:
    report = checked(effort=effort)

    assert [(found.rule, found.verdict) for found in report.findings] == [
        ("same-verdict", Verdict.PASS),
        ("mode-from-barriers", Verdict.PASS),
        ("nothing-asked-twice", Verdict.PASS),
        ("all-at-once", Verdict.PASS),
        ("chain-closed", Verdict.PASS),
        ("guide-complete", Verdict.PASS),
        ("well-behaved", Verdict.PASS),
        ("routing-decided", Verdict.PASS),
    ]
    assert report.passed
    assert (report.mode, report.barriers) == (ProcessingMode.DIRECT, ())
    assert all(found.title and found.title_en and found.evidence and found.evidence_en for found in report.findings)
    assert all(found.example is None for found in report.findings)


def test_the_full_check_tries_thousands_of_applications_at_every_main_center() -> None:
    report = checked(effort=FULL)

    assert report.centers_tried == 220
    assert report.applications_tried >= 2000
    assert f"{report.applications_tried} generated applications" in of_rule(report, "same-verdict").evidence_en


def test_the_applications_counted_are_those_that_the_rules_saw() -> None:
    seen = set()

    def judge(application: object) -> tuple[()]:
        seen.add(repr(application))
        return ()

    report = checked(judge)

    assert 20 <= report.applications_tried <= len(seen)


def test_what_the_dry_run_found_is_the_last_word() -> None:
    drilled = finding("drilled", Verdict.FAIL, ("未在全部中心演练", "Not drilled everywhere"))

    report = checked(drilled=drilled)

    assert report.findings[-1] == drilled
    assert not report.passed


def test_a_report_goes_through_json() -> None:
    report = checked(also(lambda application: application.center.district == "310114" and application.form))

    assert of_rule(report, "same-verdict").example is not None
    assert REPORTS.validate_json(REPORTS.dump_json(report)) == report


@pytest.mark.parametrize("effort", [QUICK, THOROUGH], ids=["quick", "full"])
def test_a_check_says_the_same_each_time(effort: object) -> None:
    def judge(application: object) -> object:
        return also(lambda seen: seen.center.code == "SH0114-03" and seen.form.get("hours", 0) != 0)(application)  # type: ignore[arg-type]

    first, second = checked(judge, effort=effort), checked(judge, effort=effort)

    assert replace(first, seconds=0) == replace(second, seconds=0)


def test_progress_goes_up_to_its_total() -> None:
    steps: list[tuple[int, int]] = []

    checked(progress=lambda done, total: steps.append((done, total)))

    assert [done for done, _ in steps] == sorted(done for done, _ in steps)
    assert len({total for _, total in steps}) == 1
    assert steps[-1][0] == steps[-1][1]
    assert len(steps) > 20


def test_the_process_gets_its_alarm_back() -> None:
    def mine(*_: object) -> None:
        raise AssertionError("nobody rings")

    before = signal.signal(signal.SIGALRM, mine)
    try:
        checked()
        assert signal.getsignal(signal.SIGALRM) is mine
        assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)
    finally:
        signal.signal(signal.SIGALRM, before)


def test_a_check_runs_in_any_thread() -> None:
    reports: list[Report] = []
    thread = threading.Thread(target=lambda: reports.append(checked()))
    thread.start()
    thread.join()

    assert [report.passed for report in reports] == [True]


@pytest.mark.parametrize("code", sorted(shipped_items()))
def test_every_shipped_item_passes(code: str) -> None:
    item, judge = shipped_items()[code]

    report = check(item, judge, lambda application: None, shipped_city(), shipped_chain(), effort=QUICK)

    assert failed(report) == set(), report
    assert (report.mode, report.barriers) == (item.mode, item.barriers)
    assert report.centers_tried == 220


def test_two_shipped_items_are_local_only_for_the_reasons_of_the_source() -> None:
    why = {}
    for code, (item, judge) in shipped_items().items():
        if item.mode is ProcessingMode.LOCAL_ONLY:
            report = check(item, judge, lambda application: None, shipped_city(), shipped_chain(), effort=QUICK)
            why[code] = (report.passed, report.mode, set(report.barriers))

    assert why == {
        "ZJ-001": (
            True,
            ProcessingMode.LOCAL_ONLY,
            {Barrier.APPLICANT_CANNOT_PROVIDE, Barrier.FIELD_VERIFICATION, Barrier.DISTRICT_VARIANT_AMOUNT},
        ),
        "ZJ-002": (
            True,
            ProcessingMode.LOCAL_ONLY,
            {Barrier.APPLICANT_CANNOT_PROVIDE, Barrier.FIELD_VERIFICATION, Barrier.DISTRICT_BATCH_WINDOWS},
        ),
    }


def test_a_shipped_item_passes_in_full() -> None:
    item, judge = shipped_items()["MZ-001"]

    report = check(item, judge, lambda application: None, shipped_city(), shipped_chain())

    assert failed(report) == set(), report
    assert ITEM.code != report.item == "MZ-001"


def test_good_rules_are_the_negative_control() -> None:
    assert checked(good).passed
    assert not checked(also(lambda application: application.center.code > "SH0110")).passed
