"""Tables of scores: one run's by group, and runs side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prism_engine.cli.show.console import print_table, stdout
from prism_engine.report import compare, metric_rows, unit_note

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from prism_engine.report import GroupScore, Scores
    from prism_engine.scoring import Metric


def print_scores(scores: Scores) -> None:
    """Print accuracy by group; a count that is zero everywhere gets no column. `scores.md` has them all."""
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
        shown["Pictures"] = [f"{row.pictures or row.scored:,}" for row in rows]
    if any(row.missing for row in rows):
        shown["If missing were all wrong / all right"] = [_bounds(row) for row in rows]
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
    what = f"{scores.kind}, {scores.profile}" if scores.kind else scores.profile
    print_table((what, "Samples", "Accuracy", "95 % interval", *shown), lines)
    if any(row.pictures for row in rows):
        stdout.print("Clustered by picture: intervals allow for answers that share a picture", soft_wrap=True)
    _print_own_numbers(scores)
    _print_policies(scores.overall)


def _print_own_numbers(scores: Scores) -> None:
    """Print the benchmark's own numbers, across splits and over each split."""
    header, rows = metric_rows(scores)
    lines = [
        (f"split {split}" if split else name or "Overall", *numbers)
        for split, level, name, *numbers in rows
        if not split or level == "overall"
    ]
    if lines:
        print_table(("Its own numbers", *header[3:]), lines)
        if note := unit_note(scores):
            stdout.print(note, soft_wrap=True, markup=False)


def _print_policies(overall: GroupScore) -> None:
    """Print what unanswered samples would be worth if guessed, and how many replies say that they cannot tell."""
    if overall.unanswered:
        guessed, at_chance = overall.accuracy_guessed, overall.accuracy_at_chance
        stdout.print(
            f"{overall.unanswered:,} unanswered ({overall.refused:,} of them refused) count as wrong; guessed at "
            f"random the accuracy would be {guessed:.1%}, at chance level {at_chance:.1%}",
            soft_wrap=True,
        )
    if overall.cannot_tell:
        stdout.print(f"{overall.cannot_tell:,} replies say that the answer cannot be told from what they were given")


def _bounds(row: GroupScore) -> str:
    return _span(row.accuracy_least, row.accuracy_most) if row.missing else "-"


def _span(low: float | None, high: float | None) -> str:
    return "-" if low is None or high is None else f"{low:.1%} to {high:.1%}"


def print_comparison(arms: Mapping[str, Scores]) -> None:
    """Print accuracy in %, by group and arm, next to what guessing would give."""
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
            lines += _headlines(list(arms.values()))
    profiles = ", ".join(sorted({scores.profile for scores in arms.values()}))
    print_table((f"Accuracy in %, {profiles}", "Samples", "Chance", *arms), lines)
    for name, scores in arms.items():
        if missing := scores.overall.missing:
            stdout.print(
                f"{name}: {missing:,} of {scores.overall.n:,} samples have no answer; accuracy is over the others",
                markup=False, soft_wrap=True,
            )  # fmt: skip


def _headlines(arms: Sequence[Scores]) -> list[tuple[str, ...]]:
    """Return the rows of the number by which the benchmark is quoted, if that is not the accuracy."""
    names = dict.fromkeys(arm.headline for arm in arms if arm.headline is not None)
    return [
        (f"  {name} (of {best.maximum:g})", "", "", *map(_quoted, found))
        for name in names
        for found in [[_overall(arm, name) for arm in arms]]
        for best in [next((one for one in found if one is not None), None)]
        if best is not None
    ]


def _quoted(metric: Metric | None) -> str:
    if metric is None:
        return "-"
    interval = "" if metric.low is None else f" ({metric.low:.4g}-{metric.high:.4g})"
    return f"{metric.value:.4g}{interval}"


def _overall(scores: Scores, name: str) -> Metric | None:
    """Return a number over all rows; None if there is none."""
    found = (one for one in scores.metrics if one.name == name and one.level == "overall" and one.split is None)
    return next((one for one in found if one.value is not None), None)


def _interval(score: GroupScore | None) -> str:
    if score is None or score.accuracy is None:
        return "-"
    return f"{_percent(score.accuracy_low)}-{_percent(score.accuracy_high)}"


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f}"
