"""The default load of a backend, and the load of wrappers."""

from __future__ import annotations

from prism_engine.api.build.workbench import BorrowedBackend
from prism_engine.backends.load import LimitUsage, Load, WaitReason
from prism_engine.backends.restarting import Restarting
from prism_engine.backends.scripted import Scripted
from prism_engine.config import ScriptedModel


class Loaded(Scripted):
    load = Load(WaitReason.TOKENS, {"tokens_per_minute": LimitUsage(3, 4)})


def test_a_model_without_limits_reports_no_wait():
    assert Scripted(ScriptedModel()).load == Load(None, {})


def test_wrappers_report_the_load_of_their_backend():
    assert BorrowedBackend(Restarting(lambda: Loaded(ScriptedModel()))).load is Loaded.load
