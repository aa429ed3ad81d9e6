"""Ranks the tools of a scenario, and prints the table.

A time is ranked only if the tool was never refused and lost nothing, in any round: a client that is faster because it
sends more than it may, or because it gives up, is listed with its figures and the reason, but has no place.
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

REFERENCE = "prism"
HEADER = (
    "| place | tool | wall time, s | tool / prism (spread) | 429s | lost | repeated | CPU, s | peak MiB |",
    "|---:|---|---:|---:|---:|---:|---:|---:|---:|",
)


@dataclass(frozen=True)
class Measured:
    """One round of one tool.

    Attributes:
        wall: seconds from the start of the client to its end, both commands together if it was killed.
        cpu: seconds of the client and all its descendants.
        peak_mib: resident memory of its largest process.
        refused: 429s that the server sent.
        lost: tasks without their own answer in the tool's output.
        repeated: completions that the server computed for a task (and stage) that it had computed before.
        code: exit code of the last command.
    """

    wall: float
    cpu: float
    peak_mib: float
    refused: int
    lost: int
    repeated: int
    code: int


@dataclass(frozen=True)
class Row:
    """A tool's rounds in one scenario."""

    tool: str
    competes: bool
    rounds: tuple[Measured, ...]

    @property
    def why_not(self) -> str | None:
        """Why the time is not ranked; None if it is."""
        if not self.competes:
            return "a floor, not a tool"
        if failed := sum(measured.code != 0 for measured in self.rounds):
            return f"exit code not 0 in {failed} of {len(self.rounds)} rounds"
        refused = sum(measured.refused for measured in self.rounds)
        lost = sum(measured.lost for measured in self.rounds)
        reasons = [f"{refused:,} refused"] * bool(refused) + [f"{lost:,} lost"] * bool(lost)
        return ", ".join(reasons) or None

    def median(self, name: str) -> float:
        """Return the median of an attribute over the rounds."""
        return statistics.median(float(getattr(measured, name)) for measured in self.rounds)


def ranked(rows: Sequence[Row]) -> list[Row]:
    """Return the rows that have a place, fastest first."""
    return sorted((row for row in rows if row.why_not is None), key=lambda row: row.median("wall"))


def ratios(row: Row, reference: Row) -> list[float]:
    """Return the tool's wall time over the reference's, round by round."""
    return [mine.wall / other.wall for mine, other in zip(row.rounds, reference.rounds, strict=True)]


def first(rows: Sequence[Row]) -> bool:
    """Return whether the reference has the first place."""
    order = ranked(rows)
    return bool(order) and order[0].tool == REFERENCE


def table(rows: Sequence[Row]) -> list[str]:
    """Return the lines of a Markdown table: ranked rows first, then the others with the reason."""
    reference = next((row for row in rows if row.tool == REFERENCE), None)
    order = ranked(rows)
    others = sorted((row for row in rows if row.why_not is not None), key=lambda row: row.median("wall"))
    places = [str(place) for place in range(1, len(order) + 1)] + ["-"] * len(others)
    return [*HEADER, *(_line(place, row, reference) for place, row in zip(places, [*order, *others], strict=True))]


def _line(place: str, row: Row, reference: Row | None) -> str:
    name = row.tool if row.why_not is None else f"{row.tool} (not ranked: {row.why_not})"
    cells = [place, name, f"{row.median('wall'):.1f}", _spread(row, reference)]
    cells += [f"{row.median(count):,.0f}" for count in ("refused", "lost", "repeated")]
    cells += [f"{row.median('cpu'):.1f}", f"{row.median('peak_mib'):.0f}"]
    return f"| {' | '.join(cells)} |"


def _spread(row: Row, reference: Row | None) -> str:
    if reference is None:
        return "-"
    if row is reference:
        return "1"
    found = ratios(row, reference)
    return f"{statistics.median(found):.2f} ({min(found):.2f} to {max(found):.2f})"
