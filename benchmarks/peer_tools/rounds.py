"""Runs the rounds of a scenario: every tool in turn, each run with an empty folder and a server of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from . import answers
from .measuring import ROOT, Server, Usage, run, served
from .ranking import Measured, Row
from .tools import TOOLS, Job, Tool

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from .scenarios import Scenario

WARM_UP = 8
"""Tasks of the unmeasured first run of each tool, which compiles its modules."""


def measure(scenario: Scenario, tools: Mapping[str, Path], scratch: Path, tasks: int, rounds: int) -> tuple[Row, ...]:
    """Run a scenario with these tools, by name with their Pythons; return a row per tool."""
    chosen = [tool for tool in TOOLS if tool.name in tools and scenario.name in tool.scenarios]
    _write_tasks(scratch / "warm", WARM_UP, scenario)
    _write_tasks(scratch / "tasks", tasks, scenario)
    for tool in chosen:
        _one(tool, _job(scratch, "warm", tool, tools[tool.name], scenario), WARM_UP)
    found: dict[str, list[Measured]] = {tool.name: [] for tool in chosen}
    for number in range(rounds):
        turn = number % max(len(chosen), 1)
        for tool in [*chosen[turn:], *chosen[:turn]]:
            measured = _one(tool, _job(scratch, "tasks", tool, tools[tool.name], scenario, number), tasks)
            found[tool.name].append(measured)
            print(f"  {scenario.name}, round {number + 1}, {tool.name}: {measured}", flush=True)
    return tuple(Row(tool.name, tool.competes, tuple(found[tool.name])) for tool in chosen)


def _write_tasks(folder: Path, count: int, scenario: Scenario) -> None:
    """Write the tasks in a process of its own: a client's peak memory would count what this one had imported."""
    script = [sys.executable, str(Path(__file__).with_name("workload.py")), str(folder), str(count), scenario.stages]
    subprocess.run(script, env=os.environ | {"PYTHONPATH": str(ROOT)}, check=True)


def _job(scratch: Path, tasks: str, tool: Tool, python: Path, scenario: Scenario, number: int = 0) -> Job:
    name = tool.name.replace(" ", "-")
    out, home = scratch / f"{tasks}-{name}-{number}", scratch / f"home-{name}"
    out.mkdir()
    home.mkdir(exist_ok=True)
    return Job(scratch / tasks, out, home, python, "", scenario)


def _one(tool: Tool, job: Job, tasks: int) -> Measured:
    """Run one tool once, and count what it lost and repeated."""
    with served(job.scenario) as server:
        there = Job(job.tasks, job.out, job.home, job.python, server.url, job.scenario)
        used = _killed_and_again(tool, there, server, tasks) if job.scenario.kill else _run(tool, there)
    computed = server.counts["computed"]
    try:
        kept = answers.right(tool.collect(there), tasks, marked=job.scenario.stages != "engine")
    except (OSError, ValueError, KeyError, subprocess.CalledProcessError) as problem:
        kept = 0
        print(f"  {tool.name}: no answers ({problem}); its log ends with: {_last_words(there)}", flush=True)
    return Measured(
        wall=used.wall,
        cpu=used.cpu,
        peak_mib=used.peak_mib,
        refused=server.counts["refused"],
        lost=tasks - kept,
        repeated=sum(computed.values()) - len(computed),
        code=used.code,
    )


def _run(tool: Tool, job: Job, kill_if: Callable[[], bool] | None = None) -> Usage:
    return run(tool.command(job), job.environment, job.out / "log.txt", kill_if)


def _killed_and_again(tool: Tool, job: Job, server: Server, tasks: int) -> Usage:
    half = job.scenario.calls(tasks) // 2
    first = _run(tool, job, lambda: server.sent() >= half)
    if first.code != -signal.SIGKILL:
        print(f"  {tool.name}: ended before half of the completions; its log ends with: {_last_words(job)}", flush=True)
        return replace(first, code=first.code or 1)
    return first + _run(tool, job)


def _last_words(job: Job) -> str:
    lines = (job.out / "log.txt").read_text(errors="replace").splitlines()
    return " / ".join(line for line in lines[-3:] if line.strip())[-300:]


def by_name(names: Sequence[str]) -> list[Tool]:
    """Return the tools of these names.

    Raises:
        ValueError: there is no such tool.
    """
    known = {tool.name: tool for tool in TOOLS}
    for name in names:
        if name not in known:
            raise ValueError(f"--tools: {name!r} is not a tool; known: {', '.join(known)}")
    return [known[name] for name in names] or list(TOOLS)
