"""Draws plots with intervals as PNG, SVG or PDF; series differ in marker shape as well as colour."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from prism_engine.report.atomic import replacing
from prism_engine.report.pages.plot_sizes import SIZES, PlotSize, wrapped_label, wrapped_names

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS: Final = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#000000", "#8C6D31")
"""Okabe and Ito's palette, distinguishable with any colour vision; neighbours also differ in greyscale."""
MARKERS: Final = ("o", "s", "^", "D", "v", "P", "X", "*")


class Point(NamedTuple):
    """A value with its interval."""

    value: float
    low: float
    high: float


Series = dict[str, dict[str, Point]]
"""Points by series, then by row; rows missing from a series stay empty."""


def draw_points(
    path: Path,
    title: str,
    series: Series,
    *,
    label: str,
    reference: float | None = None,
    percent: bool = True,
    size: PlotSize = SIZES["screen"],
) -> None:
    """Draw a row per name, with a point and its interval per series.

    Args:
        label: label of the value axis.
        reference: position of a dashed line, such as chance.
        percent: whether values are shares, shown in %.

    Raises:
        UserError: the file cannot be written.
    """
    rows = wrapped_names((name for points in series.values() for name in points), size.names)
    heights = sum(max(_lines(name), size.series * len(series)) for name in rows.values())
    with _plain_text():
        figure = _figure(size, size.row * heights, len(series) if len(series) > 1 else 0)
        axes = figure.add_subplot()
        _points(axes, list(rows), series, scale=100.0 if percent else 1.0, size=size)
        axes.set_yticks(range(len(rows)), list(rows.values()), fontsize=size.small)
        _label(axes, label, title, size)
        if reference is not None:
            axes.axvline(reference * (100.0 if percent else 1.0), color="grey", linestyle="--", linewidth=0.9)
        if len(series) > 1:
            _legend(figure, len(series), size)
        _save(figure, path)


def _lines(name: str) -> int:
    return name.count("\n") + 1


def _label(axes: Axes, label: str, title: str, size: PlotSize) -> None:
    # On a narrow plot a label centred below the axes would leave the figure on the right.
    place: Literal["center", "right"] = "right" if size.is_paper else "center"
    axes.set_xlabel(wrapped_label(label, size.labels), fontsize=size.text, loc=place)
    axes.tick_params(axis="x", labelsize=size.text)
    if size.title:
        axes.set_title(title, fontsize=size.title)


def _legend(figure: Figure, entries: int, size: PlotSize) -> None:
    figure.legend(
        loc="outside lower center",
        ncols=min(entries, size.legend_columns),
        frameon=False,
        fontsize=size.small if size.is_paper else 8,
    )


def draw_shares(
    path: Path,
    title: str,
    shares: Mapping[str, Mapping[str, float]],
    looks: Mapping[str, tuple[str, str]],
    *,
    size: PlotSize = SIZES["screen"],
) -> None:
    """Draw a stacked bar per row from shares that sum to 1; parts that are wide enough show their percentage.

    Args:
        looks: colour and hatching of each possible part, in drawing order.

    Raises:
        UserError: the file cannot be written.
    """
    parts = [part for part in looks if any(part in row for row in shares.values())]
    names = wrapped_names(shares, size.names)
    with _plain_text():
        height = sum(max(1.3 * size.row, size.row * _lines(name)) for name in names.values())
        height = height if size.is_paper else 0.42 * len(names) + 0.3
        figure = _figure(size, height, len(parts))
        axes = figure.add_subplot()
        _bars(axes, parts, shares, looks, size=size)
        axes.set_yticks(range(len(names)), list(names.values()), fontsize=size.small if size.is_paper else None)
        axes.set_xlim(0, 100)
        _label(axes, "samples in %", title, size)
        axes.invert_yaxis()
        _legend(figure, len(parts), size)
        _save(figure, path)


def _bars(
    axes: Axes,
    parts: Sequence[str],
    shares: Mapping[str, Mapping[str, float]],
    looks: Mapping[str, tuple[str, str]],
    *,
    size: PlotSize,
) -> None:
    left = dict.fromkeys(shares, 0.0)
    # A number needs as much room on a narrow plot, which is a larger share of it.
    least = 4 * SIZES["screen"].width / size.width
    for part in parts:
        widths = [100 * row.get(part, 0.0) for row in shares.values()]
        colour, hatch = looks[part]
        bars = axes.barh(
            range(len(shares)), widths, left=list(left.values()), color=colour, hatch=hatch, edgecolor="white",
            label=part,
        )  # fmt: skip
        words = [f"{width:.0f}" if width >= least else "" for width in widths]
        box = {"facecolor": "white", "edgecolor": "none", "pad": 1, "alpha": 0.85}
        for text in axes.bar_label(bars, words, label_type="center", fontsize=size.small if size.is_paper else 8):
            text.set_bbox(box if text.get_text() else None)
        left = {row: before + width for (row, before), width in zip(left.items(), widths, strict=True)}


def _points(axes: Axes, rows: Sequence[str], series: Series, *, scale: float, size: PlotSize) -> None:
    names = wrapped_names(series, size.legend)
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
            markersize=size.marker,
            capsize=size.marker / 2,
            linewidth=1.2 * size.marker / 5,
            label=names[name],
        )
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.grid(visible=True, axis="x", alpha=0.3)
    for edge in range(1, len(rows)):
        axes.axhline(edge - 0.5, color="grey", linewidth=0.3, alpha=0.5)


def _figure(size: PlotSize, rows: float, entries: int) -> Figure:
    """Return a figure whose height suits its rows, in inches, and the entries of its legend."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415 - heavy, only needed to draw
    from matplotlib.figure import Figure  # noqa: PLC0415

    height = rows + (0.8 + 0.15 * -(-entries // size.legend_columns) if size.is_paper else 1.6)
    figure = Figure(figsize=(size.width, min(60.0, max(0.3 * size.width, height))), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _plain_text() -> AbstractContextManager[None]:
    import matplotlib as mpl  # noqa: PLC0415 - the same

    return mpl.rc_context({"text.parse_math": False})  # a name with $ in it is no formula


def _save(figure: Figure, path: Path) -> None:
    """Write the figure atomically; equal plots give equal bytes."""
    import matplotlib as mpl  # noqa: PLC0415 - the same

    kind = path.suffix.lstrip(".")
    dates: dict[str, dict[str, str | None]] = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}
    # Text stays text: in SVG as such, in PDF with TrueType fonts, which publishers require.
    text = mpl.rc_context({"svg.hashsalt": "prism", "svg.fonttype": "none", "pdf.fonttype": 42})
    with replacing(path) as draft, text:
        figure.savefig(draft, format=kind, dpi=150, metadata=dates.get(kind, {"Software": None}))
