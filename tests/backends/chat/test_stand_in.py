from __future__ import annotations

from prism_engine.backends.chat.stand_in import PROBE_TOKENS, StandIn
from prism_engine.records import Image, Sampling
from tests.backends.calls import call_of


def test_the_smallest_call_that_was_answered_stands_in_with_a_short_reply(tmp_path):
    stand_in = StandIn()
    assert stand_in.instead_of(call_of("bad")) is None
    stand_in.record(call_of(Image("a" * 64, tmp_path), "why?"))
    stand_in.record(call_of("a long question"))
    stand_in.record(call_of("short?"))
    stand_in.record(call_of("a longer question"))
    found = stand_in.instead_of(call_of("bad"))
    assert found is not None
    assert (found.messages, found.sampling.max_tokens) == (call_of("short?").messages, PROBE_TOKENS)


def test_a_call_that_could_cost_more_does_not_stand_in(tmp_path):
    stand_in = StandIn()
    stand_in.record(call_of(Image("a" * 64, tmp_path), "why?"))
    assert stand_in.instead_of(call_of("a question without a picture")) is None
    stand_in = StandIn()
    stand_in.record(call_of("x" * 600))
    assert stand_in.instead_of(call_of("bad", sampling=Sampling(512))) is None
    assert stand_in.instead_of(call_of("bad" * 100, sampling=Sampling(512))) is not None
