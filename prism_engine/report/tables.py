"""Scores as files and as rows for the terminal: JSON and CSV for machines, Markdown for people."""

from __future__ import annotations

import csv
import io
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Final

import orjson

from prism_engine.report.atomic import replacing
from prism_engine.report.statistics import GroupScore

if TYPE_CHECKING:
    from pathlib import Path

    from prism_engine.report.statistics import Scores

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
    "Coverage %",
    "Unanswered",
    "Refused",
    "Failed",
    "Not run",
    "Unscored",
)
"""Headings of `as_rows`; the first three are words, the others numbers."""


def as_rows(scores: Scores) -> list[tuple[str, ...]]:
    """Lay the scores out for people, one row of text per group under HEADER; percentages have one decimal."""
    return [_cells(row) for row in (scores.overall, *scores.groups)]


def write_scores(scores: Scores, folder: Path) -> None:
    """Write scores.json, scores.csv and scores.md, each in one step; the folder exists.

    JSON and CSV hold fractions from 0 to 1 at full precision. Equal scores give equal bytes.

    Raises:
        UserError: a file cannot be written.
    """
    for name, content in (
        ("scores.json", _json(scores)),
        ("scores.csv", _csv(scores)),
        ("scores.md", _markdown(scores)),
    ):
        with replacing(folder / name) as draft:
            draft.write_bytes(content)


def _json(scores: Scores) -> bytes:
    return orjson.dumps(scores, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _csv(scores: Scores) -> bytes:
    table = io.StringIO()
    names = [field.name for field in fields(GroupScore)]
    writer = csv.DictWriter(table, ["profile", *names], lineterminator="\n")
    writer.writeheader()
    writer.writerows({"profile": scores.profile, **asdict(row)} for row in (scores.overall, *scores.groups))
    return table.getvalue().encode()


def _markdown(scores: Scores) -> bytes:
    lines = [HEADER, tuple("---" if place < 3 else "---:" for place in range(len(HEADER))), *as_rows(scores)]
    table = "\n".join(f"| {' | '.join(map(_escape, line))} |" for line in lines)
    return f"Matching profile: {_escape(scores.profile)}\n\n{table}\n".encode()


def _cells(row: GroupScore) -> tuple[str, ...]:
    interval = f"{_percent(row.accuracy_low)} - {_percent(row.accuracy_high)}" if row.scored else "-"
    return (
        row.split or "",
        row.level.replace("_", "-"),
        row.name or "",
        str(row.n),
        str(row.scored),
        str(row.correct),
        _percent(row.accuracy),
        interval,
        f"{_percent(row.accuracy_least)} - {_percent(row.accuracy_most)}" if row.missing else "-",
        _percent(row.chance),
        _percent(row.coverage),
        str(row.unanswered),
        str(row.refused),
        str(row.failed),
        str(row.not_run),
        str(row.unscored),
    )


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f}"


def _escape(text: str) -> str:
    return " ".join(text.replace("\\", "\\\\").replace("|", "\\|").split())
