"""Rules that don't behave: each is named for what it does, and the check lives through it."""

import datetime
import random
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from check_support import REFUSED, THOROUGH, Judge, also, checked, failed, good, of_rule
from tongban.check import QUICK, Report, Verdict
from tongban.check.watch import watched
from tongban.contract.applications import Application
from tongban.contract.items import ProcessingMode
from tongban.contract.problems import Problem

SMALLEST = {"receivedOn": "2026-11-24", "center": "SH0101-01"}


def said(report: Report) -> str:
    found = of_rule(report, "well-behaved")
    assert found.verdict is Verdict.FAIL
    return found.evidence_en


def test_a_rule_that_raises_is_shrunk_to_what_makes_it_raise() -> None:
    def judge(application: Application) -> Sequence[Problem]:
        hours: Any = application.form.get("hours", 1)
        return () if hours % 7 else good(application)

    report = checked(judge, effort=THOROUGH)

    assert "Raises TypeError" in said(report)
    example = of_rule(report, "well-behaved").example
    assert example is not None
    assert example.keys() <= {"form", "receivedOn", "center"}
    assert example.get("form", {}).keys() <= {"hours"}


@pytest.mark.parametrize("error", [SystemExit(1), GeneratorExit(), MemoryError(), RecursionError(), BaseException("x")])
def test_nothing_that_is_raised_ends_the_check(error: BaseException) -> None:
    def judge(application: Application) -> Sequence[Problem]:
        raise error

    report = checked(judge)

    assert f"Raises {type(error).__name__}" in said(report)
    assert of_rule(report, "well-behaved").example == SMALLEST


def test_an_error_that_can_not_be_put_into_words_is_named() -> None:
    class MuteError(Exception):
        def __str__(self) -> str:
            raise ValueError

    def judge(application: Application) -> Sequence[Problem]:
        raise MuteError

    assert "Raises MuteError" in said(checked(judge))


def test_who_stops_the_check_at_the_keyboard_is_heard() -> None:
    def judge(application: Application) -> Sequence[Problem]:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        checked(judge)


@contextmanager
def in_a_thread_or_not(in_thread: bool, judge: Judge, reports: list[Report]) -> Iterator[None]:
    if not in_thread:
        reports.append(checked(judge, limit=0.05))
    else:
        thread = threading.Thread(target=lambda: reports.append(checked(judge, limit=0.05)))
        thread.start()
        thread.join()
    yield


def test_an_endless_loop_is_ended_and_nothing_more_is_asked() -> None:
    calls = 0

    def judge(application: Application) -> Sequence[Problem]:
        nonlocal calls
        calls += 1
        while calls > 30:
            pass
        return ()

    report = checked(judge, limit=0.05)

    assert "No answer within 0.05 s" in said(report)
    assert calls == 31
    assert failed(report) == {"same-verdict", "all-at-once", "well-behaved"}
    assert of_rule(report, "well-behaved").example is not None


def test_a_hang_that_only_hypothesis_meets_is_ended_too() -> None:
    def judge(application: Application) -> Sequence[Problem]:
        hours = application.form.get("hours")
        while isinstance(hours, int) and 20 < hours < 60:
            pass
        return ()

    report = checked(judge, limit=0.05, effort=THOROUGH._replace(seeded=0))

    assert "No answer within" in said(report)
    assert 20 < (of_rule(report, "well-behaved").example or {})["form"]["hours"] < 60


def test_rules_that_are_each_time_a_little_slow_are_too_slow_in_all() -> None:
    def judge(application: Application) -> Sequence[Problem]:
        threading.Event().wait(0.01)
        return ()

    report = checked(judge, effort=QUICK._replace(seconds=0.2))

    assert "questions took too long in all" in said(report)


def test_a_loop_that_swallows_errors_is_ended_too() -> None:
    def judge(application: Application) -> Sequence[Problem]:
        while True:
            try:
                sum(range(1000))
            except Exception:  # noqa: S112
                continue

    assert "No answer within" in said(checked(judge, limit=0.05))


@pytest.mark.parametrize("in_thread", [False, True])
def test_slow_rules_are_seen_off_the_main_thread_too(in_thread: bool) -> None:
    def judge(application: Application) -> Sequence[Problem]:
        threading.Event().wait(0.1)
        return ()

    reports: list[Report] = []
    with in_a_thread_or_not(in_thread, judge, reports):
        assert "No answer within 0.05 s" in said(reports[0])


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("a text", "str, not a tuple or list"),
        ({"problem": 1}, "dict, not a tuple or list"),
        (float("nan"), "float, not a tuple or list"),
        ((float("nan"),), "holds float, not Problem"),
        ((None,), "holds NoneType, not Problem"),
        (iter(()), "not a tuple or list"),
        ((replace(REFUSED, message="很" * 5_000_000),), "larger than"),
        ((REFUSED,) * 100_000, "100000 problems"),
        ((replace(REFUSED, code="CARE"),), "no ProblemCode"),  # type: ignore[arg-type]
        ((replace(REFUSED, message=None),), "something else than text"),  # type: ignore[arg-type]
        ((replace(REFUSED, message="  "),), "no message"),
        ((replace(REFUSED, message="\ud800"),), "not Unicode"),
        ((replace(REFUSED, path=["form"]),), "path is no tuple"),  # type: ignore[arg-type]
        ((replace(REFUSED, path=(float("nan"),)),), "something else than text"),  # type: ignore[arg-type]
        ((replace(REFUSED, detail=7),), "something else than text"),  # type: ignore[arg-type]
    ],
)
def test_rubbish_is_no_answer(answer: Any, words: str) -> None:
    report = checked(lambda application: answer)

    assert words in said(report)
    assert of_rule(report, "well-behaved").example == SMALLEST


