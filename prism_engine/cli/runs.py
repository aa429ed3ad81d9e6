"""`prism runs`, `prism status` and `prism resume`: what was run, where it stands, and how it goes on."""

# ruff: noqa: TC001 - Typer reads the options
from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from prism_engine.cli.options import MaxCostOption, ResultsDirOption, RetryFailedOption
from prism_engine.cli.run import run_all
from prism_engine.cli.show.tables import human_limit, human_seconds, print_bounds, print_table, stderr, stdout
from prism_engine.config import load_registry
from prism_engine.errors import UserError

if TYPE_CHECKING:
    from prism_engine.api import RunState

RESULTS = Path("results")
RunArgument = Annotated[str, typer.Argument(help="A run of `prism runs`, or enough of its name.", metavar="RUN")]


def runs(*, results_dir: ResultsDirOption = None) -> None:
    """List the runs of a results folder: how far each is, and whether it is still going on."""
    from prism_engine import api  # noqa: PLC0415 - `prism --help` is instant

    folder = results_dir or RESULTS
    found = api.run_states(folder)
    if not found:
        stdout.print(f"no runs in {folder}; `prism run` makes one (--results-dir elsewhere)", soft_wrap=True)
        return
    print_table(("Run", "State", "Samples", "Right so far", "Last sign"), [_row(one, folder) for one in found], words=2)


def status(
    run: Annotated[
        str | None, typer.Argument(help="As in `prism runs`.  \\[default: the latest]", metavar="RUN")
    ] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="The numbers as JSON, for scripts.")] = False,
    results_dir: ResultsDirOption = None,
) -> None:
    """Say where a run stands, also while another shell runs it; the numbers are at most two seconds old."""
    from prism_engine import api  # noqa: PLC0415

    folder = results_dir or RESULTS
    one = api.find_run_state(folder, run)
    if as_json:
        stdout.print(json.dumps({"state": one.state, **one.progress}), soft_wrap=True, markup=False)
        return
    print_table(("Run", "State", "Samples", "Right so far", "Last sign"), [_row(one, folder)], words=2)
    counts, rates = ("cached", "calls", "failed", "in_flight"), ("calls_per_second", "tokens_per_second")
    stages = [(name, one.progress[name]) for name in ("describe", "answer") if name in one.progress]
    print_table(
        ("", "Cached", "Called", "Failed", "In flight", "Calls/s", "Tokens/s"),
        [
            (name, *(f"{meter[key]:,}" for key in counts), *(f"{meter[key]:,}" if meter[key] else "-" for key in rates))
            for name, meter in stages
        ],
    )
    for name, meter in stages if one.state == "running" else ():
        for limit, use in meter.get("limits", {}).items():
            share = f"{use['used']:,.0f} of {use['limit']:,.0f}"
            stdout.print(f"{name}: {human_limit(limit)} {share} in use", soft_wrap=True, markup=False)
    print_bounds(one.progress.get("bounded_by", {}))
    if (money := one.progress.get("money")) and money.get("left") is not None:
        stdout.print(
            f"${Decimal(money['left']):.2f} of ${Decimal(money['cap']):.2f} left", soft_wrap=True, markup=False
        )
    eta = one.progress["eta_seconds"]
    if one.state == "running" and eta is not None:
        stdout.print(f"about {human_seconds(eta)} left")
    if one.state not in ("running", "complete"):
        stdout.print(f"go on with: prism resume {_name(one, folder)}", soft_wrap=True, markup=False)


def resume(
    *,
    run: RunArgument,
    max_cost: MaxCostOption = None,
    retry_failed: RetryFailedOption = None,
    results_dir: ResultsDirOption = None,
) -> None:
    """Go on with a run, as its own command would, from the folder in which that was given.

    What is finished is in the cache and is not made again; samples that failed are tried again.
    """
    from prism_engine import api  # noqa: PLC0415

    one = api.find_run_state(results_dir or RESULTS, run)
    if one.state == "running":
        raise UserError(f"{one.folder}: this run is going on now; `prism status` says how far it is")
    config = one.run_config()
    if max_cost is not None:
        config = config.model_copy(update={"max_cost": Decimal(str(max_cost))})
    if retry_failed is not None:
        config = config.model_copy(update={"retry_failed": retry_failed})
    enter_folder(one)
    run_all([config], load_registry())


def enter_folder(one: RunState) -> None:
    """Go to the folder in which a run was begun: what is relative in its configuration means from there.

    Raises:
        UserError: it is not there any more.
    """
    if one.cwd == Path.cwd():
        return
    stderr.print(f"in {one.cwd}, where it was begun", soft_wrap=True, markup=False)
    try:
        os.chdir(one.cwd)
    except OSError as error:
        raise UserError(f"{one.cwd}: the folder in which the run was begun is not there any more") from error


def _row(one: RunState, results_dir: Path) -> tuple[str, ...]:
    samples, right = one.progress["samples"], one.progress["right_so_far"]
    trouble = ", ".join(
        f"{samples[kind]:,} {kind.replace('_', ' ')}" for kind in ("failed", "not_run") if samples[kind]
    )
    return (
        _name(one, results_dir),
        one.state,
        f"{samples['done']:,}/{samples['total']:,}" + (f" ({trouble})" if trouble else ""),
        "-" if right is None else f"{right:.1%}",
        f"{human_seconds(max((datetime.now(UTC) - one.updated).total_seconds(), 0))} ago",
    )


def _name(one: RunState, results_dir: Path) -> str:
    return str(one.folder.relative_to(results_dir) if one.folder.is_relative_to(results_dir) else one.folder)
