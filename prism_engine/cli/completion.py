"""Shell completion of names: benchmarks, models, runs and instructions.

Each function imports what it needs when called, prints nothing, and returns no names if anything goes wrong: a broken
run file must not spill a traceback into the line that the user is typing.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

import typer  # noqa: TC002 - Typer reads the annotation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

STATUS_NAME = "status.json"
"""As `prism_engine.api` names a run's status file; importing that takes too long between two keys."""
_WRITTEN_BY = "query-specific_"


def _names(find: Callable[[typer.Context, str], Iterable[str]]) -> Callable[[typer.Context, str], list[str]]:
    """Turn a search for names into a completion: sorted names that begin with what was typed, and no errors."""

    def complete(ctx: typer.Context, incomplete: str) -> list[str]:
        with contextlib.suppress(Exception):
            return sorted({name for name in find(ctx, incomplete) if name.startswith(incomplete)})
        return []

    complete.__doc__ = find.__doc__
    return complete


@_names
def benchmarks(ctx: typer.Context, incomplete: str) -> Iterable[str]:
    """Complete a benchmark: files in $LMUData and ~/LMUData, and the catalogue's names."""
    from prism_engine.config.benchmarks import known_benchmarks  # noqa: PLC0415 - only completion needs it
    from prism_engine.datasets import data_roots, list_benchmarks  # noqa: PLC0415

    del ctx, incomplete
    return {one.name for one in list_benchmarks(data_roots(os.environ))} | {name for name, _ in known_benchmarks()}


@_names
def models(ctx: typer.Context, incomplete: str) -> Iterable[str]:
    """Complete a model of the registry and of the --models-file options before it; also the last one of `A~B`."""
    before, joined, _ = incomplete.rpartition("~")
    return [before + joined + name for name in _registered(ctx)]


@_names
def modes(ctx: typer.Context, incomplete: str) -> Iterable[str]:
    """Complete the name of an arm."""
    from prism_engine.config.arms import ARMS  # noqa: PLC0415 - only completion needs it

    del ctx, incomplete
    return ARMS


@_names
def instructions(ctx: typer.Context, incomplete: str) -> Iterable[str]:
    """Complete a built-in instruction, or the model of `query-specific_MODEL`."""
    if incomplete.startswith(_WRITTEN_BY):
        return [_WRITTEN_BY + name for name in _registered(ctx)]
    from prism_engine.prompts import ALIASES, INSTRUCTIONS  # noqa: PLC0415 - only completion needs it

    return [*INSTRUCTIONS, *ALIASES, _WRITTEN_BY]


@_names
def runs(ctx: typer.Context, incomplete: str) -> Iterable[str]:
    """Complete a run of the results folder, by its folder's path below it."""
    del incomplete
    folder = Path(ctx.params.get("results_dir") or "results")
    return [str(path.parent.relative_to(folder)) for path in folder.rglob(STATUS_NAME)]


def _registered(ctx: typer.Context) -> list[str]:
    from prism_engine.config import load_registry  # noqa: PLC0415 - only completion needs it

    return [name for name, _ in load_registry([Path(path) for path in ctx.params.get("models_file") or ()])]
