"""A hostile set of plugins (`plugins_bad/`): each is caught by what is meant for it, and the others stay served.

What is meant for it: the quarantine, when it is loaded; the limits of its process, when it is asked; or a rule of the
tongban check, before it is admitted.
"""

import asyncio
import os
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

import pytest
import pytest_asyncio

from check_support import of_rule, shipped_city
from plugins_bad.base import ITEM
from support import DIRECT_ITEM, HONGKOU, MakeApi, application, centers_of, done, register, submit
from tongban import Application, ProblemCode
from tongban.check import QUICK, Verdict, chain_of
from tongban.check.chain import MaterialFacts
from tongban.registry import GROUP, Judgment, Limits, PluginState, Registry, open_registry
from tongban.testing import sample_application

FOLDER = Path(__file__).parent / "plugins_bad"
LIMITS = Limits(start_seconds=60, call_seconds=1, check_seconds=5, open_seconds=0.3)
GOOD = "a_good_neighbor"

QUARANTINED = {
    "claims_anothers_code": r"^plugins_bad.claims_anothers_code claims codes twice: "
    r"GOOD \(claimed by plugins_bad.a_good_neighbor too\), GOOD-001 \(claimed by plugins_bad.a_good_neighbor too\)$",
    "misspells_a_hook": "PluginValidationError: unknown hook 'tongban_valdiate'",
    "names_an_argument_wrong": r"PluginValidationError: (.|\n)*\{'applicaton'\} are declared in the hookimpl but",
    "wants_a_newer_contract": "written for contract 2.0, newer than 1.0.0: upgrade tongban",
    "wants_an_older_contract": "written for contract 0.9, too old for 1.0.0: adapt the plugin",
    "is_no_department": "tongban_department gives no Department",
    "gives_no_department": "tongban_department gives no Department",
    "fails_to_import": "ModuleNotFoundError: No module named 'nowhere_to_be_found'",
    "ends_its_process_at_import": r"its process ended \(code 3\)",
}
FAILING = {
    "raises": r"RuntimeError in raises.py, line \d+",
    "exits_softly": r"SystemExit in exits_softly.py, line \d+",
    "interrupts": r"KeyboardInterrupt in interrupts.py, line \d+",
    "sleeps": "no answer within 1 s",
    "loops": "no answer within 1 s",
    "loops_and_swallows": "no answer within 1 s",
    "hoards": r"MemoryError in hoards.py, line \d+",
    "answers_nan": "tongban_validate gave float, no problems",
    "answers_garbage": "tongban_validate gave dict, no Problem",
    "answers_too_much": "an answer of 10,500,1.. bytes; at most 262,144 are taken",
    "answers_with_nul": "an answer with NUL characters, which no database keeps",
    "ends_its_process": r"its process ended \(code 3\)",
    "closes_descriptors": r"its process ended \((code 1|SIGKILL)\)",
    "forks": r"PermissionError in forks.py, line \d+",
    "writes_files": r"OSError in writes_files.py, line \d+",
}
REFUSED = {
    "raises": ("well-behaved", "Raises RuntimeError"),
    "exits_softly": ("well-behaved", "Raises SystemExit"),
    "interrupts": ("well-behaved", "KeyboardInterrupt"),
    "sleeps": ("well-behaved", "No answer within 1 s"),
    "loops": ("well-behaved", "No answer within 1 s"),
    "loops_and_swallows": ("well-behaved", "did not answer as agreed: no answer within 5 s"),
    "hoards": ("well-behaved", "Raises MemoryError"),
    "answers_nan": ("well-behaved", "gave float, no problems"),
    "answers_garbage": ("well-behaved", "gave dict, no Problem"),
    "answers_too_much": ("well-behaved", "larger than 65536 bytes"),
    "ends_its_process": ("well-behaved", "did not answer as agreed: its process ended (code 3)"),
    "forks": ("well-behaved", "Raises PermissionError: rules may not start processes"),
    "closes_descriptors": ("well-behaved", "did not answer as agreed: its process ended"),
    "reads_files": ("well-behaved", "Touches the outside world: open"),
    "opens_sockets": ("well-behaved", "Touches the outside world: socket.__new__"),
    "writes_files": ("well-behaved", "Raises OSError"),
    "counts_its_calls": ("well-behaved", "another answer the second time"),
    "judges_by_district": ("same-verdict", "each district has a standard of its own"),
    "looks_at_the_center": ("same-verdict", "is judged otherwise at"),
    "one_at_a_time": ("all-at-once", "are not both told when both are there"),
    "asks_the_name_again": ("nothing-asked-twice", "name asks for the name again"),
    "needs_itself": ("chain-closed", "NEEDS-ITSELF-001 → M-CIRCLE → NEEDS-ITSELF-001"),
}
HARMLESS = {"prints", "answers_twice", "leaves_children"}
"""How their processes are set up keeps others from harm: each has a test of its own."""


