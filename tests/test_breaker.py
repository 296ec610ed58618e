"""The circuit breaker: pure, the clock is an argument."""

from hypothesis import given
from hypothesis import strategies as st

from tongban.registry.breaker import Breaker

STEPS = st.lists(st.tuples(st.sampled_from(["fails", "succeeds", "waits"]), st.floats(0, 40)), max_size=60)


def opened(at: float = 100) -> Breaker:
    """One that opened at that time after five failures."""
    breaker = Breaker(5, 30)
    for _ in range(5):
        assert breaker.allows(at)
        breaker.failed(at)
    assert breaker.is_open
    return breaker


def test_it_opens_after_so_many_failures_in_a_row() -> None:
    breaker = Breaker(5, 30)
    for failure in range(4):
        breaker.failed(failure)
    assert not breaker.is_open
    assert breaker.allows(4)
    breaker.failed(4)
    assert breaker.is_open
    assert not breaker.allows(4)


def test_a_success_in_between_starts_the_count_anew() -> None:
    breaker = Breaker(5, 30)
    for _ in range(4):
        breaker.failed(1)
    breaker.succeeded()
    for _ in range(4):
        breaker.failed(2)
    assert breaker.allows(2)


def test_it_is_open_for_so_many_seconds_then_lets_one_through() -> None:
    breaker = opened(at=100)
    assert not breaker.allows(129.9)
    assert breaker.allows(130)
    assert not breaker.allows(130), "one is enough to try"


def test_a_trial_that_succeeds_closes_it() -> None:
    breaker = opened(at=100)
    assert breaker.allows(130)
    breaker.succeeded()
    assert not breaker.is_open
    assert breaker.allows(130)
    breaker.failed(131)
    assert breaker.allows(131), "it has all its failures before it again"


def test_a_trial_that_fails_opens_it_for_as_long_again() -> None:
    breaker = opened(at=100)
    assert breaker.allows(130)
    breaker.failed(132)
    assert not breaker.allows(161.9)
    assert breaker.allows(162)


def test_a_trial_that_never_ends_does_not_close_the_door_for_good() -> None:
    breaker = opened(at=100)
    assert breaker.allows(130)
    assert breaker.allows(160)


@given(STEPS)
def test_it_is_open_exactly_after_five_failures_without_a_success(steps: list[tuple[str, float]]) -> None:
    breaker, now, in_a_row = Breaker(5, 30), 0.0, 0
    for step, seconds in steps:
        now += seconds
        if step == "succeeds":
            breaker.succeeded()
            in_a_row = 0
        elif step == "fails":
            breaker.failed(now)
            in_a_row += 1
        assert breaker.is_open == (in_a_row >= 5)
        if not breaker.is_open:
            assert breaker.allows(now)


@given(st.lists(st.floats(0, 100), max_size=60))
def test_while_it_is_open_at_most_one_call_goes_through_in_each_pause(pauses: list[float]) -> None:
    breaker, now = opened(at=0), 0.0
    through = []
    for pause in pauses:
        now += pause
        if breaker.allows(now):
            through.append(now)
    assert all(later - earlier >= 30 for earlier, later in zip([0.0, *through], through, strict=False))
