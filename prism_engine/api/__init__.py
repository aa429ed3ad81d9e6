"""The composition root: builds the parts and runs them. This is prism from Python."""

from prism_engine.api.demo import demo_configs
from prism_engine.api.doctor import Check, diagnose
from prism_engine.api.forecast import Forecast, PlannedRun, plan, plan_and_forecast, plan_many, together
from prism_engine.api.run import RunReport, RunStatus, Watch, run, run_many
from prism_engine.api.status import Standing, find_standing, standings
from prism_engine.api.sweep import HEADER, SweepRow, write_sweep

__all__ = [
    "HEADER",
    "Check",
    "Forecast",
    "PlannedRun",
    "RunReport",
    "RunStatus",
    "Standing",
    "SweepRow",
    "Watch",
    "demo_configs",
    "diagnose",
    "find_standing",
    "plan",
    "plan_and_forecast",
    "plan_many",
    "run",
    "run_many",
    "standings",
    "together",
    "write_sweep",
]
