from hypothesis import given
from hypothesis import strategies as st

from prism_engine.backends.limits.expectation import Tokens
from prism_engine.backends.limits.sent_requests import MEMORY, QUANTITIES, SentRequests

COUNTS = st.integers(0, 10**6)
SENT = st.lists(st.tuples(st.floats(0, 5), st.builds(Tokens, COUNTS, COUNTS)), min_size=1, max_size=40)


@given(SENT, st.floats(-1, 210), st.data())
def test_what_was_sent_since_a_moment_is_the_sum_over_each_request(steps, moment, data):
    log, requests, now = SentRequests(), [], 0.0
    for seconds, worst in steps:
        now += seconds
        requests.append(log.append(now, worst))
    own = data.draw(st.sampled_from(requests))
    since = [each for each in requests if each.at > moment]
    assert log.count_since(moment) == len(since)
    assert log.first_since(moment) == (since[0] if since else None)
    for place in range(len(QUANTITIES)):
        one_by_one = sum(each.amounts[place] for each in since if each.number != own.number)
        assert log.amount_since(moment, place, apart_from=own) == one_by_one


def test_old_requests_are_forgotten_and_what_is_left_still_adds_up():
    log, now = SentRequests(), 0.0
    for _ in range(5000):
        now += 0.1
        last = log.append(now, Tokens(3, 4))
    assert MEMORY / 0.1 <= len(log) < MEMORY / 0.1 + 1000
    assert log.last_number == last.number == 5000
    assert log.time_of(1) == last.at
    requests, tokens = QUANTITIES.index("requests"), QUANTITIES.index("tokens")
    assert log.amount_since(now - 10.05, tokens, apart_from=last) == 7 * 100
    assert log.amount_since(now, tokens, apart_from=last) == 0
    assert log.amount_since(0.0, requests, apart_from=last) == len(log) - 1
