"""The command line of `benchmarks/peers.py`."""

from __future__ import annotations

import argparse
import datetime as dt
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from .environments import DEFAULT, InstallError, pins, python
from .ranking import REFERENCE, first, table
from .rounds import by_name, measure
from .scenarios import SCENARIOS

if TYPE_CHECKING:
    from .scenarios import Scenario
    from .tools import Tool


SMOKE = 40
"""Tasks of each round with --smoke."""


def main(description: str) -> None:
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenarios", default=",".join(SCENARIOS), help=f"any of {', '.join(SCENARIOS)} (all)")
    parser.add_argument("--tools", default="", help="names, separated by commas (all)")
    parser.add_argument("--tasks", type=int, help="tasks of each round (each scenario has its own default)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--envs", type=Path, default=DEFAULT, help=f"folder of the peers' environments ({DEFAULT})")
    parser.add_argument("--write", type=Path, metavar="FILE", help="also append the tables to this Markdown file")
    parser.add_argument(
        "--smoke",
        action="store_true",
        help=f"one round of {SMOKE} tasks; exit with 1 only if a tool fails, whatever the times",
    )
    given = parser.parse_args()
    names = given.scenarios.split(",")
    if unknown := [name for name in names if name not in SCENARIOS]:
        parser.error(f"--scenarios: {unknown[0]!r} is not a scenario; known: {', '.join(SCENARIOS)}")
    if given.rounds < 1 or (given.tasks is not None and given.tasks < 1):
        parser.error("--rounds and --tasks must be at least 1")
    try:
        tools = by_name([name for name in given.tools.split(",") if name])
    except ValueError as problem:
        parser.error(str(problem))
    sys.exit(_compare(given, tools, [SCENARIOS[name] for name in names]))


def _compare(given: argparse.Namespace, tools: list[Tool], scenarios: list[Scenario]) -> int:
    """Install, measure and report; return the exit code."""
    lines = [_when()]
    pythons = _pythons(tools, given.envs, lines)
    failed, behind = len(pythons) < len(tools), []
    for scenario in scenarios:
        tasks = given.tasks or (SMOKE if given.smoke else scenario.tasks)
        rounds = 1 if given.smoke else given.rounds
        with tempfile.TemporaryDirectory() as scratch:
            rows = measure(scenario, pythons, Path(scratch), tasks, rounds)
        title = f"{scenario.name}: {scenario.title}; {tasks:,} tasks, {scenario.latency:g} s latency, {rounds} rounds"
        block = ["", f"**{title}**", "", *table(rows)]
        print("\n".join([*block, ""]), flush=True)
        lines += block
        failed = failed or any(measured.code for row in rows for measured in row.rounds)
        behind += [scenario.name] if REFERENCE in pythons and not first(rows) else []
    if given.write is not None:
        with given.write.open("a", encoding="utf-8") as file:
            file.write("\n".join(["", *lines, ""]))
    if given.smoke:
        print("a tool failed" if failed else "every tool ran")
        return int(failed)
    print("prism is first in every ranked row" if not behind else f"prism is NOT first in: {', '.join(behind)}")
    return int(bool(behind))


def _pythons(tools: list[Tool], folder: Path, lines: list[str]) -> dict[str, Path]:
    """Return each tool's Python; the report names its version, or why it is left out."""
    found = {}
    for tool in tools:
        try:
            found[tool.name] = Path(sys.executable) if tool.lock is None else python(tool.lock, folder)
        except (InstallError, subprocess.CalledProcessError) as problem:
            lines.append(f"- left out: {problem}")
            print(lines[-1], flush=True)
        else:
            lines += [f"- {tool.name} {pins(tool.lock)[tool.distribution]}"] if tool.lock is not None else []
    return found


def _when() -> str:
    """Return the date, and how busy the machine is: a busy one distorts the times."""
    load = os.getloadavg()[0]
    cores = len(os.sched_getaffinity(0))
    state = "busy" if load > 0.3 * cores else "idle"
    today = dt.datetime.now().astimezone()
    return f"{today:%Y-%m-%d}, {cores} cores, {state} machine at the start (load {load:.1f})"
