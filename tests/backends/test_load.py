"""What backends say of themselves unless they know better."""

from __future__ import annotations

from prism_engine.api.build.shared import BorrowedBackend
from prism_engine.backends.load import LimitUsage, Load, WaitReason
from prism_engine.backends.restarting import Restarting
from prism_engine.backends.scripted import Scripted
from prism_engine.config import ScriptedModel


class Loaded(Scripted):
    load = Load(WaitReason.TOKENS, {"tokens_per_minute": LimitUsage(3, 4)})


def test_a_model_without_limits_keeps_nobody_waiting_but_itself():
    assert Scripted(ScriptedModel()).load == Load(None, {})


def test_whoever_stands_in_front_of_a_backend_says_what_that_says():
    assert BorrowedBackend(Restarting(lambda: Loaded(ScriptedModel()))).load is Loaded.load
