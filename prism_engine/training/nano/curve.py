"""Plot of a training: loss on a logarithmic axis, stage boundaries, and evaluation scores on a second axis."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from matplotlib.axes import Axes

    from prism_engine.training.nano.course import TrainingPhase
    from prism_engine.training.nano.log import TrainingProgress


def draw_curve(
    path: Path,
    title: str,
    stages: Sequence[TrainingPhase],
    log: Sequence[TrainingProgress],
    *,
    final: Mapping[str, float],
    shown: Sequence[str],
) -> None:
    """Write a PNG of 1200 x 675 pixels.

    Args:
        final: scores of the finished model, drawn as stars at the end.
        shown: names of the scores to draw.
    """
    figure = Figure(figsize=(8, 4.5), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.set_title(title, pad=16)
    axes.set(xlabel="step", ylabel="loss", yscale="log")
    axes.grid(visible=True, which="both", alpha=0.2)
    starts = _starts(stages)
    _draw_losses(axes, stages, starts, log)
    right = axes.twinx()
    right.set(ylim=(0, 1.02), ylabel="right on held-out questions")
    right.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    end = sum(stage.steps for stage in stages)
    for number, name in enumerate(shown, start=1):
        examined = [line for line in log if name in line.scores]
        right.plot(
            [starts[line.stage] + line.step for line in examined],
            [line.scores[name] for line in examined],
            marker="o",
            markersize=4,
            color=f"C{number}",
        )
        right.plot(
            [end], [final[name]], "*", markersize=12, color=f"C{number}", label=f"{name}, finished: {final[name]:.1%}"
        )
    figure.legend(loc="outside lower center", ncols=len(shown), frameon=False)  # outside, so it covers no line
    figure.savefig(path, format="png", dpi=150)


def _draw_losses(
    axes: Axes, stages: Sequence[TrainingPhase], starts: Mapping[str, int], log: Sequence[TrainingProgress]
) -> None:
    """Draw one line per stage, because each has its own loss, and a dashed vertical line at its start."""
    for stage in stages:
        lines = [line for line in log if line.stage == stage.name]
        axes.plot([starts[stage.name] + line.step for line in lines], [line.loss for line in lines], color="C0")
        axes.axvline(starts[stage.name], color="grey", linestyle="--", linewidth=0.8)
        place = (starts[stage.name], 1.01)
        axes.annotate(stage.name, place, xycoords=axes.get_xaxis_transform(), fontsize=8, color="grey")


def _starts(stages: Sequence[TrainingPhase]) -> dict[str, int]:
    """Return the number of steps before each stage."""
    starts, before = {}, 0
    for stage in stages:
        starts[stage.name] = before
        before += stage.steps
    return starts
