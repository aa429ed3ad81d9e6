"""Rows of a predictions file: as samples for judges, and as what scorers fold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import orjson

from prism_engine.errors import UserError
from prism_engine.records import AnswerKind, Option, Sample
from prism_engine.report.predictions import scored_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from prism_engine.scoring.base import Scored

_NEEDED: Final = {"status", "score", "extracted"}
_ROTATION: Final = 1_000_000
"""What VLMEvalKit adds to an index for each rotation of a question's options."""


@dataclass(frozen=True, slots=True)
class Answered:
    """One row."""

    sample: Sample
    """Without its pictures."""
    reply: str
    scored: Scored


def read_lines(predictions: Path) -> Iterator[dict[str, Any]]:
    """Yield the rows of a predictions file.

    Raises:
        UserError: the file is absent or damaged.
    """
    try:
        with predictions.open("rb") as file:
            for number, line in enumerate(file, start=1):
                row = orjson.loads(line)
                if not isinstance(row, dict) or not isinstance(row.get("index"), str) or not row.keys() >= _NEEDED:
                    raise UserError(f"{predictions}, line {number}: no row of predictions; start its run again")
                yield row
    except OSError as error:
        raise UserError(f"{predictions}: cannot be read ({error.strerror}); name a run that has predictions") from error
    except orjson.JSONDecodeError as error:
        raise UserError(f"{predictions}: damaged ({error}); start its run again to write it anew") from error


def answered_of(row: Mapping[str, Any]) -> Answered:
    """Return what a judge needs of a row."""
    sample = Sample(
        position=row["position"],
        index=row["index"],
        images=(),
        question=row.get("question") or "",
        hint=row.get("hint"),
        options=tuple(Option(option["letter"], option["text"]) for option in row.get("options") or ()),
        answer=row.get("target"),
        category=row.get("category"),
        l2_category=row.get("l2_category"),
        split=row.get("split"),
        extra=row.get("extra") or {},
    )
    return Answered(sample, row.get("reply") or "", scored_of(row))


def group_of(kind: AnswerKind, row: Scored) -> str:
    """Return what ties rows together that are judged one after the other: rotations of one question, else the row."""
    if kind is not AnswerKind.CIRCULAR:
        return row.index
    if (group := row.extra.get("g_index")) is not None:
        return group
    return str(int(row.index) % _ROTATION) if row.index.isdecimal() else row.index
