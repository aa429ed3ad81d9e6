"""Formats scores as JSON, CSV and Markdown files, and as rows for the terminal."""

from __future__ import annotations

import csv
import io
from dataclasses import asdict, dataclass, fields, replace
from typing import TYPE_CHECKING, Any, Final

import orjson

from prism_engine.report.atomic import replacing
from prism_engine.report.neutral import csv_cell, markdown_cell
from prism_engine.report.scores.predictions import reading, scan
from prism_engine.report.scores.statistics import GroupScore

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from prism_engine.report.scores.statistics import Scores
    from prism_engine.scoring import Level, Metric

HEADER: Final = (
    "Split",
    "Level",
    "Name",
    "Samples",
    "Scored",
    "Correct",
    "Accuracy %",
    "95 % interval",
    "If the missing were wrong - right",
    "Chance %",
    "If guessed %",
    "If at chance %",
    "Coverage %",
    "Unanswered",
    "Refused",
    "Cannot tell",
    "Failed",
    "Not run",
    "Unscored",
)
"""Headings of `as_rows`; the first three columns are text, the others numbers. "If guessed" and "if at chance" are the
accuracy if unanswered samples were answered by guessing; "cannot tell" counts replies that say so."""


_PLAIN: Final = "question"
"""The unit of metrics that needs no mention."""


def as_rows(scores: Scores) -> list[tuple[str, ...]]:
    """Format the scores for people, one row of text per group under `HEADER`; percentages have one decimal."""
    return [_cells(row) for row in (scores.overall, *scores.groups)]


def metric_rows(scores: Scores) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Format the benchmark's own metrics: a row per group, a column per metric with its maximum in the heading.

    Returns:
        The headings (the first three columns are text) and the rows; both empty if there are no metrics.
    """
    names = list(dict.fromkeys(metric.name for metric in scores.metrics))
    best = {name: max(metric.maximum for metric in scores.metrics if metric.name == name) for name in names}
    rows: dict[tuple[str, ...], dict[str, Metric]] = {}
    for metric in scores.metrics:
        key = (metric.split or "", metric.level.replace("_", "-"), metric.group or "")
        rows.setdefault(key, {})[metric.name] = metric
    header = ("Split", "Level", "Name", *(f"{name} (of {best[name]:g})" for name in names)) if names else ()
    return header, [
        (*key, *(_with_interval(found[name]) if name in found else "" for name in names)) for key, found in rows.items()
    ]


def unit_note(scores: Scores) -> str:
    """Say what each metric counts, other than questions; empty if they all count questions."""
    names: dict[str, dict[str, None]] = {}
    for metric in scores.metrics:
        if metric.unit != _PLAIN:
            names.setdefault(metric.unit, {})[metric.name] = None
    return "; ".join(f"{', '.join(metrics)}: per {unit}" for unit, metrics in names.items())


def write_scores(scores: Scores, folder: Path, stem: str = "scores") -> None:
    """Write scores.json, scores.csv and scores.md (or with another stem) into an existing folder, each atomically.

    JSON and CSV contain fractions from 0 to 1 at full precision. Equal scores give equal bytes.

    Raises:
        UserError: a file cannot be written.
    """
    for name, content in (
        (f"{stem}.json", _json(scores)),
        (f"{stem}.csv", _csv(scores)),
        (f"{stem}.md", _markdown(scores)),
    ):
        with replacing(folder / name) as draft:
            draft.write_bytes(content)


def _json(scores: Scores) -> bytes:
    return orjson.dumps(scores, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _csv(scores: Scores) -> bytes:
    """One row per group; the benchmark's own metrics are columns after the counts."""
    table = io.StringIO()
    names = [field.name for field in fields(GroupScore)]
    own = dict.fromkeys(metric.name for metric in scores.metrics)
    rows: dict[tuple[str | None, ...], dict[str, Any]] = {
        (row.split, row.level, row.name): asdict(row) for row in (scores.overall, *scores.groups)
    }
    for metric in scores.metrics:
        group = {"split": metric.split, "level": metric.level, "name": metric.group}
        rows.setdefault(tuple(group.values()), {**group})[metric.name] = metric.value
    writer = csv.DictWriter(table, ["profile", "kind", *names, *own], lineterminator="\n")
    writer.writeheader()
    for row in rows.values():
        cells = {"profile": scores.profile, "kind": scores.kind, **row}
        writer.writerow({name: csv_cell(cell) for name, cell in cells.items()})
    return table.getvalue().encode()