def point(name: str) -> EntryPoint:
    return EntryPoint(name, f"plugins_bad.{name}", GROUP)


def code_of(name: str) -> str:
    return "GOOD" if name == GOOD else name.upper().replace("_", "-")


def sample(name: str, hours: int | None = None) -> Application:
    """The sample application for the plugin's item."""
    plain = sample_application(ITEM)
    form = plain.form if hours is None else {**plain.form, "hours": hours}
    return replace(plain, item=f"{code_of(name)}-001", form=form)


async def judged(registry: Registry, name: str, hours: int | None = None) -> Judgment:
    return await registry.judge(code_of(name), sample(name, hours))


def reason(judgment: Judgment) -> str:
    """Why the department could not answer."""
    (problem,) = judgment.problems
    assert problem.code is ProblemCode.PLUGIN_FAILED
    assert judgment.mode is None
    assert problem.detail
    return problem.detail


async def serves(registry: Registry) -> None:
    """The good neighbor is asked, and answers rightly."""
    assert await judged(registry, GOOD) == Judgment((), None)
    (refused,) = (await judged(registry, GOOD, hours=1)).problems
    assert refused.detail == "neighbor.young"


def children() -> set[int]:
    """The processes that we started and that are not gone, not even waited for."""
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = stat.read_text().rpartition(")")[2].split()[1]
        except OSError:
            continue  # gone meanwhile
        if int(parent) == os.getpid():
            found.add(int(stat.parent.name))
    return found


def labeled(label: str) -> list[int]:
    """The workers of that label and all that they forked, whoever is their parent now."""
    found = []
    for line in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = line.read_bytes().split(b"\0")
        except OSError:
            continue
        if b"tongban.registry.worker" in words and label.encode() in words:
            found.append(int(line.parent.name))
    return found


async def gone(label: str) -> None:
    """Waits until init has taken the orphans away."""
    for _ in range(500):
        if not labeled(label):
            return
        await asyncio.sleep(0.01)
    pytest.fail(f"processes of {label} are left: {labeled(label)}")


def threads() -> int:
    return len(list(Path("/proc/self/task").iterdir()))


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest_asyncio.fixture(scope="module")
async def hostile() -> AsyncIterator[Registry]:
    """All bad plugins but the one that hangs, a good one, and a real one, in one registry."""
    names = {GOOD, *QUARANTINED, *FAILING, *REFUSED, *HARMLESS}
    real = [one for one in entry_points(group=GROUP) if one.name == "archives"]
    async with open_registry([*map(point, names), *real], LIMITS) as registry:
        yield registry


def test_each_bad_plugin_has_its_line_here() -> None:
    known = {GOOD, "base", "hangs_at_import", *QUARANTINED, *FAILING, *REFUSED, *HARMLESS}
    assert {path.stem for path in FOLDER.glob("*.py")} == known


@pytest.mark.parametrize(("name", "why"), QUARANTINED.items())
async def test_the_quarantine_keeps_it_out(hostile: Registry, name: str, why: str) -> None:
    (plugin,) = (one for one in hostile.plugins if one.name == name)
    assert (plugin.state, plugin.department) == (PluginState.QUARANTINED, None)
    assert plugin.problem
    assert re.search(why, plugin.problem), plugin.problem
    await serves(hostile)


async def test_who_hangs_at_import_is_waited_for_no_longer_than_agreed() -> None:
    async with open_registry([point(GOOD), point("hangs_at_import")], replace(LIMITS, start_seconds=5)) as registry:
        (plugin,) = (one for one in registry.plugins if one.name == "hangs_at_import")
        assert (plugin.state, plugin.problem) == (PluginState.QUARANTINED, "no answer within 5 s")
        await serves(registry)


@pytest.mark.parametrize(("name", "why"), FAILING.items())
async def test_its_own_items_fail_and_all_others_are_served(
    hostile: Registry, make_api: MakeApi, name: str, why: str
) -> None:
    """The neighbor answers, and a case of a real department is submitted, while the bad one is asked."""
    api = make_api(departments=hostile)
    [center, *_] = await centers_of(api, HONGKOU)
    resident = await register(api, hukouDivisionCode=center["divisionCode"])
    said = await application(api, DIRECT_ITEM, center["code"], resident["id"])

    bad = asyncio.create_task(judged(hostile, name))
    await asyncio.sleep(0)
    await serves(hostile)
    assert (await done(submit(api, said)))["number"]

    found = reason(await bad)
    assert re.fullmatch(why, found), found
    await serves(hostile)


