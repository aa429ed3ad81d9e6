"""Rows of a predictions file, as samples for judges and as input for scorers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from prism_engine.report.scores.predictions import draw_of, sample_of, scored_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prism_engine.records import Sample
    from prism_engine.scoring.scorer import Scored


@dataclass(frozen=True, slots=True)
class Answered:
    """One answered row."""

    sample: Sample
    """The question; its pictures are known by digest only."""
    reply: str
    scored: Scored
    draw: tuple[int, int, int] = (0, 0, 0)
    """The draw and the rotation of the question that it answers; see `draw_of`."""


def answered_of(row: Mapping[str, Any]) -> Answered:
    """Return the part of a row that a judge needs."""
    return Answered(sample_of(row), row.get("reply") or "", scored_of(row), draw_of(row))
