from __future__ import annotations

from prism_engine.backends.chat.health import Health
from prism_engine.records import Completion, Outcome
from tests.backends.calls import call_of as call


def health():
    return Health("here", lambda: 0.0, patience=None, concurrency=8)


def test_a_rate_limit_is_a_calls_own_if_others_are_answered_and_none_of_them_is_refused():
    endpoint = health()
    state = endpoint.begin(call("bad"))
    assert not endpoint.refused_alone(state)  # nothing was answered meanwhile
    endpoint.record_completion(Completion(Outcome.OK, "A"), call("good"))
    assert endpoint.refused_alone(state)


def test_a_rate_limit_that_other_calls_meet_as_well_is_the_endpoints():
    endpoint = health()
    state, other = endpoint.begin(call("one")), endpoint.begin(call("two"))
    endpoint.refused_alone(state)
    endpoint.refused_alone(other)
    endpoint.record_completion(Completion(Outcome.OK, "A"), call("good"))
    assert not endpoint.refused_alone(state)
