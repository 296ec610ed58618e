"""The walls between core and departments: a department knows the front door and itself, the core knows no department.

The walls between the core's rooms are import-linter's (pyproject.toml).
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import tongban

ROOT = Path(__file__).parents[1]
DEPARTMENTS = sorted(path.parent for path in (ROOT / "plugins").glob("*/pyproject.toml"))
CORE = sorted(
    path
    for folder in ("core", "migrations")
    for path in (ROOT / folder).rglob("*.py")
    if "template" not in path.parts  # what new departments are written from
)


def imported(source: str) -> Iterator[tuple[str, list[str]]]:
    """Each module that the source imports by its full name, with the names taken from it."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, []) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module, [alias.name for alias in node.names]


def breaches(source: str, own: set[str], *, is_test: bool) -> list[str]:
    """What a department's file imports through a wall; `own` are its packages."""
    found = []
    for module, names in imported(source):
        root = module.partition(".")[0]
        if root.startswith("tongban_") and root not in own:
            found.append(module)
        if root == "tongban" and module != "tongban" and not (is_test and module == "tongban.testing"):
            found.append(module)
        if module == "tongban":
            found += [f"tongban.{name}" for name in names if name not in tongban.__all__]
    return found


@pytest.mark.parametrize("department", DEPARTMENTS, ids=lambda path: path.name)
def test_a_department_imports_the_front_door_and_itself(department: Path) -> None:
    own = {path.parent.name for path in department.glob("*/__init__.py")}
    files = sorted(department.rglob("*.py"))
    assert own
    assert files
    for path in files:
        found = breaches(path.read_text(), own, is_test=path.name.startswith(("test_", "conftest")))
        assert not found, f"{path.relative_to(ROOT)} imports {', '.join(found)}"


def test_the_core_imports_no_department() -> None:
    assert CORE
    for path in CORE:
        found = [module for module, _ in imported(path.read_text()) if module.startswith("tongban_")]
        assert not found, f"{path.relative_to(ROOT)} imports {', '.join(found)}"


@pytest.mark.parametrize(
    ("source", "is_test", "breach"),
    [
        ("from tongban import hookimpl", False, []),
        ("from tongban_police.rules import RULES", False, []),
        ("from .rules import RULES", False, []),
        ("from tongban.testing import may_apply", True, []),
        ("from tongban.testing import may_apply", False, ["tongban.testing"]),
        ("from tongban.contract.items import Audience", False, ["tongban.contract.items"]),
        ("from tongban import storage", False, ["tongban.storage"]),
        ("import tongban.storage", True, ["tongban.storage"]),
        ("def late():\n    import tongban_hrss.rules", False, ["tongban_hrss.rules"]),
    ],
)
def test_a_breach_is_seen(source: str, is_test: bool, breach: list[str]) -> None:
    assert breaches(source, {"tongban_police"}, is_test=is_test) == breach
