"""Decoupled evaluation of vision-language models at full throughput."""

# Importing this package must stay free of other imports: the command line does it before anything else. A name is
# loaded when it is first used (PEP 562).
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

from prism_engine.version import __version__ as __version__

__all__ = [
    "Arm",
    "BudgetError",
    "Completion",
    "ConfigError",
    "DeadError",
    "NotRunError",
    "OutcomeError",
    "Perception",
    "PrismError",
    "Reasoning",
    "RunConfig",
    "RunReport",
    "RunStatus",
    "Sample",
    "SamplingConfig",
    "Score",
    "Session",
    "StoreError",
    "UserError",
    "analyze",
    "arun",
    "arun_many",
    "compare",
    "grade",
    "judge",
    "load_registry",
    "plan",
    "run",
    "run_many",
    "score",
    "write_report",
]

if TYPE_CHECKING:
    from prism_engine.api.objects.modules import Perception, Reasoning
    from prism_engine.api.objects.session import Session
    from prism_engine.api.public.after_runs import analyze, compare, grade, judge, score, write_report
    from prism_engine.api.public.new_runs import arun, arun_many, plan, run, run_many
    from prism_engine.api.results.run_status import RunStatus
    from prism_engine.api.runs.execution import RunReport
    from prism_engine.config import Arm, RunConfig, SamplingConfig, load_registry
    from prism_engine.errors import (
        BudgetError,
        ConfigError,
        DeadError,
        NotRunError,
        OutcomeError,
        PrismError,
        StoreError,
        UserError,
    )
    from prism_engine.records import Completion, Sample, Score
else:
    _MODULES = {
        "api.objects.modules": ("Perception", "Reasoning"),
        "api.objects.session": ("Session",),
        "api.public.after_runs": ("analyze", "compare", "grade", "judge", "score", "write_report"),
        "api.public.new_runs": ("arun", "arun_many", "plan", "run", "run_many"),
        "api.results.run_status": ("RunStatus",),
        "api.runs.execution": ("RunReport",),
        "config": ("Arm", "RunConfig", "SamplingConfig", "load_registry"),
        "errors": (
            *("BudgetError", "ConfigError", "DeadError", "NotRunError", "OutcomeError", "PrismError", "StoreError"),
            "UserError",
        ),
        "records": ("Completion", "Sample", "Score"),
    }
    _MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}

    def __getattr__(name: str) -> Any:
        if name not in _MODULE_OF:
            # With `name` and `obj`, Python suggests the nearest name.
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name, obj=sys.modules[__name__])
        value = getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
        globals()[name] = value
        return value

    def __dir__() -> list[str]:
        return sorted({*__all__, *(name for name in globals() if name.startswith("__"))})
