"""The host of departments' plugins: what is wrong with one stays with it, and the others serve.

A set of hostile plugins is in `plugins_bad/`, with a test of its own.
"""

import asyncio
import importlib.metadata
import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import ClassVar

import pytest
import uvloop

from tongban.contract.applications import Applicant, Application, ReceivingCenter
from tongban.contract.items import ProcessingMode
from tongban.contract.problems import ProblemCode
from tongban.errors import SetupError
from tongban.registry import GROUP, Judgment, Limits, Plugin, PluginState, Registry, open_registry

GOOD = """
from tongban import *
from tongban import hookimpl

GUIDE = Guide(summary="", steps=("申请",), conditions=("无",), fee="不收费", result_name="证明")


def item(code, **said):
    plain = dict(
        code=code, name=code, themes=("试验",), mode=ProcessingMode.DIRECT, audiences=(Audience.ANYONE,),
        routing_basis=RoutingBasis.NONE, guide=GUIDE, form={}, materials=(), promised_days=0, provenance="test",
        tongban_from=date(2017, 1, 1),
    )
    return ItemDefinition(**plain | said)


@hookimpl
def tongban_department():
    return Department(code=CODE, name=CODE, name_en=CODE, provenance="test", items=ITEMS, materials=MATERIALS)
"""
MakePlugin = Callable[..., EntryPoint]
SHORT = Limits(call_seconds=0.5, open_seconds=0.3)


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MakePlugin:
    """Installs a plugin: a module of its own and the metadata of a distribution, as pip leaves them."""
    monkeypatch.syspath_prepend(tmp_path)

    def install(name: str, code: str | None = None, items: str = "", rules: str = "", source: str = GOOD) -> EntryPoint:
        module = f"tongban_trial_{name}"
        code = code or name.upper()
        first = f'item("{code}-001")'
        head = f"from datetime import date\nCODE = {code!r}\nMATERIALS = ()\n"
        tail = f"ITEMS = ({items or first},)\n"
        (tmp_path / f"{module}.py").write_text(head + source + tail + textwrap.dedent(rules), encoding="utf-8")
        metadata = tmp_path / f"tongban_trial_{name}-2.1.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: tongban-trial-{name}\nVersion: 2.1\n")
        (metadata / "entry_points.txt").write_text(f"[{GROUP}]\n{name} = {module}\n")
        (distribution,) = (
            found
            for found in importlib.metadata.distributions(path=[str(tmp_path)])
            if found.name == f"tongban-trial-{name}"
        )
        (point,) = distribution.entry_points
        return point

    return install


def application(item: str = "A-001") -> Application:
    return Application(
        item=item,
        applicant=Applicant(),
        center=ReceivingCenter(code="SH0114-01", district="310114"),
        received_on=date(2026, 11, 24),
    )


def states(registry: Registry) -> dict[str, str]:
    return {plugin.name: plugin.state.value for plugin in registry.plugins}


def quarantined(registry: Registry, name: str) -> str:
    """Why the plugin is quarantined. Nothing of it serves."""
    (found,) = (plugin for plugin in registry.plugins if plugin.name == name)
    assert found.state is PluginState.QUARANTINED
    assert found.department is None
    assert (found.distribution, found.version) == (f"tongban-trial-{name}", "2.1")
    assert found.problem
    return found.problem


def reason(judgment: Judgment) -> str:
    """Why the department could not answer."""
    (problem,) = judgment.problems
    assert problem.code is ProblemCode.PLUGIN_FAILED
    assert problem.next_step
    assert judgment.mode is None
    return problem.detail or ""


async def served(registry: Registry, department: str = "A") -> Judgment:
    """The first judgment that is no failure; fails the test where there comes none."""
    async with asyncio.timeout(30):
        while True:
            judgment = await registry.judge(department, application(f"{department}-001"))
            if all(problem.code is not ProblemCode.PLUGIN_FAILED for problem in judgment.problems):
                return judgment
            await asyncio.sleep(0.05)


def process_of(registry: Registry, department: str = "A") -> int:
    process = registry._seats[department].process
    assert process is not None
    return process.pid


