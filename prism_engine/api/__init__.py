"""The composition root: builds the parts and runs them. This is prism from Python."""

from prism_engine.api.demo import demo_config
from prism_engine.api.doctor import Check, diagnose
from prism_engine.api.run import RunReport, RunStatus, Watch, plan, run, run_many

__all__ = ["Check", "RunReport", "RunStatus", "Watch", "demo_config", "diagnose", "plan", "run", "run_many"]
