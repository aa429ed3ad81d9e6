"""The composition root: builds the parts and runs them. This is prism from Python."""

from prism_engine.api.async_run import arun, arun_many
from prism_engine.api.calls import SampleCall, sample_calls
from prism_engine.api.demo import demo_configs
from prism_engine.api.doctor import Check, diagnose
from prism_engine.api.forecast import Forecast, PlannedRun, plan, plan_and_forecast, plan_many, together
from prism_engine.api.grading import GradingReport, grade
from prism_engine.api.instructions import cautions
from prism_engine.api.judged_runs import run_and_judge
from prism_engine.api.judging import JudgePlan, JudgeReport, judge_runs, plan_judging
from prism_engine.api.modules import Perception, Reasoning
from prism_engine.api.original_export import Exported, export_original
from prism_engine.api.original_import import Imported, import_original
from prism_engine.api.rescoring import Rescoring, find_predictions, rescore
from prism_engine.api.run import RunReport, RunStatus, Watch, run, run_many
from prism_engine.api.session import Session
from prism_engine.api.status import Standing, find_standing, standings
from prism_engine.api.sweep import HEADER, SweepRow, write_sweep

__all__ = [
    "HEADER",
    "Check",
    "Exported",
    "Forecast",
    "GradingReport",
    "Imported",
    "JudgePlan",
    "JudgeReport",
    "Perception",
    "PlannedRun",
    "Reasoning",
    "Rescoring",
    "RunReport",
    "RunStatus",
    "SampleCall",
    "Session",
    "Standing",
    "SweepRow",
    "Watch",
    "arun",
    "arun_many",
    "cautions",
    "demo_configs",
    "diagnose",
    "export_original",
    "find_predictions",
    "find_standing",
    "grade",
    "import_original",
    "judge_runs",
    "plan",
    "plan_and_forecast",
    "plan_judging",
    "plan_many",
    "rescore",
    "run",
    "run_and_judge",
    "run_many",
    "sample_calls",
    "standings",
    "together",
    "write_sweep",
]
