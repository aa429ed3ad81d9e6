"""`prism datasets fetch|make|subset`: download a benchmark, draw one from a seed, or keep a part of one."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from prism_engine.cli import completion
from prism_engine.cli.show.console import human_bytes, stderr, stdout, unbroken
from prism_engine.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Sequence

ForceOption = Annotated[bool, typer.Option("--force", help="Replace files that exist already.")]


def fetch_datasets(
    names: Annotated[
        list[str],
        typer.Argument(help="Names from `prism datasets list`.", metavar="NAME", autocompletion=completion.benchmarks),
    ],
    *,
    mirror: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Another source of the files: a folder's URL, or one with {name}, {file} or {path}.  "
            "\\[default: $PRISM_MIRROR]",
        ),
    ] = None,
    into: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Where to put the files.  \\[default: $LMUData, else ~/LMUData]"),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Download again what is here already.")] = False,
) -> None:
    """Download benchmarks, check them against their published checksums, and put them where runs find them.

    An interrupted download continues with the same command. A file with the wrong checksum never replaces another.
    Files of huggingface.co come from $HF_ENDPOINT if that is set.
    """
    failed = 0
    for name in names:
        try:
            fetch_shown(name, mirror=mirror, folder=into, force=force)
        except UserError as error:
            if len(names) == 1:
                raise
            failed += 1
            stderr.print(f"error: {error}", markup=False, soft_wrap=True)
    if failed:
        raise UserError(f"{failed} of {len(names)} cannot be fetched")


def fetch_shown(name: str, *, mirror: str | None = None, folder: Path | None = None, force: bool = False) -> None:
    """Fetch a known benchmark with a progress bar, and print where it is.

    Raises:
        UserError: it cannot be fetched.
    """
    from rich.progress import (  # noqa: PLC0415 - only downloads need it
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    from prism_engine.datasets.fetching import known  # noqa: PLC0415 - commands import what they use when called

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=stderr, transient=True, disable=not stderr.is_terminal) as shown:
        stderr.print(f"fetching {name}")
        task = shown.add_task(name, total=None)
        last_tenth = 0

        def update(done: int, total: int | None) -> None:
            nonlocal last_tenth
            shown.update(task, completed=done, total=total)
            tenth = 10 * done // max(total or 1, 1)
            if not stderr.is_terminal and total and tenth != last_tenth:
                last_tenth = tenth
                stderr.print(f"{name}: {human_bytes(done)} of {human_bytes(total)}")

        try:
            found = known.fetch(name, mirror=mirror, folder=folder, force=force, progress=update)
        except KeyboardInterrupt:
            stderr.print("stopped; the part downloaded so far is kept: the same command continues")
            raise typer.Exit(130) from None
    came = f"from {found.came}" if found.came else "was here already"
    checked = "checksum correct" if found.checked else "no published checksum to compare with"
    size = human_bytes(found.path.stat().st_size)
    stdout.print(f"{found.path}: {size}, {came}; {checked}; SHA-256 {found.sha256}", markup=False, soft_wrap=True)


def fetch_missing(names: Sequence[str]) -> None:
    """Fetch those of these benchmarks that are known and not on this machine yet."""
    from prism_engine.datasets.fetching.known import missing  # noqa: PLC0415 - see above

    for name in missing(names):
        fetch_shown(name)


def make_dataset(
    benchmark: Annotated[  # noqa: ARG001 - there is one so far
        Literal["scenes"], typer.Argument(help="What to make: scenes (PrismScenes).")
    ],
    *,
    count: Annotated[int, typer.Option("--n", "-n", min=1, help="Questions, each about a picture of its own.")] = 1500,
    seed: Annotated[int, typer.Option(help="Another seed draws another benchmark.")] = 0,
    out: Annotated[Path, typer.Option(metavar="FILE.tsv", help="The file to write.")] = Path("PrismScenes.tsv"),
    preview: Annotated[
        Path | None, typer.Option(metavar="FILE.png", help="Also draw its first 24 pictures with their questions here.")
    ] = None,
    force: ForceOption = False,
) -> None:
    """Make a benchmark with known answers: pictures and questions are drawn from a seed.

    PrismScenes shows up to five coloured shapes, some with a digit or letter, in a 3x3 grid. It asks 16 kinds of
    four-option questions in six families, from perception to logic and sums; guessing gets about 25 %. The TSV also
    has a gold description of each picture, so that all modes of `prism run` can be compared on it. The same seed and
    number of questions give the same file.

    [bold]Example:[/] prism datasets make scenes --n 300 --preview scenes.png
    """
    from rich.progress import Progress  # noqa: PLC0415 - see above

    from prism_engine.api.data.scenes_file import make_scenes  # noqa: PLC0415

    with Progress(console=stderr, transient=True, disable=not stderr.is_terminal) as shown:
        task = shown.add_task("drawing scenes", total=count)
        make_scenes(out, count, seed, preview=preview, force=force, progress=lambda: shown.advance(task))
    stdout.print(f"{out}: {count:,} questions", markup=False, soft_wrap=True)
    if preview is not None:
        stdout.print(f"{preview}: its first pictures", markup=False, soft_wrap=True)
    modes = "--mode direct --mode all --mode oracle"
    command = unbroken(f"prism run {shlex.quote(str(out))} -p nano-captioner -r nano-reasoner {modes}")
    stdout.print(
        f"next: {command}\n"
        "(both come with prism; `prism models` lists others)",
        markup=False, soft_wrap=True,
    )  # fmt: skip


def subset(
    benchmark: Annotated[
        str, typer.Argument(help="A TSV's path, or its name in $LMUData or ~/LMUData.", metavar="BENCHMARK")
    ],
    *,
    blind: Annotated[
        list[Path], typer.Option("--blind", metavar="RUN", help="The folder of a blind run of it; may be repeated.")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE.tsv", help="The file to write.")],
    solved_by: Annotated[
        int | None,
        typer.Option(
            "--solved-by",
            min=1,
            metavar="M",
            help="Drop questions that M or more of the runs solve.  \\[default: more than half]",
        ),
    ] = None,
    force: ForceOption = False,
) -> None:
    """Drop the questions that text-only models answer without seeing, as MMStar's makers did.

    Run the benchmark blind with several reasoners (`prism run BENCHMARK -r NAME --mode blind`), and name those runs.
    Guessing solves a quarter of four-option questions, so one run is not enough: with --solved-by 2 of 3, guessing
    alone drops about 16 %. Writes the remaining questions as a TSV of its own, which every command takes, with the
    list of the indexes kept next to it. Questions whose options are rotated (MMBench) are kept or dropped as a whole.

    [bold]Example:[/] prism datasets subset AI2D_TEST --blind results/blind/AI2D_TEST --solved-by 2 -o AI2D_F.tsv
    """
    from prism_engine.api.data.blind_subset import make_subset  # noqa: PLC0415 - see above
    from prism_engine.datasets import data_roots, find_benchmark  # noqa: PLC0415

    path = find_benchmark(benchmark, data_roots(os.environ))
    done = make_subset(path, blind, out, solved_by=solved_by, force=force)
    stdout.print(
        f"{done.table}: {done.kept:,} question{'' if done.kept == 1 else 's'} kept; {done.dropped:,} dropped (solved "
        f"by at least {done.needed} of {done.runs} blind run{'' if done.runs == 1 else 's'})",
        markup=False, soft_wrap=True,
    )  # fmt: skip
    if done.unasked:
        stdout.print(f"{done.unasked:,} of the kept ones have no score in any blind run", soft_wrap=True)
    stdout.print(f"{done.indexes}: their indexes", markup=False, soft_wrap=True)
