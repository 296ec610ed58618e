"""Field by field, what differs between two definitions."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tongban.admission.differences import Difference, differences

VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", min_size=1, max_size=2), inner, max_size=3)
    ),
    max_leaves=10,
)
OBJECTS: st.SearchStrategy[dict[str, Any]] = st.dictionaries(st.text("abc", min_size=1, max_size=2), VALUES, max_size=4)
at_its_leisure = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""Other tests run beside these: how long a value takes to be drawn says nothing."""


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ({}, {}, []),
        ({"a": 1}, {"a": 1}, []),
        ({"a": 1}, {"a": 2}, [("a", 1, 2)]),
        ({}, {"a": 1}, [("a", None, 1)]),
        ({"a": 1}, {}, [("a", 1, None)]),
        (
            {"guide": {"fee": "", "steps": ["x"]}},
            {"guide": {"fee": "10元", "steps": ["x"]}},
            [("guide.fee", "", "10元")],
        ),
        ({"list": [1, 2]}, {"list": [2, 1]}, [("list", [1, 2], [2, 1])]),
        ({"a": {"b": 1}}, {"a": None}, [("a", {"b": 1}, None)]),
        ({"b": 1, "a": {"z": 1, "y": 1}}, {"b": 2, "a": {"z": 2, "y": 2}}, [("a.y", 1, 2), ("a.z", 1, 2), ("b", 1, 2)]),
    ],
)
def test_examples(before: dict[str, Any], after: dict[str, Any], found: list[tuple[str, Any, Any]]) -> None:
    assert differences(before, after) == [Difference(*one) for one in found]


@at_its_leisure
@given(before=OBJECTS, after=OBJECTS)
def test_there_and_back(before: dict[str, Any], after: dict[str, Any]) -> None:
    there, back = differences(before, after), differences(after, before)
    assert [(one.field, one.after, one.before) for one in back] == [(one.field, one.before, one.after) for one in there]
    assert differences(before, before) == []
    assert [one.field for one in there] == sorted(one.field for one in there)
    assert all(one.before != one.after for one in there)


@at_its_leisure
@given(before=OBJECTS, after=OBJECTS)
def test_whoever_applies_the_differences_gets_the_other(before: dict[str, Any], after: dict[str, Any]) -> None:
    """A field that is None and one that is not there are the same."""
    built = _copy(before)
    for one in differences(before, after):
        *path, last = one.field.split(".")
        place = built
        for key in path:
            place = place[key]
        place[last] = one.after
    assert _bare(built) == _bare(after)


def _copy(value: Any) -> Any:
    return {key: _copy(inner) for key, inner in value.items()} if isinstance(value, dict) else value


def _bare(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _bare(inner) for key, inner in value.items() if inner is not None}
    return value
