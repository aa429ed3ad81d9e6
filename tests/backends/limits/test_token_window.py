from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from prism_engine.backends.limits.expectation import Demand
from prism_engine.backends.limits.token_window import TokenWindow

STEPS = st.lists(
    st.tuples(st.floats(0, 40), st.integers(0, 150), st.floats(0, 1), st.floats(0, 100)), min_size=1, max_size=60
)


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 100), STEPS)
def test_no_window_ever_holds_more_than_the_limit_but_for_one_that_is_larger_alone(limit, steps):
    window, now = TokenWindow(limit, 60.0), 0.0
    sent: list[tuple[float, int]] = []
    for idle, tokens, share, settled_after in steps:
        now += idle
        for _ in range(1000):
            wait = window.delay(now, Demand(tokens, tokens))
            if not wait:
                break
            now += wait
        assert not window.delay(now, Demand(tokens, tokens))
        entry = window.reserve(now, Demand(tokens, tokens))
        used = int(share * tokens)
        sent.append((now, used))
        now += settled_after
        window.settle(entry, used)
    for at, _ in sent:
        held = [used for other, used in sent if at - 60 < other <= at]
        assert sum(held) <= limit or sum(used > 0 for used in held) == 1


def test_the_delay_is_until_enough_has_left_the_window():
    window = TokenWindow(100, 60.0)
    window.reserve(0.0, Demand(40, 40))
    window.reserve(10.0, Demand(40, 40))
    assert window.delay(20.0, Demand(20, 20)) == 0
    assert 40 < window.delay(20.0, Demand(60, 60)) < 40.1
    assert 50 < window.delay(20.0, Demand(61, 61)) < 50.1
    assert 50 < window.delay(20.0, Demand(1000, 1000)) < 50.1


def admitted(limit, demand):
    window = TokenWindow(limit, 60.0)
    count = 0
    while not window.delay(0.0, demand):
        window.reserve(0.0, demand)
        count += 1
    return count


def test_what_may_exceed_the_expectation_has_a_margin_that_grows_with_the_spread_and_ends_at_the_worst_case():
    assert admitted(10_000, Demand(100, 100)) == 100
    assert admitted(10_000, Demand(100, 500)) == 98  # two percent are kept as headroom
    assert (
        admitted(10_000, Demand(100, 500, 100.0**2)) == 72
    )  # 72 of them: 7200, and 200, and 3 x 100 x sqrt(72) = 2546
    assert admitted(10_000, Demand(100, 120, 100.0**2)) == 83  # not more than the worst case


def test_the_margin_goes_when_the_requests_are_settled_or_leave_the_window():
    window = TokenWindow(10_000, 60.0)
    entries = [window.reserve(0.0, Demand(100, 500, 100.0**2)) for _ in range(72)]
    assert window.delay(1.0, Demand(100, 500, 100.0**2)) > 0
    for entry in entries[:33]:
        window.settle(entry, 100)
    assert window.delay(1.0, Demand(100, 500, 100.0**2)) == 0
    assert window.delay(61.0, Demand(9_990, 9_990)) == 0
    for entry in entries:
        window.settle(entry, 9_999)
    assert window.delay(61.0, Demand(9_990, 9_990)) == 0
    assert window.used == 0
