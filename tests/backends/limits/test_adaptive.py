from __future__ import annotations

import heapq

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prism_engine.backends.limits.gate import COOLDOWN, CUT, GROWTH, START, WIDE, AdaptiveWidth


def simulate(capacity, *, maximum=256, seconds=600.0, latency=1.0, waiting=10_000):
    """A client that always has more to send, and a server that refuses at once what exceeds `capacity(time)`."""
    width, answers, widths, refused = AdaptiveWidth(maximum), [], [], []
    now, in_flight, hold = 0.0, 0, 0.0
    while now < seconds:
        while in_flight < min(width.width, waiting) and now >= hold:
            if in_flight >= capacity(now):
                refused.append(now)
                width.record_rate_limit(now, now)
                hold = now + 0.5
                break
            in_flight += 1
            heapq.heappush(answers, (now + latency * (1 + 0.1 * (len(widths) % 7)), now))
        widths.append((now, width.width))
        if not answers:
            now = max(hold, now + 0.1)
            continue
        now, sent = heapq.heappop(answers)
        width.record_success(sent, now, saturated=in_flight >= width.width and waiting > width.width)
        in_flight -= 1
    return width, widths, refused


def test_it_triples_per_round_trip_while_nothing_refuses():
    _, widths, _ = simulate(lambda _: 10_000, seconds=12)
    assert next(at for at, width in widths if width == 256) < 1.6 * 4
    assert max(width for _, width in widths) == 256


def test_it_grows_no_further_than_what_is_waiting():
    width, _, _ = simulate(lambda _: 10_000, waiting=40)
    assert 40 <= width.width < 40 + GROWTH


def test_it_settles_below_the_capacity_of_the_server():
    width, widths, refused = simulate(lambda _: 40)
    settled = [size for at, size in widths if at > 30]
    assert min(settled) >= 30
    assert max(settled) <= 41
    assert width.cuts <= 600 / COOLDOWN
    assert len(refused) <= 600 / COOLDOWN


def test_it_follows_a_capacity_that_drops_and_rises_again():
    _, widths, _ = simulate(lambda now: 20 if 200 < now < 400 else 60)
    assert all(size <= 21 for at, size in widths if 260 < at < 400)
    assert max(size for at, size in widths if at > 500) >= 50


def test_an_episode_cuts_once_however_many_are_refused():
    width = AdaptiveWidth(100, 100)
    assert width.record_rate_limit(9.0, 10.0)
    assert not any(width.record_rate_limit(sent, 10.5) for sent in (8.0, 9.0, 9.9, 10.0))
    assert width.width == 100 * CUT
    assert width.record_rate_limit(10.1, 10.6)
    assert width.width == 100 * CUT * CUT
    assert width.cuts == 2


def test_nothing_grows_while_it_cools_down_and_slowly_afterwards():
    width = AdaptiveWidth(100, 50)
    width.record_rate_limit(1.0, 2.0)
    for sent in (1.5, 2.5):
        width.record_success(sent, 2.0 + COOLDOWN - 0.1, saturated=True)
    width.record_success(1.5, 60.0, saturated=True)
    assert width.width == 40
    for _ in range(41):
        width.record_success(30.0, 40.0, saturated=True)
    assert width.width == 41


def test_an_api_without_limits_is_used_widely_at_once_unless_it_has_refused():
    width = AdaptiveWidth(500)
    width.record_no_limits()
    assert width.width == WIDE
    narrow, refused = AdaptiveWidth(20), AdaptiveWidth(500)
    narrow.record_no_limits()
    assert narrow.width == 20
    refused.record_rate_limit(1.0, 2.0)
    refused.record_no_limits()
    assert refused.width < START


@pytest.mark.parametrize("maximum", [1, 3, START, 500])
def test_it_starts_small_and_never_exceeds_what_is_allowed(maximum):
    width = AdaptiveWidth(maximum)
    assert width.width == min(START, maximum)
    for _ in range(1000):
        width.record_success(1.0, 1.0, saturated=True)
    assert width.width == maximum


@settings(max_examples=200, deadline=None)
@given(
    st.integers(1, 300), st.lists(st.tuples(st.sampled_from("ysr"), st.floats(0, 30), st.floats(0, 60)), max_size=100)
)
def test_whatever_happens_the_width_is_within_its_bounds_and_cuts_at_most_once_per_round_trip(maximum, events):
    width, now, cut_at = AdaptiveWidth(maximum), 0.0, float("-inf")
    for kind, later, took in events:
        now += later
        before = width.width
        if kind == "r":
            cut = width.record_rate_limit(now - took, now)
            assert cut == (now - took > cut_at)
            assert width.width <= before
            cut_at = now if cut else cut_at
        else:
            width.record_success(now - took, now, saturated=kind == "s")
            assert before <= width.width <= before + GROWTH * (kind == "s")
        assert 1 <= width.width <= maximum