@pytest.mark.parametrize(("name", "rule", "words"), [(name, *told) for name, told in REFUSED.items()])
async def test_the_check_refuses_its_item_by_the_rule_meant_for_it(
    hostile: Registry, name: str, rule: str, words: str
) -> None:
    department = hostile.departments[code_of(name)]
    (item,) = department.items
    chain = chain_of([department])
    chain = replace(chain, materials={"M-ID": MaterialFacts("M-ID", "公安"), **chain.materials})
    async with hostile.checker(department.code) as checker:
        report = await checker.check(item, shipped_city(), chain, QUICK)
    assert not report.passed
    found = of_rule(report, rule)
    assert found.verdict is Verdict.FAIL
    assert words in found.evidence_en
    if rule != "well-behaved":
        assert {one.rule for one in report.findings if one.verdict is Verdict.FAIL} <= {rule, "mode-from-barriers"}
    await serves(hostile)


async def test_the_good_neighbor_passes_the_same_check(hostile: Registry) -> None:
    """So that what is refused is refused for what is bad about it."""
    (item,) = hostile.departments["GOOD"].items
    chain = replace(chain_of(()), materials={"M-ID": MaterialFacts("M-ID", "公安")})
    async with hostile.checker("GOOD") as checker:
        report = await checker.check(item, shipped_city(), chain, QUICK)
    assert report.passed, [one for one in report.findings if one.verdict is Verdict.FAIL]


async def test_the_office_sees_state_and_reason_of_each(hostile: Registry, make_api: MakeApi) -> None:
    reason(await judged(hostile, "answers_nan"))
    await judged(hostile, GOOD)
    answer = await make_api(departments=hostile).ask(
        "{ plugins { name state lastProblem contractVersion calls failures p95Ms itemCount } }"
    )
    found = {one["name"]: one for one in answer["plugins"]}
    assert {name for name, one in found.items() if one["state"] == "QUARANTINED"} == set(QUARANTINED)
    newer = found["wants_a_newer_contract"]
    assert newer["lastProblem"] == "written for contract 2.0, newer than 1.0.0: upgrade tongban"
    assert (newer["contractVersion"], newer["calls"], newer["p95Ms"], newer["itemCount"]) == ("unknown", 0, None, 0)
    nan = found["answers_nan"]
    assert (nan["state"], nan["lastProblem"]) == ("ACTIVE", "tongban_validate gave float, no problems")
    assert nan["calls"] >= nan["failures"] >= 1
    good = found[GOOD]
    assert (good["lastProblem"], good["failures"], good["contractVersion"]) == (None, 0, "1.0.0")
    assert good["calls"] > 0
    assert good["p95Ms"] > 0


async def test_what_a_plugin_prints_reaches_nobody(
    hostile: Registry, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    assert await judged(hostile, "prints") == Judgment((), None)
    out, err = capfd.readouterr()
    assert "SECRET" not in out + err + caplog.text


async def test_the_words_of_an_error_are_kept_from_answer_and_log(
    hostile: Registry, caplog: pytest.LogCaptureFixture
) -> None:
    """They may quote the application. Type and line are said."""
    assert "2016-01-01" in str(sample("raises"))
    assert "2016-01-01" not in reason(await judged(hostile, "raises")) + caplog.text
    assert "RuntimeError in raises.py" in caplog.text


async def test_one_question_gets_one_answer_though_two_could_give_one(hostile: Registry) -> None:
    """The second would be taken for the answer to the next question, about somebody else."""
    for hours in (11, 12, 13):
        (problem,) = (await judged(hostile, "answers_twice", hours)).problems
        assert problem.message == str(hours)


async def test_children_end_with_the_process() -> None:
    label = f"children-{os.getpid()}"
    async with open_registry([EntryPoint(label, "plugins_bad.leaves_children", GROUP)], LIMITS) as registry:
        assert await judged(registry, "leaves_children") == Judgment((), None)
        assert len(labeled(label)) == 2
    await gone(label)


async def test_children_of_a_process_that_ended_itself_end_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    label = f"orphans-{os.getpid()}"
    rule = """
@hookimpl
def tongban_validate(application):
    os._exit(4)
"""
    (tmp_path / "orphans.py").write_text((FOLDER / "leaves_children.py").read_text() + rule)
    async with open_registry([EntryPoint(label, "orphans", GROUP)], LIMITS) as registry:
        assert len(labeled(label)) == 2
        assert reason(await judged(registry, "leaves_children")) == "its process ended (code 4)"
        await gone(label)


async def test_nothing_is_left_of_any_of_them() -> None:
    """No process, not even one that nobody waits for; no thread; no file descriptor."""
    before = children(), threads(), descriptors()
    names = [GOOD, "sleeps", "loops_and_swallows", "ends_its_process", "fails_to_import", "answers_too_much"]
    async with open_registry(map(point, names), LIMITS) as registry:
        assert len(children() - before[0]) == 5
        await asyncio.gather(*(judged(registry, name) for name in names))
        cut_off = asyncio.create_task(judged(registry, "sleeps"))
        await asyncio.sleep(0.1)
        cut_off.cancel()
    assert (children(), threads(), descriptors()) == before
