"""`import prism_engine as prism`: the names, what importing them costs, and what type checkers see."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import prism_engine as prism

ROOT = Path(__file__).parents[1]
MODULES = vars(prism)["_MODULES"]  # hidden from type checkers
HEAVY = {"PIL", "aiohttp", "numpy", "polars", "pydantic", "scipy", "torch", "transformers", "typer", "vllm", "yaml"}
USES = """
import prism_engine as prism

report = prism.run(benchmark="b.tsv", perceiver="eyes", reasoner=None, samples=5, mode=prism.Arm.ALL)
reveal_type(report)
reveal_type(report.rows())
reveal_type(report.frame())
reveal_type(prism.run_many(benchmark=["a.tsv", "b.tsv"], reasoner="brain"))
reveal_type(prism.plan(prism.RunConfig(benchmark="b.tsv", mode=prism.Arm.BLIND, reasoner="brain")))
reveal_type(prism.judge(report, judge="brain", max_cost=1))
reveal_type(prism.grade("rows.jsonl", judge="brain", samples=2))
reveal_type(prism.score(report, ["v1", "v3"]))
reveal_type(prism.compare(report, "other"))
reveal_type(prism.analyze("results", out="analysis"))
reveal_type(prism.load_registry())
reveal_type(prism.Perception(model="eyes").generate("Why?", ["a.png", b""]))
reveal_type(prism.Perception("generic", "eyes"))
reveal_type(prism.Reasoning("brain").reason("seen", "Why?").outcome)
prism.rnu()
prism.run(benchmrak="b.tsv")
prism.Perception("eyes")
prism.UserError("no").outcome
"""
PLANNED = (
    "tuple[str, prism_engine.engine.plan.Plan, prism_engine.api.runs.planning.Forecast, "
    "fallback=prism_engine.api.runs.planning.PlannedRun]"
)
SEEN = [
    "prism_engine.api.runs.execution.RunReport",
    "typing.Iterator[dict[str, Any]]",
    "polars.dataframe.frame.DataFrame",
    "list[prism_engine.api.runs.execution.RunReport]",
    PLANNED,
    "list[prism_engine.api.judging.judge_runs.JudgeReport]",
    "prism_engine.api.judging.grading.GradingReport",
    "prism_engine.api.results.rescoring.Rescoring",
    "prism_engine.api.analysis.two_runs.ComparedRuns",
    "prism_engine.api.analysis.analysis_folder.AnalysisReport",
    "prism_engine.config.models.Registry",
    "str",
    "prism_engine.api.objects.modules.Perception",
    "prism_engine.records.Outcome",
]
ERRORS = ["attr-defined", "call-arg", "call-overload", "attr-defined"]


def child(code):
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    return json.loads(done.stdout)


@pytest.mark.parametrize("name", prism.__all__)
def test_every_name_resolves_and_is_loaded_once(name):
    assert getattr(prism, name).__name__ == name
    assert getattr(prism, name) is getattr(prism, name)


def test_the_names_are_listed_sorted_and_each_once():
    assert prism.__all__ == sorted(set(prism.__all__))
    assert {name for names in MODULES.values() for name in names} == set(prism.__all__)
    assert {*prism.__all__, "__version__"} <= set(dir(prism))
    assert not {"sys", "Any"} & set(dir(prism))


def test_importing_the_package_imports_its_version_alone_and_no_other_package():
    modules = child("import json, sys, prism_engine; print(json.dumps(sorted(sys.modules)))")
    assert [name for name in modules if name.startswith("prism_engine")] == ["prism_engine", "prism_engine.version"]
    assert not {name.partition(".")[0] for name in modules} & HEAVY


def test_all_names_together_import_no_engine_and_no_command_line():
    modules = child("import json, sys; from prism_engine import *; run; print(json.dumps(sorted(sys.modules)))")
    assert not {"prism_engine.cli", "rich", "torch", "transformers", "typer", "vllm"} & set(modules)


@pytest.mark.parametrize("module", ["errors", "records", "config"])
def test_a_name_loads_its_own_module_and_not_the_api(module):
    (name, *_) = MODULES[module]
    modules = child(f"import json, sys, prism_engine; prism_engine.{name}; print(json.dumps(sorted(sys.modules)))")
    assert f"prism_engine.{module}" in modules
    assert "prism_engine.api" not in modules


def test_a_misspelt_name_suggests_the_right_one():
    code = "import prism_engine as prism\nprism.load_registri"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=ROOT)
    assert "module 'prism_engine' has no attribute 'load_registri'. Did you mean: 'load_registry'?" in done.stderr


def test_submodules_are_imported_as_ever():
    assert child("from prism_engine import api; import json; print(json.dumps(api.__name__))") == "prism_engine.api"


@pytest.mark.slow
def test_type_checkers_see_the_names_their_options_and_mistakes(tmp_path):
    (tmp_path / "uses.py").write_text(USES)
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--cache-dir", tmp_path / "cache", tmp_path / "uses.py"],
        capture_output=True, text=True, check=False, cwd=ROOT,
    )  # fmt: skip
    assert re.findall(r'Revealed type is "(.*)"', done.stdout) == SEEN, done.stdout + done.stderr
    assert re.findall(r"error: .* \[([a-z-]+)\]", done.stdout) == ERRORS, done.stdout
