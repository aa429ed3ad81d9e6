"""The two consoles, and the tables that several commands print."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from prism_engine.errors import BackendError, BudgetError, DeadlineError, FailuresError
from prism_engine.report import compare

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from prism_engine.report import GroupScore, Scores


UNFOLDED = 1000
"""Columns of a table that goes to a file or another program, where folded cells could not be searched."""


class _Lasting(Console):
    """A console whose reader may go away (`| head`, a lost terminal): what is said then is dropped, the run goes on."""

    def on_broken_pipe(self) -> None:
        """Say nothing more."""
        self.quiet = True


stdout = _Lasting(highlight=False)
stderr = _Lasting(stderr=True, highlight=False)


def exit_code(trouble: Exception | None) -> int:
    """Return the exit code of what stopped a command.

    3 for a cost cap or a time that is used up, 1 for too many failures, 4 for a model that gave up, 2 for what the user
    must mend.
    """
    if isinstance(trouble, (BudgetError, DeadlineError)):
        return 3
    if isinstance(trouble, FailuresError):
        return 1
    return 4 if isinstance(trouble, BackendError) else 2


def print_table(header: Sequence[str], rows: Iterable[Sequence[str]], *, words: int = 1) -> None:
    """Print rows under a header; the first `words` columns are text, the others numbers. Cells are not markup."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for place, name in enumerate(header):
        table.add_column(name, justify="left" if place < words else "right", overflow="fold")
    for row in rows:
        table.add_row(*(cell.replace("[", "\\[") for cell in row))
    if not stdout.is_terminal:
        stdout.width = UNFOLDED  # an argument of `print` would not go beyond the console's own
    stdout.print(table)


def print_scores(scores: Scores) -> None:
    """Print accuracy by group; a count that is zero everywhere has no column. `scores.md` has them all."""
    rows = [row for row in (scores.overall, *scores.groups) if row.split is None or row.level == "overall"]
    counts = {
        "Scored": [row.scored for row in rows] if any(row.scored != row.n for row in rows) else [],
        "Unanswered": [row.unanswered for row in rows],
        "Failed": [row.failed for row in rows],
        "Not run": [row.not_run for row in rows],
        "Not scored": [row.unscored for row in rows],
    }
    shown = {name: [f"{count:,}" for count in column] for name, column in counts.items() if any(column)}
    if any(row.pictures for row in rows):
        shown["Clustered by picture"] = [_span(row.clustered_low, row.clustered_high) for row in rows]
    if any(row.missing for row in rows):
        shown["If missing were wrong to right"] = [_bounds(row) for row in rows]
    lines = []
    level = "overall"
    for place, row in enumerate(rows):
        if row.split is None and row.level != level:
            level = row.level
            lines.append((f"by {level.replace('_', '-')}", *[""] * (3 + len(shown))))
        name = "Overall" if row.name is None else f"  {row.name}"
        label = name if row.split is None else f"split {row.split}"
        interval = _span(row.accuracy_low, row.accuracy_high)
        accuracy = "-" if row.accuracy is None else f"{row.accuracy:.1%}"
        lines.append((label, f"{row.n:,}", accuracy, interval, *(column[place] for column in shown.values())))
    print_table((f"Exact matching, {scores.profile}", "Samples", "Accuracy", "95 % interval", *shown), lines)


def _bounds(row: GroupScore) -> str:
    return _span(row.accuracy_least, row.accuracy_most) if row.missing else "-"


def _span(low: float | None, high: float | None) -> str:
    return "-" if low is None or high is None else f"{low:.1%} to {high:.1%}"


def print_comparison(arms: Mapping[str, Scores]) -> None:
    """Print accuracy in %, by group and arm, beside what guessing would give."""
    lines = []
    level = "overall"
    for group in compare(list(arms.values())):
        if group.level != level:
            level = group.level
            lines.append((f"by {level.replace('_', '-')}", *[""] * (2 + len(arms))))
        name = "Overall" if group.name is None else f"  {group.name}"
        accuracies = [None if score is None else score.accuracy for score in group.scores]
        lines.append((name, f"{group.n:,}", *map(_percent, (group.chance, *accuracies))))
        if group.level == "overall":
            lines.append(("  95 % interval", "", "", *map(_interval, group.scores)))
    profiles = ", ".join(sorted({scores.profile for scores in arms.values()}))
    print_table((f"Accuracy in %, {profiles}", "Samples", "Chance", *arms), lines)
    for name, scores in arms.items():
        if missing := scores.overall.missing:
            stdout.print(
                f"{name}: {missing:,} of {scores.overall.n:,} samples have no answer; accuracy is over the others",
                markup=False, soft_wrap=True,
            )  # fmt: skip


def _interval(score: GroupScore | None) -> str:
    if score is None or score.accuracy is None:
        return "-"
    return f"{_percent(score.accuracy_low)}-{_percent(score.accuracy_high)}"


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f}"


def human_bytes(count: float) -> str:
    """Return a size that people read, such as `1.5 GB`."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def human_seconds(seconds: float) -> str:
    """Return a duration that people read, such as `1 h 05 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest:02} s"
    return f"{minutes // 60} h {minutes % 60:02} min"
