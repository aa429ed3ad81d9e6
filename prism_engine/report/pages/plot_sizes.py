"""Sizes of plots: for a screen, and for a paper's column or page, with fonts and labels that fit."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable

Size = Literal["screen", "column", "page"]


@dataclass(frozen=True)
class PlotSize:
    """Width and fonts of a plot."""

    width: float
    """Inches."""
    text: float
    """Points: axis labels and numbers."""
    small: float
    """Points: names, legend and numbers in bars; at least 7, below which print is hard to read."""
    title: float | None
    """Points; None: no title, as a paper has a caption."""
    row: float
    """Inches of height per line of a row's name."""
    names: int | None
    """Characters of a row's name per line; None: all on one line."""
    legend: int | None
    """The same for an entry of the legend."""
    labels: int | None
    """The same for the axis label."""
    legend_columns: int
    series: float = 0.45
    """Height of one of several series in a row, in lines."""
    marker: float = 5.0
    """Points."""

    @property
    def is_paper(self) -> bool:
        """Whether the plot is for print."""
        return self.title is None


SIZES: Final[dict[Size, PlotSize]] = {
    "screen": PlotSize(8.0, 10, 9, 11, 0.32, None, None, None, 3),
    "column": PlotSize(3.25, 8, 7.5, None, 0.15, 20, 40, 38, 1, series=0.7, marker=3.5),
    "page": PlotSize(6.75, 8, 7.5, None, 0.15, 34, 44, 90, 2, series=0.7, marker=4.0),
}
"""3.25 and 6.75 inches are a column and the text width of most two-column styles (ACL, CVPR, IEEE)."""


def wrapped_names(names: Iterable[str], width: int | None) -> dict[str, str]:
    """Return a label for each name, in order, and never the same one for two names.

    A label has at most two lines, broken between words; a part that is still too long loses its middle. A name whose
    label would be another's keeps its whole length, on as many lines as it needs.
    """
    labels: dict[str, str] = {}
    for name in dict.fromkeys(names):
        label = name if width is None else _label(name, width)
        taken = label in labels.values()
        labels[name] = "\n".join(textwrap.wrap(name, width)) if taken and width else label
    return labels


def _label(name: str, width: int) -> str:
    if len(name) <= width:
        return name
    lines = textwrap.wrap(" ".join(name.split()), width, break_long_words=False, break_on_hyphens=False)
    lines = [lines[0], " ".join(lines[1:])] if len(lines) > 2 else lines
    return "\n".join(_shortened(line, width) for line in lines)


def _shortened(line: str, width: int) -> str:
    head = (width - 1) * 3 // 5
    return line if len(line) <= width else f"{line[:head]}…{line[-(width - 1 - head) :]}"


def wrapped_label(text: str, width: int | None) -> str:
    """Return an axis label on as many lines as it needs."""
    return text if width is None else textwrap.fill(text, width)