class TestLoading:
    def test_eleven_departments_are_installed(self, registry: Registry) -> None:
        assert len(registry.plugins) == len(registry.departments) == 11
        assert set(states(registry).values()) == {"ACTIVE"}
        assert all(plugin.distribution == f"tongban-{plugin.name.replace('_', '-')}" for plugin in registry.plugins)
        assert {plugin.contract for plugin in registry.plugins} == {"1.0.0"}
        assert len({plugin.code_digest for plugin in registry.plugins}) == 11

    async def test_a_twelfth_department_is_a_new_folder(self, plugin: MakePlugin) -> None:
        """Nothing but its metadata on the path makes it known."""
        plugin("new", items='item("NEW-001"), item("NEW-002")')
        async with open_registry() as with_it:
            assert len(with_it.departments) == 12
            assert [item.code for item in with_it.departments["NEW"].items] == ["NEW-001", "NEW-002"]
            found = with_it.plugin_of("NEW")
            assert found == Plugin(
                name="new",
                distribution="tongban-trial-new",
                version="2.1",
                state=PluginState.ACTIVE,
                department=with_it.departments["NEW"],
                contract="1.0.0",
                hooks=("tongban_department",),
                code_digest=found.code_digest if found else "",
            )
            assert len(found.code_digest) == 64

    async def test_no_department_at_all_is_a_registry_too(self) -> None:
        async with open_registry([]) as registry:
            assert registry == Registry()

    BAD: ClassVar = {
        "module": ("import nowhere_to_be_found", "ModuleNotFoundError: No module named 'nowhere_to_be_found'"),
        "error": ("raise RuntimeError('out of order')", "RuntimeError: out of order"),
        "exit": ("raise SystemExit(3)", "SystemExit: 3"),
        "syntax": ("def broken(:", "SyntaxError: "),
        "mark": ("def tongban_department(): ...", "tongban_department gives no Department"),
        "dict": ("@hookimpl\ndef tongban_department(): return {'code': 'X'}", "tongban_department gives no Department"),
        "hook": ("@hookimpl\ndef tongban_department(): return 1 / 0", "ZeroDivisionError: division by zero"),
        "days": ("ITEMS = (item('X-1', promised_days=-1),)", "X-1: promised_days lies between 0 and statutory_days"),
        "form": ("ITEMS = (item('X-2', form={'type': 1}),)", "X-2: form is no JSON Schema: "),
        "twice": (
            "ITEMS = (item('X-3'), item('X-3'))",
            "tongban-trial-twice claims codes twice: X-3 (within itself)",
        ),
        "item": ("ITEMS = ('X-4',)", "AttributeError: "),
        "version": ("TONGBAN_CONTRACT = 'new'", "TONGBAN_CONTRACT is 'new', not a version such as '1.0'"),
        "minor": ("TONGBAN_CONTRACT = '1.9'", "written for contract 1.9, newer than 1.0.0: upgrade tongban"),
    }

    async def test_a_bad_plugin_is_quarantined_with_its_reason(
        self, plugin: MakePlugin, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        points = [plugin(name, rules=rules) for name, (rules, _) in self.BAD.items()]
        gone = plugin("gone")
        (tmp_path / "tongban_trial_gone.py").unlink()
        async with open_registry([*points, gone, plugin("good")]) as registry:
            for name, (_, why) in self.BAD.items():
                assert quarantined(registry, name).startswith(why)
                assert f"plugin {name} is quarantined: {why}" in caplog.text
            assert quarantined(registry, "gone").startswith("ModuleNotFoundError: ")
            assert list(registry.departments) == ["GOOD"]
            assert await registry.judge("GOOD", application("GOOD-001")) == Judgment((), None)

    async def test_a_plugin_says_the_contract_that_it_was_written_for(self, plugin: MakePlugin) -> None:
        async with open_registry([plugin("a", rules="TONGBAN_CONTRACT = '1.0'")]) as registry:
            assert [found.contract for found in registry.plugins] == ["1.0"]

    @pytest.mark.parametrize(
        ("mine", "claim"),
        [
            ({"code": "A"}, "A (claimed by tongban-trial-a too), A-001 (claimed by tongban-trial-a too)"),
            ({"code": "B", "items": 'item("A-001")'}, "A-001 (claimed by tongban-trial-a too)"),
            (
                {
                    "code": "B",
                    "rules": "MATERIALS = (MaterialDefinition(code='M-1', name='', issuer='', provenance=''),)",
                },
                "material M-1 (claimed by tongban-trial-a too)",
            ),
        ],
    )
    async def test_of_two_that_claim_a_code_the_later_one_is_quarantined(
        self, plugin: MakePlugin, mine: dict[str, str], claim: str
    ) -> None:
        first = "MATERIALS = (MaterialDefinition(code='M-1', name='', issuer='', provenance=''),)"
        async with open_registry([plugin("b", **mine), plugin("a", rules=first)]) as registry:
            assert quarantined(registry, "b") == f"tongban-trial-b claims codes twice: {claim}"
            assert list(registry.departments) == ["A"]

    async def test_windows_is_told_what_to_do(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "platform", "win32")
        with pytest.raises(SetupError, match="on Windows, run Tongban in WSL"):
            async with open_registry([]):
                pass


class TestJudging:
    async def test_a_call_reaches_only_the_department_concerned(self, plugin: MakePlugin) -> None:
        says = """
            @hookimpl
            def tongban_validate(application):
                return [not_eligible("a.rule", "不行", "No")]

            @hookimpl
            def tongban_processing_mode(application):
                return ProcessingMode.DIRECT
        """
        counts = """
            asked = []

            @hookimpl
            def tongban_validate(application):
                asked.append(application)
                return [not_eligible(str(len(asked)), "次数", "How often")]
        """
        async with open_registry([plugin("a", rules=says), plugin("b", rules=counts)]) as registry:
            judgment = await registry.judge("A", application())
            assert [problem.detail for problem in judgment.problems] == ["a.rule"]
            assert judgment.mode is ProcessingMode.DIRECT
            assert (registry.record_of("A").calls, registry.record_of("B").calls) == (1, 0)
            (first,) = (await registry.judge("B", application("B-001"))).problems
            assert first.detail == "1"

    FAILING: ClassVar = {
        "raises": ("tongban_validate(application): raise RuntimeError('boom')", "RuntimeError in "),
        "leaves": ("tongban_validate(application): raise SystemExit(1)", "SystemExit in "),
        "divides": ("tongban_validate(application): return 1 / 0", "ZeroDivisionError in "),
        "text": ("tongban_validate(application): return 'not'", "tongban_validate gave str, no Problem"),
        "number": ("tongban_validate(application): return 42", "tongban_validate gave int, no problems"),
        "none": ("tongban_validate(application): return [None]", "tongban_validate gave NoneType, no Problem"),
        "code": (
            "tongban_validate(application): return [Problem(code='NONSENSE', message='x')]",
            "tongban_validate gave a Problem without",
        ),
        "words": (
            "tongban_validate(application): return [Problem(code=ProblemCode.NOT_ELIGIBLE, message=None)]",
            "tongban_validate gave a Problem without",
        ),
        "place": (
            "tongban_validate(application): return [not_eligible('x', '不行', 'No').at(float('nan'))]",
            "an answer that is no judgment",
        ),
        "surrogate": (
            "tongban_validate(application): return [not_eligible('x', '\\ud800', 'No')]",
            "an answer with text that is not Unicode",
        ),
        "late": (
            "tongban_validate(application): yield from [not_eligible('x', '不', 'x'), 1 / 0]",
            "ZeroDivisionError in",
        ),
        "mode": ("tongban_processing_mode(application): return 'DIRECT'", "tongban_processing_mode gave str, no"),
        "mode_raises": ("tongban_processing_mode(application): return 1 / 0", "ZeroDivisionError in"),
    }

    async def test_rules_that_fail_close_their_own_department_alone(
        self, plugin: MakePlugin, caplog: pytest.LogCaptureFixture
    ) -> None:
        points = [plugin(name, rules=f"@hookimpl\ndef {rules}") for name, (rules, _) in self.FAILING.items()]
        async with open_registry([*points, plugin("good")]) as registry:
            assert set(states(registry).values()) == {"ACTIVE"}
            for name, (_, why) in self.FAILING.items():
                found = reason(await registry.judge(name.upper(), application(f"{name.upper()}-001")))
                assert found.startswith(why)
                assert registry.record_of(name.upper()).last_problem == found
                assert await registry.judge("GOOD", application("GOOD-001")) == Judgment((), None)
        assert "boom" not in caplog.text, "an error's own words may quote the application"

    async def test_a_rule_sees_the_form_as_it_was_handed_in(self, plugin: MakePlugin) -> None:
        """Whatever a form may hold that its schema lets pass."""
        says = """
            @hookimpl
            def tongban_validate(application):
                return [not_eligible("form", ascii(application.form), "Form")]
        """
        nan = float("nan")  # JSON has no such number; a field without a value is what rules are used to
        form = {"a": 10**99, "b": -(2**63) - 1, "d": "\ud800\0", "e": [{"深": None}], "f": 1.0}
        async with open_registry([plugin("a", rules=says)]) as registry:
            (problem,) = (await registry.judge("A", replace(application(), form=form | {"z": nan}))).problems
            assert problem.message == ascii(form | {"z": None})

    async def test_a_department_that_nobody_serves_is_a_failed_one(self) -> None:
        assert reason(await Registry().judge("A", application())) == "no plugin"

    async def test_a_generator_of_problems_is_as_good_as_a_list(self, plugin: MakePlugin) -> None:
        rules = """
            @hookimpl
            def tongban_validate(application):
                yield not_eligible("one", "一", "one")
                yield not_eligible("two", "二", "two")
        """
        async with open_registry([plugin("a", rules=rules)]) as registry:
            judgment = await registry.judge("A", application())
            assert [problem.detail for problem in judgment.problems] == ["one", "two"]

    async def test_how_the_calls_went_is_recorded(self, plugin: MakePlugin) -> None:
        rules = """
            @hookimpl
            def tongban_validate(application):
                if application.materials:
                    raise LookupError("M-1 of 王小明")
        """
        async with open_registry([plugin("a", rules=rules)]) as registry:
            assert registry.record_of("A") == registry.record_of("NONE")
            await registry.judge("A", application())
            await registry.judge("A", replace(application(), materials=frozenset({"M-1"})))
            record = registry.record_of("A")
            assert (record.calls, record.failures) == (2, 1)
            assert record.last_problem
            assert record.last_problem.startswith("LookupError in tongban_trial_a.py, line ")
            assert record.p95_ms
            assert record.p95_ms > 0


HANGS = """
    import time

    @hookimpl
    def tongban_validate(application):
        time.sleep(600)
"""
BROKEN_WHILE = """
    from pathlib import Path

    BROKEN = Path(__file__).with_suffix(".broken")

    @hookimpl
    def tongban_validate(application):
        if BROKEN.exists():
            raise RuntimeError
"""


class TestFailing:
    async def test_after_five_failures_nobody_waits_and_the_department_comes_back_by_itself(
        self, plugin: MakePlugin, tmp_path: Path
    ) -> None:
        broken = tmp_path / "tongban_trial_a.broken"
        async with open_registry([plugin("a", rules=BROKEN_WHILE)], SHORT) as registry:
            assert await registry.judge("A", application()) == Judgment((), None)
            before = process_of(registry)
            broken.touch()
            found = [reason(await registry.judge("A", application())) for _ in range(7)]
            assert [why.startswith("RuntimeError in ") for why in found] == [True] * 5 + [False] * 2
            assert found[5].startswith("paused after 5 failures, the last: RuntimeError in ")
            assert registry.record_of("A").calls == 6, "the paused ones are no calls"
            broken.unlink()
            assert await served(registry) == Judgment((), None)
            assert process_of(registry) != before, "a process that failed so often is not trusted"
            assert await registry.judge("A", application()) == Judgment((), None)

    async def test_a_department_that_stays_down_is_asked_once_in_a_while(
        self, plugin: MakePlugin, tmp_path: Path
    ) -> None:
        (tmp_path / "tongban_trial_a.broken").touch()
        async with open_registry([plugin("a", rules=BROKEN_WHILE)], Limits(open_seconds=600)) as registry:
            for _ in range(20):
                reason(await registry.judge("A", application()))
            assert registry.record_of("A").calls == 5
            registry._seats["A"].breaker.open_seconds = 0
            assert reason(await registry.judge("A", application())).startswith("RuntimeError")

    async def test_fifty_at_once_wait_no_longer_than_one(self, plugin: MakePlugin) -> None:
        """One after another they would take 25 s and more."""
        async with open_registry([plugin("a", rules=HANGS), plugin("b")], SHORT) as registry:
            async with asyncio.timeout(5):
                fifty = asyncio.gather(*(registry.judge("A", application()) for _ in range(50)))
                assert await registry.judge("B", application("B-001")) == Judgment((), None)
                found = [reason(judgment) for judgment in await fifty]
            assert sorted(set(found)) == ["busy for 0.5 s", "no answer within 0.5 s"]
            assert found.count("no answer within 0.5 s") < 5, "who only waited says nothing against the department"
            assert registry.record_of("A").failures == 50

    async def test_a_process_killed_from_outside_is_started_again(self, plugin: MakePlugin) -> None:
        async with open_registry([plugin("a")]) as registry:
            for _ in range(3):
                before = process_of(registry)
                os.kill(before, signal.SIGKILL)
                while Path(f"/proc/{before}/status").read_text().find("State:\tZ") < 0:
                    await asyncio.sleep(0.001)
                assert await registry.judge("A", application()) == Judgment((), None)
                assert process_of(registry) != before
            assert registry.record_of("A").failures == 0

    async def test_a_start_goes_on_when_nobody_waits_any_more(self, plugin: MakePlugin, tmp_path: Path) -> None:
        """Else a department that takes longer to start than a call may take would never come back."""
        slow = """
            import time
            from pathlib import Path

            if Path(__file__).with_suffix(".slow").exists():
                time.sleep(1)
        """
        async with open_registry([plugin("a", rules=slow)], SHORT) as registry:
            (tmp_path / "tongban_trial_a.slow").touch()
            registry._seats["A"].process.kill()  # type: ignore[union-attr]
            assert reason(await registry.judge("A", application())) == "no answer within 0.5 s"
            assert await served(registry) == Judgment((), None)

    async def test_files_that_changed_meanwhile_are_not_run(self, plugin: MakePlugin, tmp_path: Path) -> None:
        """Nobody has looked at them: neither the check nor the joint meeting."""
        async with open_registry([plugin("a")]) as registry:
            module = tmp_path / "tongban_trial_a.py"
            before = module.read_text()
            module.write_text(before + "\n\n@hookimpl\ndef tongban_validate(application): return [1 / 0]\n")
            registry._seats["A"].process.kill()  # type: ignore[union-attr]
            told = reason(await registry.judge("A", application()))
            assert told == "its files have changed since the server started: start the server again"
            module.write_text(before)
            assert await registry.judge("A", application()) == Judgment((), None)

    async def test_a_call_that_is_cut_off_leaves_no_answer_for_the_next(self, plugin: MakePlugin) -> None:
        rules = """
            import time

            @hookimpl
            def tongban_validate(application):
                if application.item == "SLOW":
                    time.sleep(0.3)
                return [not_eligible(application.item, "不行", "No")]
        """
        async with open_registry([plugin("a", rules=rules)]) as registry:
            for pause in (0, 0.05, 0.2):
                cut_off = asyncio.create_task(registry.judge("A", application("SLOW")))
                await asyncio.sleep(pause)
                cut_off.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await cut_off
                (problem,) = (await registry.judge("A", application("NEXT"))).problems
                assert problem.detail == "NEXT"
            assert registry.record_of("A").failures == 0

    async def test_who_waits_while_the_server_stops_is_told(self, plugin: MakePlugin) -> None:
        async with open_registry([plugin("a", rules=HANGS)]) as registry:
            waiting = [asyncio.create_task(registry.judge("A", application())) for _ in range(3)]
            await asyncio.sleep(0.1)
        told = [reason(judgment) for judgment in await asyncio.gather(*waiting)]
        assert told == ["its process ended (SIGKILL)", "the server is stopping", "the server is stopping"]

    def test_a_killed_server_leaves_no_process_that_hangs(self) -> None:
        code = """
            import asyncio
            from importlib.metadata import EntryPoint
            from tongban.registry import open_registry
            from tongban.testing import sample_application
            from plugins_bad.base import ITEM

            async def run():
                async with open_registry([EntryPoint("loops", "plugins_bad.loops", "tongban.plugins")]) as registry:
                    asked = asyncio.create_task(registry.judge("LOOPS", sample_application(ITEM)))
                    await asyncio.sleep(0.2)
                    print(registry._seats["LOOPS"].process.pid, flush=True)
                    await asyncio.sleep(60)

            asyncio.run(run())
        """
        environment = os.environ | {"PYTHONPATH": str(Path(__file__).parent)}
        with subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(code)], env=environment, stdout=subprocess.PIPE, text=True
        ) as host:
            assert host.stdout is not None
            worker = Path(f"/proc/{host.stdout.readline().strip()}/cmdline")
            assert b"loops" in worker.read_bytes()
            host.kill()
        for _ in range(1000):
            try:
                if b"loops" not in worker.read_bytes():  # it is dead, but nobody has waited for it yet
                    return
            except OSError:
                return
            time.sleep(0.01)
        os.kill(int(worker.parent.name), signal.SIGKILL)
        pytest.fail("the worker looped on")


