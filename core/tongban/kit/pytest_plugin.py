"""Fixtures for the tests of departments, in every pytest of an environment where tongban is installed."""

from collections.abc import Callable
from typing import Any

import pytest


@pytest.fixture
def conforms() -> Callable[..., None]:
    """`conforms(plugin)` fails with all that keeps the plugin from being admitted."""
    from tongban import testing  # not before it is asked for: every pytest loads this module

    return testing.conforms


@pytest.fixture
def applications() -> Callable[..., Any]:
    """`applications(item)` is a Hypothesis strategy: applications as the check tries them."""
    from tongban import testing

    return testing.applications


@pytest.fixture
def judged() -> Callable[..., Any]:
    """`judged(plugin, "TT-001", {"purpose": "OTHER"}, age=12)`: what the rules say of the sample, changed so."""
    from tongban import testing

    return testing.judged
