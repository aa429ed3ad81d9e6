"""How one answer counts, and what else it can be found by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from prism_engine.records import Outcome as CallOutcome
from prism_engine.records import SampleStatus
from prism_engine.scoring.scorer import REFUSAL

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prism_engine.report.viewer.contract import Flag, Outcome

RIGHT: Final = 0.5
"""A higher score counts as right, as in the attribution of failures."""


def outcome_of(status: str, score: float | None) -> Outcome:
    """Return how an answer counts."""
    if score is not None:
        return "right" if score > RIGHT else "wrong"
    if status == SampleStatus.DONE:
        return "unscored"
    return "not_run" if status == SampleStatus.NOT_RUN else "failed"


def flags_of(row: Mapping[str, Any]) -> list[Flag]:
    """Return the flags of a row: unanswered as the scores count it, refused also if a provider's filter said so."""
    calls = (row.get("reply_outcome"), *(row.get("description_outcomes") or ()))
    unread = row["status"] == SampleStatus.DONE and row["extracted"] in (None, REFUSAL) and row["score"] == 0
    flags: dict[Flag, bool] = {
        "unanswered": unread and row.get("reply") is not None,
        "refused": CallOutcome.REFUSED in calls or (unread and row["extracted"] == REFUSAL),
        "truncated": CallOutcome.TRUNCATED in calls,
    }
    return [flag for flag, holds in flags.items() if holds]
