"""The bottleneck of a run, on a simulated clock."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from prism_engine.backends.load import Load, WaitReason
from prism_engine.engine.bottleneck import TURN, BottleneckClock
from prism_engine.stages.meter import Meter

if TYPE_CHECKING:
    from prism_engine.stage import StageKey


class World:
    """Two stages and a clock, all set by the test."""

    def __init__(self, *, describing=True, answering=True):
        self.now = 10.0
        self.limits = {"describe": None, "answer": None}
        self.describing = Meter(load=lambda: Load(self.limits["describe"])) if describing else None
        self.answering = Meter(load=lambda: Load(self.limits["answer"])) if answering else None
        self.writing = Meter()
        meters: dict[StageKey, Meter | None] = {
            "write": self.writing,
            "perceive": self.describing,
            "reason": self.answering,
        }
        self.bounds = BottleneckClock({key: meter for key, meter in meters.items() if meter}, clock=lambda: self.now)

    def spend(self, seconds, *, writing=0, describing=0, answering=0, describe=None, answer=None):
        for meter, calls in ((self.writing, writing), (self.describing, describing), (self.answering, answering)):
            if meter is not None:
                meter.in_flight = calls
        self.limits = {"describe": describe, "answer": answer}
        self.now += seconds
        self.bounds.tick()


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ({}, "prism"),
        ({"writing": 3}, "writer"),
        ({"writing": 3, "describing": 3}, "perceiver"),
        ({"describing": 3}, "perceiver"),
        ({"describing": 3, "describe": WaitReason.REQUESTS}, "perceiver's requests_per_minute"),
        ({"describing": 3, "describe": WaitReason.HELD}, "paused"),
        ({"answering": 3}, "reasoner"),
        ({"describing": 3, "answering": 3}, "perceiver"),
        ({"answering": 3, "answer": WaitReason.TOKENS}, "tokens_per_minute"),
        ({"describing": 3, "answering": 3, "answer": WaitReason.TOKENS}, "tokens_per_minute"),
        ({"describing": 3, "answer": WaitReason.TOKENS}, "perceiver"),  # of another run on the same backend
    ],
)
def test_each_moment_has_one_thing_that_holds_the_run_back(state, expected):
    world = World()
    world.spend(5, **state)
    assert world.bounds.shares == {expected: 1.0}


def test_shares_add_up_and_the_largest_comes_first():
    world = World()
    world.spend(1)
    world.spend(2, describing=1)
    world.spend(3, answering=1, answer=WaitReason.BUDGET)
    world.spend(2, describing=1)
    assert list(world.bounds.shares.items()) == [("perceiver", 0.5), ("budget", 0.375), ("prism", 0.125)]


def test_a_run_of_one_stage_and_one_that_has_not_begun_are_fine():
    world = World(describing=False)
    assert world.bounds.shares == {}
    world.spend(1, answering=1)
    assert world.bounds.shares == {"reasoner": 1.0}
    world = World(answering=False)
    world.spend(1, describing=1)
    assert world.bounds.shares == {"perceiver": 1.0}


def test_another_run_s_call_counts_where_this_one_waits_for_it_and_so_does_another_engine_s_turn():
    world = World()
    assert world.describing is not None
    assert world.answering is not None
    world.describing.joined = 1
    world.spend(1)
    world.describing.joined, world.answering.joined = 0, 1
    world.spend(1)
    world.answering.joined = 0
    world.bounds.waits_for_turn = True
    world.spend(2)
    world.spend(4, answering=1)  # what is described is being answered meanwhile
    assert world.bounds.shares == {"reasoner": 5 / 8, TURN: 2 / 8, "perceiver": 1 / 8}
