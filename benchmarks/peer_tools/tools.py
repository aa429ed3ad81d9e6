"""The tools: how each is given the tasks, configured as its own documentation advises, and how its answers are read."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from . import answers
from .measuring import ROOT
from .scenarios import LIMIT, SCENARIOS, WIDTH, Scenario

if TYPE_CHECKING:
    from collections.abc import Callable

CLIENTS = Path(__file__).parent / "clients"
API = frozenset(name for name, scenario in SCENARIOS.items() if scenario.stages != "engine")
CAPTIONER = ROOT / "prism_engine" / "nano" / "captioner"
ENGINE = {"max_model_len": 1024, "max_num_seqs": 128, "enforce_eager": True, "dtype": "float32", "seed": 0}
"""vLLM's options, the same for both."""


@dataclass(frozen=True)
class Job:
    """One run of one tool: the tasks' folder, the run's own empty folder, the tool's home and Python, the server."""

    tasks: Path
    out: Path
    home: Path
    python: Path
    url: str
    scenario: Scenario

    @property
    def environment(self) -> dict[str, str]:
        """The client's environment variables."""
        home = {"HOME": str(self.home), "XDG_CACHE_HOME": str(self.home / ".cache")}
        vllm = {"VLLM_CPU_KVCACHE_SPACE": "2", "VLLM_LOGGING_LEVEL": "ERROR", "VLLM_NO_USAGE_STATS": "1"}
        ours = {"PYTHONPATH": str(ROOT)} if self.python == Path(sys.executable) else {}
        kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        return kept | home | vllm | ours


@dataclass(frozen=True)
class Tool:
    """A tool in the comparison.

    Attributes:
        lock: its environment's file in `locks/` (without .txt); None: the project's own environment.
        scenarios: those that it can run.
        distribution: the name of what is compared, in the lock.
        competes: whether its time is ranked; False for a floor, which keeps nothing and survives nothing.
        collect: reads the answers of a finished job, by task.
    """

    name: str
    lock: str | None
    scenarios: frozenset[str]
    command: Callable[[Job], list[str]]
    collect: Callable[[Job], dict[int, str]]
    distribution: str = ""
    competes: bool = True


def _prism(job: Job) -> list[str]:
    scenario = job.scenario
    models = job.out / "models.yaml"
    limits = {"concurrency": WIDTH, "requests_per_minute": scenario.rpm, "tokens_per_minute": scenario.tpm}
    given = {name: value for name, value in limits.items() if value is not None}
    entry = {"backend": "api", "base_url": job.url, "api_key_env": None, "limits": given}
    captioner = {"backend": "vllm", "model": str(CAPTIONER), "engine": ENGINE}
    entries = {"vlm": entry | {"model": "vlm"}, "llm": entry | {"model": "llm"}, "captioner": captioner}
    models.write_text(json.dumps({"models": entries}))
    which = {
        "one": ["--mode", "blind", "-r", "llm"],
        "two": ["-p", "vlm", "-r", "llm"],
        "engine": ["--mode", "perception", "-p", "captioner"],
    }[scenario.stages]
    folders = {"--models-file": models, "--cache-dir": job.out / "cache", "--results-dir": job.out / "results"}
    words = [str(word) for pair in folders.items() for word in pair]
    limit = ["--reasoning-tokens", str(LIMIT), "--perception-tokens", str(LIMIT)]
    return [str(job.python), "-m", "prism_engine", "run", str(job.tasks / "tasks.tsv"), *which, *words, *limit]


def _script(name: str, *, stages: bool = True) -> Callable[[Job], list[str]]:
    def command(job: Job) -> list[str]:
        options: dict[str, object] = {"--tasks": job.tasks / "tasks.jsonl", "--out": job.out / "kept", "--url": job.url}
        options |= {"--width": WIDTH, "--rpm": job.scenario.rpm, "--tpm": job.scenario.tpm}
        options |= {"--stages": job.scenario.stages} if stages else {}
        words = [str(word) for pair in options.items() if pair[1] is not None for word in pair]
        return [str(job.python), str(CLIENTS / name), *words]

    return command


def _run_batch(job: Job) -> list[str]:
    options: dict[str, object] = {"-i": job.tasks / "batch.jsonl", "-o": job.out / "batch.jsonl"}
    options |= {"--model": CAPTIONER, "--served-model-name": "captioner"}
    options |= {f"--{name.replace('_', '-')}": value for name, value in ENGINE.items() if value is not True}
    words = [str(word) for pair in options.items() for word in pair]
    return [str(job.python), "-m", "vllm.entrypoints.openai.run_batch", *words, "--enforce-eager"]


def _of_prism(job: Job) -> dict[int, str]:
    (table,) = (job.out / "results").rglob("*.jsonl" if job.scenario.stages == "engine" else "predictions.jsonl")
    return answers.prism(table.read_text(), "description" if job.scenario.stages == "engine" else "reply")


def _of_inspect(job: Job) -> dict[int, str]:
    script = [str(job.python), str(CLIENTS / "inspect_client.py")]
    command = [*script, "--collect", "--tasks", str(job.tasks), "--out", str(job.out / "kept")]
    done = subprocess.run(command, env=job.environment, capture_output=True, text=True, check=True)
    return answers.lines(done.stdout)


def _of_lmms(job: Job) -> dict[int, str]:
    (table,) = (job.out / "kept" / "logs").rglob("*_samples_*.jsonl")
    return answers.lmms(table.read_text())


def _of_lines(job: Job) -> dict[int, str]:
    return answers.lines((job.out / "kept" / "answers.jsonl").read_text())


def _of_batch(job: Job) -> dict[int, str]:
    return answers.batch((job.out / "batch.jsonl").read_text())


TOOLS = (
    Tool("prism", None, API | {"engine"}, _prism, _of_prism),
    Tool("inspect_ai", "inspect", API, _script("inspect_client.py"), _of_inspect, "inspect_ai"),
    Tool("curator", "curator", API, _script("curator_client.py"), _of_lines, "bespokelabs-curator"),
    Tool("lmms-eval", "lmms", API - {"stages"}, _script("lmms_client.py", stages=False), _of_lmms, "lmms_eval"),
    Tool("vLLM run-batch", None, frozenset({"engine"}), _run_batch, _of_batch),
    Tool("bare aiohttp", None, frozenset({"free", "stages"}), _script("bare_client.py"), _of_lines, competes=False),
)
