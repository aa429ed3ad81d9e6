"""`prism runs`, `prism status` and `prism resume`: lists runs, shows their progress, continues them."""

from __future__ import annotations

import os
import shlex
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from prism_engine.cli import completion
from prism_engine.cli.config_options import Sets, config_options, option, option_names
from prism_engine.cli.ctl import command_lines
from prism_engine.cli.options import (
    FILES,
    RESULTS_DIR,
    DeadlineOption,
    JsonOption,
    LogOption,
    MaxCostOption,
    NotifyOption,
    ResultsFolder,
    RetryFailedOption,
    RunArgument,
    TagOption,
    TrustOption,
)
from prism_engine.cli.run import Output, run_all
from prism_engine.cli.show.console import (
    human_limit,
    human_seconds,
    print_bounds,
    print_json,
    print_table,
    stderr,
    stdout,
    unbroken,
)
from prism_engine.cli.trust import confirm_received
from prism_engine.config import load_registry
from prism_engine.errors import UserError
from prism_engine.stage import label_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from prism_engine.api import RunState

MovedBenchmarkOption = Annotated[
    str | None,
    Sets("benchmark"),
    option("The benchmark's file, if it has moved.", "--benchmark", panel=FILES, default="the run's own"),
]
MovedCacheOption = Annotated[
    Path | None,
    Sets("cache_dir"),
    option("The cache's folder, if it has moved.", "--cache-dir", panel=FILES, default="the run's own"),
]
_HEADER = ("Run", "State", "Samples", "Right so far", "Last sign")


def runs(
    *,
    tag: Annotated[
        list[str] | None,
        typer.Option("--tag", metavar="KEY[=VALUE]", help="Only runs with this tag; may be repeated: all must match."),
    ] = None,
    as_json: JsonOption = False,
    results_dir: ResultsFolder = RESULTS_DIR,
) -> None:
    """List the runs of a results folder: how far each one is, and whether it is still running."""
    from prism_engine import api  # noqa: PLC0415 - commands import what they use when called

    found = [one for one in api.run_states(results_dir) if all(one.has_tag(wanted) for wanted in tag or ())]
    if as_json:
        facts = []
        for one in found:
            with _naming(one):
                facts.append(_facts(one, results_dir))
        print_json({"runs": facts})
        return
    if not found and tag:
        stdout.print(f"no run in {results_dir} has the tags {', '.join(tag)}", soft_wrap=True, markup=False)
        return
    if not found:
        message = f"no runs in {results_dir}; `prism run` makes one (--results-dir names another folder)"
        stdout.print(message, soft_wrap=True)
        return
    tagged = any(one.tags for one in found)
    rows = []
    for one in found:
        with _naming(one):
            rows.append((*_row(one, results_dir), *([api.tags_line(one.tags)] if tagged else [])))
    print_table((*_HEADER, *(["Tags"] if tagged else [])), rows, words=2)


def status(
    run: Annotated[
        str | None,
        typer.Argument(
            help="A run's folder, or enough of its name in `prism runs`.  \\[default: the latest]",
            metavar="RUN",
            autocompletion=completion.runs,
        ),
    ] = None,
    *,
    as_json: JsonOption = False,
    results_dir: ResultsFolder = RESULTS_DIR,
) -> None:
    """Show the progress of a run, also while another shell runs it; the numbers are at most two seconds old.

    Cached: found in the cache. Shared: another sample had asked the same in this run. Called: answered by the model.
    Open: not answered yet, whether sent or waiting for a limit.
    """
    from prism_engine import api  # noqa: PLC0415 - see above

    one = api.find_run_state(results_dir, run)
    if as_json:
        with _naming(one):
            print_json({"state": one.state, **one.progress, **_facts(one, results_dir)})
        return
    with _naming(one):
        _print_status(one, results_dir)


def _print_status(one: RunState, results_dir: Path) -> None:
    print_table(_HEADER, [_row(one, results_dir)], words=2)
    counts, rates = ("cached", "shared", "calls", "failed", "in_flight"), ("calls_per_second", "tokens_per_second")
    stages = [(label_of(key), meter) for key, meter in one.progress["stages"].items()]
    print_table(
        ("Calls", "Cached", "Shared", "Called", "Failed", "Open", "Calls/s", "Tokens/s"),
        [
            (
                name,
                *(f"{meter.get(key, 0):,}" for key in counts),
                *(f"{meter[key]:,}" if meter[key] else "-" for key in rates),
            )
            for name, meter in stages
        ],
    )
    for name, meter in stages if one.state == "running" else ():
        for limit, use in meter.get("limits", {}).items():
            share = f"{use['used']:,.0f} of {use['limit']:,.0f}"
            stdout.print(f"{name}: {human_limit(limit)} {share} in use", soft_wrap=True, markup=False)
        if note := meter.get("waiting_note"):
            stdout.print(f"{name}: waiting for the budget: {note}", soft_wrap=True, markup=False)
    print_bounds(one.progress.get("bounded_by", {}))
    for line in command_lines(one.progress.get("control", [])):
        stdout.print(line, soft_wrap=True, markup=False)
    if one.state == "running" and one.progress.get("paused"):
        resume = unbroken(shlex.join(["prism", "ctl", _name(one, results_dir), "resume", *_elsewhere(results_dir)]))
        stdout.print(f"paused; go on with: {resume}", soft_wrap=True, markup=False)
    _print_money(one.progress.get("money") or {})
    eta = one.progress["eta_seconds"]
    if one.state == "running" and eta is not None:
        stdout.print(f"about {human_seconds(eta)} left")
    if one.state not in ("running", "complete"):
        words = ["prism", "resume", _name(one, results_dir), *_elsewhere(results_dir)]
        again = unbroken(shlex.join(words)) if one.command == "run" else f"the same prism {one.command}"
        stdout.print(f"continue with: {again}", soft_wrap=True, markup=False)


