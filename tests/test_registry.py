"""The host of departments' plugins: what is wrong with one stays with it, and the others serve."""

import importlib.metadata
import sys
import textwrap
from collections.abc import Callable, Iterator
from datetime import date
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from tongban.contract.applications import Applicant, Application, ReceivingCenter
from tongban.contract.items import ProcessingMode
from tongban.contract.problems import ProblemCode
from tongban.registry import GROUP, Plugin, PluginState, Registry, load_plugins

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


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MakePlugin]:
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

    yield install
    for module in [module for module in sys.modules if module.startswith("tongban_trial_")]:
        del sys.modules[module]


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


def test_eleven_departments_are_installed(registry: Registry) -> None:
    assert len(registry.plugins) == len(registry.departments) == 11
    assert set(states(registry).values()) == {"ACTIVE"}
    assert all(plugin.distribution == f"tongban-{plugin.name.replace('_', '-')}" for plugin in registry.plugins)


def test_a_twelfth_department_is_a_new_folder(plugin: MakePlugin) -> None:
    """Nothing but its metadata on the path makes it known."""
    plugin("new", items='item("NEW-001"), item("NEW-002")')
    with_it = load_plugins()
    assert len(with_it.departments) == 12
    assert [item.code for item in with_it.departments["NEW"].items] == ["NEW-001", "NEW-002"]
    assert with_it.plugin_of("NEW") == Plugin(
        name="new",
        distribution="tongban-trial-new",
        version="2.1",
        state=PluginState.ACTIVE,
        department=with_it.departments["NEW"],
        hooks=("tongban_department",),
    )


def test_no_department_at_all_is_a_registry_too() -> None:
    assert load_plugins([]) == Registry()


