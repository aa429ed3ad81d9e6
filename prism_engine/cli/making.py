"""`prism datasets make`: a benchmark that is drawn from a seed."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated, Literal

import typer

from prism_engine.cli.show.tables import stderr, stdout


def make_dataset(
    benchmark: Annotated[  # noqa: ARG001 - there is one so far
        Literal["scenes"], typer.Argument(help="What to make: scenes (PrismScenes).")
    ],
    *,
    count: Annotated[int, typer.Option("--n", "-n", min=1, help="Questions, each about a picture of its own.")] = 1500,
    seed: Annotated[int, typer.Option(help="Another seed draws another benchmark.")] = 0,
    out: Annotated[Path, typer.Option(metavar="FILE.tsv", help="Where it goes.")] = Path("PrismScenes.tsv"),
    preview: Annotated[
        Path | None, typer.Option(metavar="FILE.png", help="Also draw its first 24 pictures with their questions here.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace files that are there already.")] = False,
) -> None:
    """Make a benchmark whose every answer is known, since pictures and questions are drawn from a seed.

    PrismScenes shows up to five coloured shapes, some with a digit or letter, in a 3x3 grid. It asks 16 kinds of
    four-option questions in six families, from perception to logic and sums; guessing gets about 25 %. The TSV also
    has a gold description of each picture, so that all modes of `prism run` can be compared on it. The same seed and
    number of questions give the same file.

    [bold]Example:[/] prism datasets make scenes --n 300 --preview scenes.png
    """
    from rich.progress import Progress  # noqa: PLC0415 - `prism --help` is instant

    from prism_engine.api.data.scenes_file import make_scenes  # noqa: PLC0415

    with Progress(console=stderr, transient=True, disable=not stderr.is_terminal) as shown:
        task = shown.add_task("drawing scenes", total=count)
        make_scenes(out, count, seed, preview=preview, force=force, progress=lambda: shown.advance(task))
    stdout.print(f"{out}: {count:,} questions", markup=False, soft_wrap=True)
    if preview is not None:
        stdout.print(f"{preview}: its first pictures", markup=False, soft_wrap=True)
    modes = "--mode direct --mode all --mode oracle"
    stdout.print(
        f"next: prism run {shlex.quote(str(out))} -p nano-captioner -r nano-reasoner {modes}\n"
        "(both come with prism; `prism models` names others)",
        markup=False, soft_wrap=True,
    )  # fmt: skip
