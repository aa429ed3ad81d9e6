"""The Python API and composition root: builds the parts of a run and runs them."""

from prism_engine.api.build.benchmark_notes import benchmark_notes
from prism_engine.api.build.instruction_sources import instruction_warnings
from prism_engine.api.demo import demo_configs
from prism_engine.api.doctor import Check, diagnose
from prism_engine.api.judging.grading import GradingReport, grade
from prism_engine.api.judging.judge_runs import JudgePlan, JudgeReport, judge_runs, plan_judging
from prism_engine.api.judging.run_and_judge import run_and_judge
from prism_engine.api.objects.modules import Perception, Reasoning
from prism_engine.api.objects.session import Session
from prism_engine.api.results.moved import moved_config, require_files, results_dir_of
from prism_engine.api.results.rescoring import Rescoring, find_predictions, rescore
from prism_engine.api.results.run_status import RunStatus
from prism_engine.api.results.status import RunState, find_run_state, run_states
from prism_engine.api.runs.async_run import arun, arun_many
from prism_engine.api.runs.commanding import command_run
from prism_engine.api.runs.execution import ProgressDisplay, RunReport, run, run_many
from prism_engine.api.runs.notification import Notification
from prism_engine.api.runs.planning import (
    Forecast,
    PlannedRun,
    combined_forecast,
    plan,
    plan_and_forecast,
    plan_many,
    require_cached,
)
from prism_engine.api.runs.received import consequences, received_judge
from prism_engine.api.runs.run_summary import error_summary, run_summary
from prism_engine.api.runs.sample_calls import SampleCall, sample_calls
from prism_engine.api.runs.sweep_table import (
    HEADER,
    TEXT_COLUMNS,
    SweepRow,
    shown_columns,
    tags_line,
    write_sweep,
)

__all__ = [
    "HEADER",
    "TEXT_COLUMNS",
    "Check",
    "Forecast",
    "GradingReport",
    "JudgePlan",
    "JudgeReport",
    "Notification",
    "Perception",
    "PlannedRun",
    "ProgressDisplay",
    "Reasoning",
    "Rescoring",
    "RunReport",
    "RunState",
    "RunStatus",
    "SampleCall",
    "Session",
    "SweepRow",
    "arun",
    "arun_many",
    "benchmark_notes",
    "combined_forecast",
    "command_run",
    "consequences",
    "demo_configs",
    "diagnose",
    "error_summary",
    "find_predictions",
    "find_run_state",
    "grade",
    "instruction_warnings",
    "judge_runs",
    "moved_config",
    "plan",
    "plan_and_forecast",
    "plan_judging",
    "plan_many",
    "received_judge",
    "require_cached",
    "require_files",
    "rescore",
    "results_dir_of",
    "run",
    "run_and_judge",
    "run_many",
    "run_states",
    "run_summary",
    "sample_calls",
    "shown_columns",
    "tags_line",
    "write_sweep",
]
