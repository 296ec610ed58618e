"""The mode follows from the barriers: the decision table, row by row and as a rule."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from check_support import checked, failed, of_rule
from tongban.check import derived_mode
from tongban.contract.items import Audience, Barrier, ProcessingMode, RoutingBasis
from tongban.testing import A_DAY

DIRECT, SPLIT, LOCAL_ONLY = ProcessingMode
HOME: dict[str, Any] = {"routing_basis": RoutingBasis.HUKOU, "audiences": (Audience.HUKOU,)}


@pytest.mark.parametrize(
    ("barriers", "mode"),
    [
        ((), DIRECT),
        (("LEGAL_RESTRICTION",), SPLIT),
        (("CROSS_DISTRICT_SETTLEMENT",), SPLIT),
        (("FIELD_VERIFICATION",), SPLIT),
        (("LEGAL_RESTRICTION", "FIELD_VERIFICATION", "CROSS_DISTRICT_SETTLEMENT"), SPLIT),
        (("APPLICANT_CANNOT_PROVIDE",), LOCAL_ONLY),
        (("DISTRICT_BATCH_WINDOWS",), LOCAL_ONLY),
        (("DISTRICT_VARIANT_AMOUNT",), LOCAL_ONLY),
        (("DIVERGENT_DISTRICT_STANDARD",), LOCAL_ONLY),
        (("LEGAL_RESTRICTION", "DISTRICT_VARIANT_AMOUNT"), LOCAL_ONLY),
        (("APPLICANT_CANNOT_PROVIDE", "FIELD_VERIFICATION", "DISTRICT_VARIANT_AMOUNT"), LOCAL_ONLY),
    ],
)
def test_decision_table(barriers: tuple[str, ...], mode: ProcessingMode) -> None:
    assert derived_mode([Barrier(name) for name in barriers]) is mode


@given(st.sets(st.sampled_from(Barrier)), st.sampled_from(Barrier))
def test_one_more_barrier_never_makes_it_easier(barriers: set[Barrier], more: Barrier) -> None:
    order = [DIRECT, SPLIT, LOCAL_ONLY]

    assert order.index(derived_mode(barriers)) <= order.index(derived_mode(barriers | {more}))


@pytest.mark.parametrize("declared", list(ProcessingMode))
@pytest.mark.parametrize(
    ("barriers", "mode"),
    [
        ((), DIRECT),
        ((Barrier.FIELD_VERIFICATION,), SPLIT),
        ((Barrier.APPLICANT_CANNOT_PROVIDE,), LOCAL_ONLY),
    ],
)
def test_the_declared_mode_must_be_the_derived_one(
    declared: ProcessingMode, barriers: tuple[Barrier, ...], mode: ProcessingMode
) -> None:
    more: dict[str, Any] = {"exception_analysis": "逐一论证", "review_on": A_DAY} if declared is LOCAL_ONLY else {}

    report = checked(mode=declared, barriers=barriers, **HOME, **more)

    assert report.mode is mode
    assert failed(report) == (set() if declared is mode else {"mode-from-barriers"})


def test_local_only_without_a_reason_is_named() -> None:
    report = checked(mode=LOCAL_ONLY, **HOME, exception_analysis="逐一论证", review_on=A_DAY)

    assert of_rule(report, "mode-from-barriers").evidence_en == "Declared LOCAL_ONLY; the barriers — give DIRECT"


def test_a_case_may_need_less_than_its_item_never_more() -> None:
    split: dict[str, Any] = {"mode": SPLIT, "barriers": (Barrier.FIELD_VERIFICATION,), **HOME}

    assert failed(checked(mode_of=lambda application: DIRECT, **split)) == set()
    assert failed(checked(mode_of=lambda application: SPLIT, **split)) == set()
    assert failed(checked(mode_of=lambda application: LOCAL_ONLY, **split)) == {"mode-from-barriers"}