def _elsewhere(results_dir: Path) -> list[str]:
    return [] if results_dir == RESULTS_DIR else ["--results-dir", str(results_dir)]


@contextmanager
def _naming(one: RunState) -> Iterator[None]:
    """Report numbers of another type than prism writes as a damaged status file, with its name."""
    try:
        yield
    except (TypeError, ValueError, KeyError, AttributeError, ArithmeticError) as error:
        raise UserError(f"{one.folder / 'status.json'}: is damaged; rerun the run's command to rewrite it") from error


def _print_money(money: Mapping[str, Any]) -> None:
    """Print what a run has cost if replies do not say all of it, and what is left of the cap."""
    from prism_engine.budget import Cost, cap_of, shown  # noqa: PLC0415 - see above

    least, most = money.get("this_run_at_least"), money.get("this_run")
    if least and most and least != most:
        cost = Cost(cap_of(Decimal(least)), cap_of(Decimal(most)))
        stdout.print(f"cost of this run: {cost}", soft_wrap=True, markup=False)
    if money.get("left") is not None:
        left, cap = (shown(cap_of(Decimal(money[key]))) for key in ("left", "cap"))
        stdout.print(f"{left} of {cap} left", soft_wrap=True, markup=False)


def resume(  # noqa: PLR0913 - one parameter per option is Typer's way
    *,
    run: RunArgument,
    max_cost: MaxCostOption = None,
    deadline: DeadlineOption = None,
    retry_failed: RetryFailedOption = None,
    benchmark: MovedBenchmarkOption = None,
    cache_dir: MovedCacheOption = None,
    trust: TrustOption = False,
    results_dir: ResultsFolder = RESULTS_DIR,
    tag: TagOption = None,
    as_json: JsonOption = False,
    log: LogOption = None,
    notify: NotifyOption = None,
) -> None:
    """Continue a run with its original settings, also in a results folder that has moved.

    Finished calls are in the cache and are not made again; samples that failed are tried again. Relative
    paths start in the folder that the run was started from. A folder that someone else's prism wrote is continued only
    with your consent, after all that it would start, contact, read and spend is printed.
    """
    from prism_engine import api  # noqa: PLC0415 - see above

    changes = config_options(resume, locals())
    one = api.find_run_state(results_dir, run)
    if one.state == "running":
        raise UserError(f"{one.folder}: this run is running now; `prism status` shows how far it is")
    earlier = one.run_config()
    output = Output.of(as_json=as_json, log=log, notify=notify)
    config = earlier.resumed(changes, option_names(resume, changes))
    config = config.model_copy(update={"results_dir": api.results_dir_of(one, config)})
    registry = load_registry()
    started_in = one.cwd if one.cwd.is_dir() else Path.cwd()
    if not one.is_own and not trust:
        confirm_received(one.folder, api.consequences(config, registry, started_in))
    if earlier.deadline is not None and config.deadline is None:
        passed = f"the deadline has passed ({earlier.deadline}) and no longer applies; --deadline sets another one"
        stderr.print(passed, soft_wrap=True, markup=False)
    enter_folder(one)
    config = api.moved_config(one, config)
    if not earlier.results_dir.is_absolute() and config.results_dir.is_relative_to(Path.cwd()):
        config = config.model_copy(update={"results_dir": config.results_dir.relative_to(Path.cwd())})
    api.require_files(config, one, new_cache=cache_dir is not None)
    run_all([config], registry, output)


def enter_folder(one: RunState) -> None:
    """Change to the folder in which a run was started: relative paths of its configuration are relative to it.

    If it is gone, such as after a move, they are relative to the current folder.
    """
    if one.cwd == Path.cwd():
        return
    try:
        os.chdir(one.cwd)
    except OSError:
        gone = f"{one.cwd}, where the run was started, is gone; its relative paths now start here, in {Path.cwd()}"
        stderr.print(gone, soft_wrap=True, markup=False)
    else:
        stderr.print(f"in {one.cwd}, where it was started", soft_wrap=True, markup=False)


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


def _facts(one: RunState, results_dir: Path) -> dict[str, object]:
    """Return what `--json` says about a run besides its progress."""
    return {
        "name": _name(one, results_dir),
        "folder": one.folder,
        "command": one.command,
        "state": one.state,
        "updated_at": one.updated.isoformat(),
        "samples": one.progress["samples"],
        "right_so_far": one.progress["right_so_far"],
        "instruction": one.config.get("instruction"),
        "tags": one.tags,
    }


def _name(one: RunState, results_dir: Path) -> str:
    return str(one.folder.relative_to(results_dir) if one.folder.is_relative_to(results_dir) else one.folder)
