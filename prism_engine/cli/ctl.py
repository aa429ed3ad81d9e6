"""`prism ctl`: pauses, resumes, drains and adjusts a run that another process executes."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from prism_engine.cli.options import RESULTS_DIR, JsonOption, ResultsFolder, RunArgument
from prism_engine.cli.show.console import human_limit, print_json, stdout

if TYPE_CHECKING:
    from collections.abc import Mapping


def ctl(
    run: RunArgument,
    command: Annotated[
        str,
        typer.Argument(
            help="pause: make no new calls; those in flight finish and are stored. resume: go on. drain: stop as "
            "Ctrl-C does. status: what the run does now. set: change the settings that follow.",
            metavar="COMMAND",
            autocompletion=lambda: ["pause", "resume", "drain", "status", "set"],
        ),
    ],
    settings: Annotated[
        list[str] | None,
        typer.Argument(
            help="For set: rpm=, tpm= and concurrency= as of `prism run` (with two models behind APIs say which: "
            "reasoner.rpm=100 or MODEL.rpm=100), max_cost= in US dollars, deadline= (07:00, 2h30m from now, a date "
            "and time, or none).",
            metavar="NAME=VALUE",
            autocompletion=lambda: ["rpm=", "tpm=", "concurrency=", "max_cost=", "deadline="],
            show_default=False,
        ),
    ] = None,
    *,
    as_json: JsonOption = False,
    results_dir: ResultsFolder = RESULTS_DIR,
) -> None:
    """Control a run while it goes on, from another shell: pause, resume or stop it, change its limits.

    Effective within a second; no call in flight is lost, and no key changes. Each command is recorded in the run's
    manifest and shown by `prism status`. Pause, drain, max_cost and deadline are of the whole command, with all runs of
    a sweep; a cost cap is that of every running process that has one for the same results folder. Changes end with the
    process: `prism resume` starts with the run's own settings. docs/control.md says more.

    [bold]Example:[/] prism ctl MMStar set rpm=100 max_cost=2.50
    """
    from prism_engine import api  # noqa: PLC0415 - commands import what they use when called
    from prism_engine.control.messages import request_for, values_of  # noqa: PLC0415

    values = values_of(settings or [])
    request_for(command, values)
    reply = api.command_run(api.find_run_state(results_dir, run), command, values)
    if as_json:
        print_json(reply)
        return
    if reply["message"]:
        stdout.print(reply["message"], soft_wrap=True, markup=False)
    else:
        _print_state(reply["state"])


def _print_state(state: Mapping[str, Any]) -> None:
    """Print what a run does now, by its own words."""
    lines = [f"{state.get('state')}: {state.get('folder')}"]
    runs = state.get("runs", [])
    lines += [f"{one.get('name') or 'samples'}: {one.get('done'):,} of {one.get('of'):,} finished" for one in runs]
    for model in state.get("models", []):
        limits = [f"{human_limit(key)} {value:,}" for key, value in model.items() if key not in ("role", "name")]
        lines.append(f"{model.get('role')} {model.get('name')}: {', '.join(limits)}")
    if state.get("max_cost") is not None:
        lines.append(f"cost cap of all runs into this results folder: {_dollars(state['max_cost'])}")
    if state.get("spent") is not None:
        lines.append(f"spent: {_dollars(state['spent'])}")
    if state.get("deadline") is not None:
        lines.append(f"deadline: {datetime.fromisoformat(state['deadline']):%Y-%m-%d %H:%M}")
    for line in (*lines, *command_lines(state.get("progress", {}).get("control", []))):
        stdout.print(line, soft_wrap=True, markup=False)


def command_lines(commands: list[Mapping[str, Any]]) -> list[str]:
    """Return the commands that a run was given, one per line, with the local time of each."""
    lines = []
    for one in commands:
        values = [f"{name}={value}" for name, value in one.get("values", {}).items()]
        at = datetime.fromisoformat(one["at"]).astimezone()
        lines.append(f"{at:%Y-%m-%d %H:%M:%S}  {' '.join([str(one['command']), *values])}")
    return lines


def _dollars(amount: str) -> str:
    from decimal import Decimal  # noqa: PLC0415 - only a status with money needs it

    from prism_engine.budget import cap_of, shown  # noqa: PLC0415

    return shown(cap_of(Decimal(amount)))
