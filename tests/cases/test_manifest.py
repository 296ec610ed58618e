"""The digest of a manifest: the same before and after the database, another one for anything else."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import cast, literal, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from tongban.cases.manifest import digest_of

NUMBERS = st.integers(-(10**310), 10**310) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(st.characters(codec="utf-8", exclude_characters="\0")),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(codec="ascii")), inner, max_size=3)
    ),
    max_leaves=8,
)


@pytest.mark.parametrize(
    "number", [0, -0.0, 1.0, 1e2, 1e15, 2.0**53, 1e16, 1.5e300, 10**18, 10**30, 10**400, 0.1, 1e-7, 5e-324, 1 / 3]
)
async def test_a_number_keeps_its_digest_in_the_database(session: AsyncSession, number: float) -> None:
    stored = await session.scalar(select(cast(literal(json.dumps({"n": number})), JSONB)))
    assert stored is not None
    assert digest_of(stored) == digest_of({"n": number})


@settings(max_examples=300)
@given(VALUES)
def test_as_json_it_is_the_same(value: Any) -> None:
    assert digest_of({"form": json.loads(json.dumps(value))}) == digest_of({"form": value})


@settings(max_examples=300)
@given(VALUES, VALUES)
def test_what_differs_has_another_digest(one: Any, other: Any) -> None:
    if json.dumps(one, sort_keys=True) != json.dumps(other, sort_keys=True) and one != other:
        assert digest_of({"form": one}) != digest_of({"form": other}) or _close(one, other)


def _close(one: Any, other: Any) -> bool:
    """Whole numbers beyond what a float tells apart."""
    return repr(one) != repr(other) and json.loads(json.dumps(one), parse_int=float) == json.loads(
        json.dumps(other), parse_int=float
    )