@pytest.mark.parametrize(
    ("rules", "problem"),
    [
        ("import nowhere_to_be_found", "ModuleNotFoundError: No module named 'nowhere_to_be_found'"),
        ("raise RuntimeError('out of order')", "RuntimeError: out of order"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("def broken(:", "SyntaxError: "),
        ("@hookimpl\ndef tongban_valdiate(application): ...", "PluginValidationError: unknown hook 'tongban_valdiate'"),
        ("@hookimpl\ndef tongban_validate(applicaton): ...", "PluginValidationError: "),
        ("def tongban_department(): ...", "tongban_department gives no Department"),
        ("@hookimpl\ndef tongban_department(): return {'code': 'BAD'}", "tongban_department gives no Department"),
        ("@hookimpl\ndef tongban_department(): return 1 / 0", "ZeroDivisionError: division by zero"),
        ("ITEMS = (item('BAD-001', promised_days=-1),)", "BAD-001: promised_days lies between 0 and statutory_days"),
        ("ITEMS = (item('BAD-001', form={'type': 1}),)", "BAD-001: form is no JSON Schema: "),
        ("ITEMS = (item('BAD-001'), item('BAD-001'))", "codes claimed twice: BAD-001 (within itself)"),
        ("ITEMS = ('BAD-001',)", "AttributeError: "),
    ],
)
def test_a_bad_plugin_is_quarantined_with_its_reason(plugin: MakePlugin, rules: str, problem: str) -> None:
    registry = load_plugins([plugin("bad", rules=rules), plugin("good")])
    assert quarantined(registry, "bad").startswith(problem)
    assert list(registry.departments) == ["GOOD"]
    assert registry.judge("GOOD", application("GOOD-001")).problems == ()


def test_a_wrong_argument_name_is_said(plugin: MakePlugin) -> None:
    rules = "@hookimpl\ndef tongban_validate(applicaton): ..."
    assert "applicaton" in quarantined(load_plugins([plugin("bad", rules=rules)]), "bad")


def test_a_plugin_whose_module_is_gone_is_quarantined(plugin: MakePlugin, tmp_path: Path) -> None:
    point = plugin("gone")
    (tmp_path / "tongban_trial_gone.py").unlink()
    assert quarantined(load_plugins([point]), "gone").startswith("ModuleNotFoundError: ")


@pytest.mark.parametrize(
    ("mine", "claim"),
    [
        ({"code": "A"}, "A (claimed by tongban-trial-a too), A-001 (claimed by tongban-trial-a too)"),
        ({"code": "B", "items": 'item("A-001")'}, "A-001 (claimed by tongban-trial-a too)"),
        (
            {"code": "B", "rules": "MATERIALS = (MaterialDefinition(code='M-1', name='', issuer='', provenance=''),)"},
            "material M-1 (claimed by tongban-trial-a too)",
        ),
    ],
)
def test_of_two_that_claim_a_code_the_later_one_is_quarantined(
    plugin: MakePlugin, mine: dict[str, str], claim: str
) -> None:
    first = "MATERIALS = (MaterialDefinition(code='M-1', name='', issuer='', provenance=''),)"
    registry = load_plugins([plugin("b", **mine), plugin("a", rules=first)])
    assert quarantined(registry, "b") == f"codes claimed twice: {claim}"
    assert list(registry.departments) == ["A"]


def test_a_call_reaches_only_the_department_concerned(plugin: MakePlugin) -> None:
    """The other one would raise, if it were asked."""
    says = """
        @hookimpl
        def tongban_validate(application):
            return [not_eligible("a.rule", "不行", "No")]

        @hookimpl
        def tongban_processing_mode(application):
            return ProcessingMode.DIRECT
    """
    raises = """
        asked = []

        @hookimpl
        def tongban_validate(application):
            asked.append(application)

        @hookimpl
        def tongban_processing_mode(application):
            asked.append(application)
    """
    registry = load_plugins([plugin("a", rules=says), plugin("b", rules=raises)])
    verdict = registry.judge("A", application())
    assert [problem.detail for problem in verdict.problems] == ["a.rule"]
    assert verdict.mode is ProcessingMode.DIRECT
    other = importlib.import_module("tongban_trial_b")
    assert other.asked == []
    assert registry.judge("B", application("B-001")).problems == ()
    assert len(other.asked) == 2


@pytest.mark.parametrize(
    "rules",
    [
        "def tongban_validate(application): raise RuntimeError('boom')",
        "def tongban_validate(application): raise SystemExit(1)",
        "def tongban_validate(application): return 1 / 0",
        "def tongban_validate(application): return 'not eligible'",
        "def tongban_validate(application): return 42",
        "def tongban_validate(application): return [None]",
        "def tongban_validate(application): return [Problem(code='NONSENSE', message='x')]",
        "def tongban_validate(application): return [Problem(code=ProblemCode.NOT_ELIGIBLE, message=None)]",
        "def tongban_validate(application): yield from [Problem(code=ProblemCode.NOT_ELIGIBLE, message='x'), 1 / 0]",
        "def tongban_processing_mode(application): return 'SOMEHOW'",
        "def tongban_processing_mode(application): return 1 / 0",
    ],
)
def test_rules_that_fail_close_their_own_department_alone(plugin: MakePlugin, rules: str) -> None:
    registry = load_plugins([plugin("a", rules=f"@hookimpl\n{rules}"), plugin("b")])
    assert states(registry) == {"a": "ACTIVE", "b": "ACTIVE"}
    verdict = registry.judge("A", application())
    assert [problem.code for problem in verdict.problems] == [ProblemCode.PLUGIN_FAILED]
    assert verdict.mode is None
    (failed,) = verdict.problems
    assert failed.next_step
    assert "boom" not in f"{failed.message}{failed.detail}", "what a department's code says is for the log"
    assert registry.judge("B", application("B-001")).problems == ()


def test_a_department_that_nobody_serves_is_a_failed_one() -> None:
    (problem,) = Registry().judge("A", application()).problems
    assert (problem.code, problem.detail) == (ProblemCode.PLUGIN_FAILED, "no plugin")


def test_a_generator_of_problems_is_as_good_as_a_list(plugin: MakePlugin) -> None:
    rules = """
        @hookimpl
        def tongban_validate(application):
            yield not_eligible("one", "一", "one")
            yield not_eligible("two", "二", "two")
    """
    registry = load_plugins([plugin("a", rules=rules)])
    assert [problem.detail for problem in registry.judge("A", application()).problems] == ["one", "two"]
