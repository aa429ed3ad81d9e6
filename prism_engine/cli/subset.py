"""`prism datasets subset`: the part of a benchmark that needs seeing."""

from __future__ import annotations

import os
from pathlib import Path  # noqa: TC003 - Typer reads it
from typing import Annotated

import typer

from prism_engine.cli.show.tables import stdout


def subset(
    benchmark: Annotated[
        str, typer.Argument(help="A TSV's path, or its name in $LMUData or ~/LMUData.", metavar="BENCHMARK")
    ],
    *,
    blind: Annotated[
        list[Path], typer.Option("--blind", metavar="RUN", help="The folder of a blind run of it; repeat it.")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE.tsv", help="Where the part goes.")],
    solved_by: Annotated[
        int | None,
        typer.Option("--solved-by", min=1, metavar="M", help="Drop what M of them solve.  \\[default: more than half]"),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace files that are there already.")] = False,
) -> None:
    """Drop the questions that text-only models answer without seeing, as MMStar's makers did.

    Run the benchmark blind with several reasoners (`prism run BENCHMARK -r NAME --mode blind`), and name those runs.
    Guessing solves a quarter of four-option questions, so one run is not enough: with --solved-by 2 of 3, guessing
    alone drops about 16 %. Writes the part as a TSV of its own, which every command takes, and beside it the list of
    the indexes kept. Questions whose options are turned (MMBench) are kept or dropped as a whole.

    [bold]Example:[/] prism datasets subset AI2D_TEST --blind results/blind/AI2D_TEST --solved-by 2 -o AI2D_F.tsv
    """
    from prism_engine.api.data.blind_subset import make_subset  # noqa: PLC0415 - `prism --help` is instant
    from prism_engine.datasets import data_roots, find_benchmark  # noqa: PLC0415

    path = find_benchmark(benchmark, data_roots(os.environ))
    done = make_subset(path, blind, out, solved_by=solved_by, force=force)
    stdout.print(
        f"{done.table}: {done.kept:,} questions kept; {done.dropped:,} dropped, which {done.needed} or more of "
        f"{done.runs} blind runs solve",
        markup=False, soft_wrap=True,
    )  # fmt: skip
    if done.unasked:
        stdout.print(f"{done.unasked:,} of the kept ones have no score in any blind run", soft_wrap=True)
    stdout.print(f"{done.indexes}: their indexes", markup=False, soft_wrap=True)