def _markdown(scores: Scores) -> bytes:
    kind = f"Answer kind: {markdown_cell(scores.kind)}\n\n" if scores.kind else ""
    text = f"Matching profile: {markdown_cell(scores.profile)}\n\n{kind}{_table(HEADER, as_rows(scores))}"
    header, rows = metric_rows(scores)
    note = f"\n{markdown_cell(unit_note(scores))}\n" if unit_note(scores) else ""
    return (text + (f"\n{_table(header, rows)}{note}" if rows else "")).encode()


def _table(header: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    rule = tuple("---" if column < 3 else "---:" for column in range(len(header)))
    return "".join(f"| {' | '.join(map(markdown_cell, line))} |\n" for line in (header, rule, *rows))


def _number(metric: Metric) -> str:
    if metric.value is None:
        return "-"
    return f"{metric.value:.3f}" if metric.maximum == 1 else f"{metric.value:.1f}"


def _with_interval(metric: Metric) -> str:
    if metric.low is None or metric.high is None:
        return _number(metric)
    low, high = (_number(replace(metric, value=end)) for end in (metric.low, metric.high))
    return f"{_number(metric)} ({low} - {high})"


def _cells(row: GroupScore) -> tuple[str, ...]:
    interval = f"{_percent(row.accuracy_low)} - {_percent(row.accuracy_high)}" if row.scored else "-"
    return (
        row.split or "",
        row.level.replace("_", "-"),
        row.name or "",
        str(row.n),
        str(row.scored),
        f"{row.correct:g}" if row.correct < 1e6 else f"{row.correct:.0f}",
        _percent(row.accuracy),
        interval,
        f"{_percent(row.accuracy_least)} - {_percent(row.accuracy_most)}" if row.missing else "-",
        _percent(row.chance),
        _percent(row.accuracy_guessed),
        _percent(row.accuracy_at_chance),
        _percent(row.coverage),
        str(row.unanswered),
        str(row.refused),
        str(row.cannot_tell),
        str(row.failed),
        str(row.not_run),
        str(row.unscored),
    )


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f}"


_ROW_GROUP: Final = 10_000
"""Maximum number of rows in memory at once; depends on the file alone, so equal input gives equal bytes anywhere."""
_GROUP_BYTES: Final = 32 << 20
"""Approximate size of the lines in memory at once; rows with long texts are written in smaller groups."""


def export_parquet(predictions: Path, target: Path) -> None:
    """Convert a predictions file to Parquet, atomically: every line and field, in the same order.

    Ids stay text even if they look like numbers, and so do columns that are all null.

    Raises:
        UserError: the predictions are missing or damaged, or the target cannot be written.
    """
    with reading(predictions):
        table = scan(predictions)
        with replacing(target) as draft:
            table.sink_parquet(draft, row_group_size=_rows_per_group(predictions))


def _rows_per_group(predictions: Path) -> int:
    size = predictions.stat().st_size
    if size <= _GROUP_BYTES:
        return _ROW_GROUP
    with predictions.open("rb") as file:
        rows = sum(1 for _ in file)
    return min(max(_GROUP_BYTES * rows // size, 1), _ROW_GROUP)


@dataclass(frozen=True, slots=True)
class ComparedGroup:
    """One group of samples in every arm."""

    level: Level
    name: str | None
    """The category's name; None at level overall."""
    n: int
    """Number of samples of the group, in the arm that has the most."""
    chance: float | None
    """Accuracy of guessing, from 0 to 1; None if nothing can be scored."""
    scores: tuple[GroupScore | None, ...]
    """Each arm's scores, in the order of the arms; None if an arm lacks the group."""


def compare(arms: Sequence[Scores]) -> tuple[ComparedGroup, ...]:
    """Compare arms by group, across splits: overall first, then the l2-categories, then the categories."""
    by_arm = [{(row.level, row.name): row for row in (arm.overall, *arm.groups) if row.split is None} for arm in arms]
    levels = ("overall", "l2_category", "category")
    groups = sorted(
        {group for arm in by_arm for group in arm}, key=lambda group: (levels.index(group[0]), group[1] or "")
    )
    return tuple(_compared(level, name, [arm.get((level, name)) for arm in by_arm]) for level, name in groups)


def _compared(level: Level, name: str | None, scores: Sequence[GroupScore | None]) -> ComparedGroup:
    fullest = max((score for score in scores if score is not None), key=lambda score: score.n)
    return ComparedGroup(level, name, fullest.n, fullest.chance, tuple(scores))
