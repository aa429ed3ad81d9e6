"""`prism train`: trains the embedded models from scratch, with progress on the terminal."""

from __future__ import annotations

import contextlib
import math
import time
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from prism_engine.cli.options import JsonOption  # noqa: TC001 - Typer reads annotations
from prism_engine.cli.show.console import (
    LIVE_SECONDS,
    LOG_SECONDS,
    human_bytes,
    human_seconds,
    print_json,
    print_table,
    same_command,
    stderr,
    stdout,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from prism_engine.training.nano.create import Created
    from prism_engine.training.nano.log import TrainingProgress


class Trainable(StrEnum):
    """The embedded models."""

    CAPTIONER = "captioner"
    REASONER = "reasoner"


class Device(StrEnum):
    """The device to train on."""

    AUTO = "auto"
    CPU = "cpu"
    CUDA = "cuda"


class Precision(StrEnum):
    """The data type that finished weights are rounded to."""

    BFLOAT16 = "bfloat16"
    FLOAT32 = "float32"


def train(
    model: Annotated[Trainable, typer.Argument(help="Which of the two embedded models.", metavar="captioner|reasoner")],
    *,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for the model, its logs and its scores.  \\[default: trained/nano-MODEL]"),
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of data and weights; the shipped models have seed 0.")] = 0,
    threads: Annotated[
        int, typer.Option(min=1, help="CPU threads; the shipped models were trained with one each.")
    ] = 1,
    device: Annotated[Device, typer.Option(help="auto takes a GPU if there is one.")] = Device.AUTO,
    dtype: Annotated[
        Precision, typer.Option(help=f"Data type that the finished weights are rounded to: {' or '.join(Precision)}.")
    ] = Precision.BFLOAT16,
    as_json: JsonOption = False,
) -> None:
    """Train an embedded model from scratch: from a seed to a checkpoint with its model card, loss curve and scores.

    Takes about an hour on a CPU core. Ctrl-C finishes the current step and keeps everything, and the same command
    continues; a second Ctrl-C stops at once, and the same command continues from the last checkpoint.
    """
    from prism_engine.api.data.training import train as api_train  # noqa: PLC0415 - commands import what they use when called

    folder = out or Path("trained") / f"nano-{model.value}"
    try:
        with _shown(Display()) as display:
            created = api_train(
                model.value, folder, display, seed=seed, threads=threads, device=device.value, dtype=dtype.value
            )
    except KeyboardInterrupt:
        stderr.print(f"stopped at once; continue from the last checkpoint with {same_command()}", soft_wrap=True)
        raise typer.Exit(130) from None
    if not created.finished:
        stderr.print(f"stopped, everything kept; continue with {same_command()}", soft_wrap=True)
        raise typer.Exit(130)
    (_print_created_json if as_json else _print_created)(created, folder)


class Display:
    """Progress of a training: a live panel on a terminal, a plain line every few seconds in a log."""

    def __init__(self) -> None:
        self.live: Live | None = None
        self._stage = ""
        self._began = (0, 0.0)
        """Step and seconds at which this process started or resumed the stage."""
        self._scores: dict[str, float] = {}
        self._shown = -math.inf

    def said(self, message: str) -> None:
        """Print what starts now."""
        stderr.print(message, markup=False, soft_wrap=True)

    def stepped(self, progress: TrainingProgress) -> None:
        """Show a step, unless one was shown just now."""
        if progress.stage != self._stage:
            self._stage, self._began = progress.stage, (progress.step, progress.seconds)
        self._scores = progress.scores or self._scores
        pause = LIVE_SECONDS if self.live else LOG_SECONDS
        due = time.monotonic() - self._shown >= pause or progress.scores or progress.step == progress.steps
        if not due:
            return
        self._shown = time.monotonic()
        with contextlib.suppress(OSError):  # a lost terminal must not end the training
            if self.live:
                self.live.update(self.panel(progress), refresh=True)
            else:
                stderr.print(self.line(progress), markup=False, soft_wrap=True)

    def line(self, progress: TrainingProgress) -> str:
        """Return the state as one line of plain text, with the scores of an evaluation if there was one."""
        return " | ".join(part for part in (*self._parts(progress), _percentages(progress.scores)) if part)

    def panel(self, progress: TrainingProgress) -> Group:
        """Return the state as a live display."""
        bar = Table.grid()  # the bar alone would leave its line open
        bar.add_row(ProgressBar(total=progress.steps, completed=progress.step, width=72))
        scores = f"last evaluation: {_percentages(self._scores)}" if self._scores else ""
        return Group(Text("  ".join(self._parts(progress)), style="bold"), bar, Text(scores, style="dim"))

    def _parts(self, progress: TrainingProgress) -> list[str]:
        steps, seconds = progress.step - self._began[0], progress.seconds - self._began[1]
        left = (
            f", about {human_seconds((progress.steps - progress.step) * seconds / steps)} left of this stage"
            if steps
            else ""
        )
        return [
            progress.stage,
            f"{progress.step:,}/{progress.steps:,} steps",
            f"loss {progress.loss:.4f}",
            f"{human_seconds(progress.seconds)}{left if progress.step < progress.steps else ''}",
        ]


def _percentages(scores: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {share:.1%}" for name, share in scores.items())


@contextlib.contextmanager
def _shown(display: Display) -> Iterator[Display]:
    if not stderr.is_terminal:
        yield display
        return
    with Live(console=stderr, auto_refresh=False, transient=True) as display.live:
        yield display


def _print_created(created: Created, folder: Path) -> None:
    facts = created.facts
    assert facts is not None
    rows = [(name, f"{share:.1%}") for name, share in facts.scores.items()]
    print_table((f"{facts.model}, {facts.questions:,} held-out questions", "Share"), rows)
    stdout.print(
        f"Model: {folder / 'model'} ({facts.weights:,} weights, {human_bytes(facts.bytes)}; its card is README.md)\n"
        f"Training: {human_seconds(facts.seconds)}; loss.png, training.json and log.jsonl are in {folder}",
        markup=False,
        soft_wrap=True,
    )


def _print_created_json(created: Created, folder: Path) -> None:
    facts = created.facts
    assert facts is not None
    names = ("weights", "bytes", "seconds", "questions", "scores")
    own = {name: getattr(facts, name) for name in names}
    print_json({"model": facts.model, "folder": folder, **own})