TELLS = """
    import os, resource, sys

    def told(name, values):
        return not_eligible(name, "、".join(map(str, values)) or "无", name)

    @hookimpl
    def tongban_validate(application):
        yield told("environment", sorted(os.environ))
        yield told("descriptors", sorted(os.readlink(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd")
                                         if os.path.exists(f"/proc/self/fd/{fd}")))
        yield told("path", sys.path)
        yield told("limits", [resource.getrlimit(one)[0] for one in (resource.RLIMIT_AS, resource.RLIMIT_FSIZE,
                                                                     resource.RLIMIT_CORE)])
        yield told("session", [os.getsid(0) == os.getpid()])
        yield told("modules", sorted({"hypothesis", "sqlalchemy", "starlette", "asyncpg"} & set(sys.modules)))
"""


class TestProcess:
    async def test_a_rule_sees_no_secret_and_has_narrow_limits(
        self, plugin: MakePlugin, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        secrets = {"TONGBAN_DATABASE_URL", "PGPASSWORD", "AWS_SECRET_ACCESS_KEY", "SOME_TOKEN", "HOME"}
        for name in secrets:
            monkeypatch.setenv(name, "secret")
        monkeypatch.setenv("LC_ALL", "C.UTF-8")
        with socket.socket() as ours:
            ours.set_inheritable(True)
            async with open_registry([plugin("a", rules=TELLS)]) as registry:
                problems = (await registry.judge("A", application())).problems
                assert registry.record_of("A").failures == 0
        told = {problem.detail: problem.message.split("、") for problem in problems}
        assert {"LC_ALL", "PATH"} <= set(told["environment"])
        assert not secrets & set(told["environment"])
        sockets = [name for name in told["descriptors"] if name.startswith("socket:")]
        assert len(sockets) == 1, "its line to the host, and no other"
        assert set(told["descriptors"]) - set(sockets) == {"/dev/null"}
        assert told["path"] == sys.path
        assert told["limits"] == [str(1 << 30), "0", "0"]
        assert told["session"] == ["True"]
        assert told["modules"] == ["无"]

    def test_it_works_under_uvloop_too(self, plugin: MakePlugin) -> None:
        points = [
            plugin("a"),
            plugin("b", rules=HANGS),
            plugin("c", rules="import os\n@hookimpl\ndef tongban_validate(application): os._exit(3)"),
        ]

        async def run() -> list[Judgment]:
            async with open_registry(points, SHORT) as registry:
                cut_off = asyncio.create_task(registry.judge("B", application("B-001")))
                await asyncio.sleep(0.1)
                cut_off.cancel()
                asked = [registry.judge(code, application(f"{code}-001")) for code in ("A", "B", "C", "A")]
                return await asyncio.gather(*asked)

        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            a, b, c, again = runner.run(run())
        assert a == again == Judgment((), None)
        assert reason(b) == "no answer within 0.5 s"
        assert reason(c) == "its process ended (code 3)"
