from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from prism_engine.backends.token_window import TokenWindow

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
            wait = window.delay(now, tokens)
            if not wait:
                break
            now += wait
        assert not window.delay(now, tokens)
        entry = window.reserve(now, tokens)
        used = int(share * tokens)
        sent.append((now, used))
        now += settled_after
        window.settle(entry, used)
    for at, _ in sent:
        held = [used for other, used in sent if at - 60 < other <= at]
        assert sum(held) <= limit or sum(used > 0 for used in held) == 1


def test_the_delay_is_until_enough_has_left_the_window():
    window = TokenWindow(100, 60.0)
    window.reserve(0.0, 40)
    window.reserve(10.0, 40)
    assert window.delay(20.0, 20) == 0
    assert 40 < window.delay(20.0, 60) < 40.1
    assert 50 < window.delay(20.0, 61) < 50.1
    assert 50 < window.delay(20.0, 1000) < 50.1
