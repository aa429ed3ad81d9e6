"""Draws plots with intervals as PNG or SVG; series differ in marker shape as well as colour."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from prism_engine.report.atomic import replacing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS: Final = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#000000", "#8C6D31")
"""Okabe and Ito's palette, distinguishable with any colour vision; neighbours also differ in greyscale."""
MARKERS: Final = ("o", "s", "^", "D", "v", "P", "X", "*")
_WIDTH: Final = 8.0
"""Inches; 1,200 pixels."""


class Point(NamedTuple):
    """A value with its interval."""

    value: float
    low: float
    high: float


Series = dict[str, dict[str, Point]]
"""Points by series, then by row; rows missing from a series stay empty."""


def draw_points(
    path: Path, title: str, series: Series, *, label: str, reference: float | None = None, percent: bool = True
) -> None:
    """Draw a row per name, with a point and its interval per series.

    Args:
        label: label of the value axis.
        reference: position of a dashed line, such as chance.
        percent: whether values are shares, shown in %.

    Raises:
        UserError: the file cannot be written.
    """
    rows = list(dict.fromkeys(name for points in series.values() for name in points))
    figure = _figure(0.32 * len(rows) * max(1.0, 0.45 * len(series)) + 1.6)
    axes = figure.add_subplot()
    _points(axes, rows, series, scale=100.0 if percent else 1.0)
    axes.set_xlabel(label)
    axes.set_title(title, fontsize=11)
    if reference is not None:
        axes.axvline(reference * (100.0 if percent else 1.0), color="grey", linestyle="--", linewidth=0.9)
    if len(series) > 1:
        figure.legend(loc="outside lower center", ncols=min(len(series), 3), frameon=False, fontsize=8)
    _save(figure, path)


def draw_shares(
    path: Path, title: str, shares: Mapping[str, Mapping[str, float]], looks: Mapping[str, tuple[str, str]]
) -> None:
    """Draw a stacked bar per row from shares that sum to 1; parts that are wide enough show their percentage.

    Args:
        looks: colour and hatching of each possible part, in drawing order.

    Raises:
        UserError: the file cannot be written.
    """
    parts = [part for part in looks if any(part in row for row in shares.values())]
    figure = _figure(0.42 * len(shares) + 1.9)
    axes = figure.add_subplot()
    left = dict.fromkeys(shares, 0.0)
    for part in parts:
        widths = [100 * row.get(part, 0.0) for row in shares.values()]
        colour, hatch = looks[part]
        bars = axes.barh(
            list(shares), widths, left=list(left.values()), color=colour, hatch=hatch, edgecolor="white", label=part
        )
        words = [f"{width:.0f}" if width >= 4 else "" for width in widths]
        box = {"facecolor": "white", "edgecolor": "none", "pad": 1, "alpha": 0.85}
        for text in axes.bar_label(bars, words, label_type="center", fontsize=8):
            text.set_bbox(box if text.get_text() else None)
        left = {row: before + width for (row, before), width in zip(left.items(), widths, strict=True)}
    axes.set(xlim=(0, 100), xlabel="samples in %")
    axes.set_title(title, fontsize=11)
    axes.invert_yaxis()
    figure.legend(loc="outside lower center", ncols=3, frameon=False, fontsize=8)
    _save(figure, path)


def _points(axes: Axes, rows: Sequence[str], series: Series, *, scale: float) -> None:
    step = 0.7 / len(series)
    for number, (name, points) in enumerate(series.items()):
        heights = [rows.index(row) + (number - (len(series) - 1) / 2) * step for row in points]
        values = [point.value * scale for point in points.values()]
        lower = [max(0.0, (point.value - point.low) * scale) for point in points.values()]
        upper = [max(0.0, (point.high - point.value) * scale) for point in points.values()]
        axes.errorbar(
            values,
            heights,
            xerr=[lower, upper],
            fmt=MARKERS[(number + number // len(COLOURS)) % len(MARKERS)],  # 64 distinct combinations
            color=COLOURS[number % len(COLOURS)],
            markersize=5,
            capsize=2.5,
            linewidth=1.2,
            label=name,
        )
    axes.set_yticks(range(len(rows)), rows, fontsize=9)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.grid(visible=True, axis="x", alpha=0.3)
    for edge in range(1, len(rows)):
        axes.axhline(edge - 0.5, color="grey", linewidth=0.3, alpha=0.5)


def _figure(height: float) -> Figure:
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415 - heavy, only needed to draw
    from matplotlib.figure import Figure  # noqa: PLC0415

    figure = Figure(figsize=(_WIDTH, min(60.0, max(2.4, height))), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _save(figure: Figure, path: Path) -> None:
    """Write the figure atomically; equal plots give equal bytes."""
    import matplotlib as mpl  # noqa: PLC0415

    kind = path.suffix.lstrip(".")
    metadata: dict[str, str | None] = {"Date": None} if kind == "svg" else {"Software": None}
    with replacing(path) as draft, mpl.rc_context({"svg.hashsalt": "prism", "svg.fonttype": "none"}):
        figure.savefig(draft, format=kind, dpi=150, metadata=metadata)
