"""The composition root: builds the parts and runs them. This is prism from Python."""

from prism_engine.api.calls import SampleCall, sample_calls
from prism_engine.api.demo import demo_configs
from prism_engine.api.doctor import Check, diagnose
from prism_engine.api.forecast import Forecast, plan, plan_and_forecast
from prism_engine.api.instructions import cautions
from prism_engine.api.rescoring import Rescoring, find_predictions, rescore
from prism_engine.api.run import RunReport, RunStatus, Watch, run, run_many
from prism_engine.api.status import Standing, find_standing, standings

__all__ = [
    "Check",
    "Forecast",
    "Rescoring",
    "RunReport",
    "RunStatus",
    "SampleCall",
    "Standing",
    "Watch",
    "cautions",
    "demo_configs",
    "diagnose",
    "find_predictions",
    "find_standing",
    "plan",
    "plan_and_forecast",
    "rescore",
    "run",
    "run_many",
    "sample_calls",
    "standings",
]