def test_a_mode_that_is_none_is_no_answer() -> None:
    assert "the mode is str" in said(checked(mode_of=lambda application: "FAST"))


def test_no_problem_may_be_said_by_none_or_an_empty_list() -> None:
    assert checked(lambda application: None).passed
    assert checked(lambda application: []).passed


def test_chance_is_seen_by_its_answers_and_by_its_call() -> None:
    coin = random.Random(5)

    assert "another answer the second time" in said(checked(also(lambda application: coin.random() < 0.3)))
    assert "random.random" in said(checked(also(lambda application: random.random() < 0)))
    assert "os.urandom" in said(checked(also(lambda application: not uuid4())))


def test_flips_are_not_taken_for_a_standard_of_districts() -> None:
    coin = random.Random(5)

    report = checked(also(lambda application: coin.random() < 0.01))

    assert failed(report) == {"well-behaved"}


def test_a_memory_of_earlier_applications_is_seen() -> None:
    seen: list[Application] = []

    def judge(application: Application) -> Sequence[Problem]:
        again = application in seen
        seen[:] = [application]
        return (REFUSED,) if again else ()

    assert "another answer the second time" in said(checked(judge))


@pytest.mark.parametrize(
    ("clock", "name"),
    [
        (time.time, "time.time"),
        (time.monotonic_ns, "time.monotonic_ns"),
        (date.today, "date.today"),
        (datetime.datetime.now, "datetime.now"),
    ],
)
def test_the_clock_is_seen_even_where_no_answer_depends_on_it(clock: Judge, name: str) -> None:
    def judge(application: Application) -> Sequence[Problem]:
        clock()  # type: ignore[call-arg]
        return good(application)

    assert f"clock or chance: {name}" in said(checked(judge))


def test_reading_a_file_is_seen(tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    table.write_text("1")

    report = checked(also(lambda application: table.read_text() == "0"))

    assert f"Touches the outside world: open '{table}'" in said(report)
    assert of_rule(report, "well-behaved").example == SMALLEST


@pytest.mark.parametrize(
    ("deed", "event"),
    [
        (lambda: socket.socket().close(), "socket.__new__"),
        (lambda: subprocess.run(["true"], check=True), "subprocess.Popen"),
        (lambda: Path(__file__).parent.iterdir().__next__(), "os.listdir"),
        (lambda: threading.Thread(target=len, args=((),)).start(), "_thread.start_new_thread"),
        (lambda: time.sleep(0), "time.sleep"),
    ],
)
def test_each_way_to_the_outside_world_is_seen(deed: Any, event: str) -> None:
    few = QUICK._replace(at_all_centers=0, centers_each=1, to_shrink=200)

    report = checked(also(lambda application: application.form.get("ground") == "AGE" and deed() == 0), effort=few)

    assert event in said(report)
    example = of_rule(report, "well-behaved").example
    assert example is not None
    assert example["form"] == {"ground": "AGE"}


def test_a_module_that_is_loaded_while_judging_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "late_tables.py").write_text("LIMIT = 3\n")
    monkeypatch.syspath_prepend(str(tmp_path))

    def judge(application: Application) -> Sequence[Problem]:
        sys.modules.pop("late_tables", None)
        import late_tables  # type: ignore[import-not-found]

        return () if late_tables.LIMIT else (REFUSED,)

    assert "import late_tables" in said(checked(judge))


def test_the_standard_library_may_load_its_own_parts_late() -> None:
    def judge(application: Application) -> Sequence[Problem]:
        sys.modules.pop("colorsys", None)
        import colorsys

        return () if colorsys.ONE_THIRD else (REFUSED,)

    assert checked(judge).passed


def test_what_others_do_meanwhile_is_not_the_rules_deed(tmp_path: Path) -> None:
    begin, done = threading.Event(), threading.Event()

    def work() -> None:
        begin.wait()
        (tmp_path / "x").write_text("x")
        done.set()

    thread = threading.Thread(target=work)
    thread.start()
    noted: set[str] = set()
    with watched(noted):
        begin.set()
        done.wait()
    thread.join()

    assert noted == set()


def test_who_changes_the_form_is_seen() -> None:
    def judge(application: Application) -> Sequence[Problem]:
        form: Any = application.form
        form.pop("hours", None)
        return ()

    assert "Changes the form" in said(checked(judge))


def test_a_mode_beyond_what_was_admitted_is_named() -> None:
    report = checked(mode_of=lambda application: ProcessingMode.SPLIT if application.form.get("hours") else None)

    found = of_rule(report, "mode-from-barriers")
    assert found.verdict is Verdict.FAIL
    assert "say SPLIT of a case; the item is DIRECT" in found.evidence_en
    assert found.example is not None
    assert found.example["form"].keys() == {"hours"}


def test_the_check_leaves_no_profile_behind() -> None:
    before = sys.getprofile()

    checked(effort=QUICK)

    assert sys.getprofile() is before
