"""Finds questions that blind runs solve without the picture, which MMStar's authors filtered out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from prism_engine.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from prism_engine.report.scores.finished import FinishedRun

_RIGHT: Final = 0.5
ROTATIONS: Final = 1_000_000
"""In circular benchmarks, row i + 1,000,000 k asks question i with its options rotated."""


class Blind(NamedTuple):
    """Questions that blind runs solve."""

    known: frozenset[str]
    """Indexes that at least `needed` runs solve."""
    asked: frozenset[str]
    """Indexes that at least one run has a score for."""
    needed: int
    runs: int


def known_without_seeing(runs: Sequence[FinishedRun], needed: int | None = None, *, circular: bool = False) -> Blind:
    """Find the questions that at least `needed` of these blind runs solve.

    Args:
        needed: from 1 to the number of runs; None means more than half of them.
        circular: group the rows that rotate one question's options; a group is solved if all its rows are.

    Raises:
        UserError: a run is not blind, or `needed` is out of range.
    """
    for run in runs:
        if run.setting.mode != "blind":
            raise UserError(
                f"{run.folder}: its mode is {run.setting.mode!r}; give blind runs (`prism run --mode blind`)."
            )
    needed = len(runs) // 2 + 1 if needed is None else needed
    if not 1 <= needed <= len(runs):
        must = "it must be 1" if len(runs) == 1 else f"it must be from 1 to {len(runs)}"
        raise UserError(f"--solved-by {needed}: with {len(runs)} blind run{'' if len(runs) == 1 else 's'} {must}")
    votes: dict[str, int] = {}
    members: dict[str, set[str]] = {}
    for run in runs:
        rows = run.table.select("index", "score").rows()
        for index, _ in rows:
            members.setdefault(_question(index, circular=circular), set()).add(index)
        for question in _solved(rows, circular=circular):
            votes[question] = votes.get(question, 0) + 1
    known = {index for question, count in votes.items() if count >= needed for index in members[question]}
    asked = {index for run in runs for index, score in run.table.select("index", "score").rows() if score is not None}
    return Blind(frozenset(known), frozenset(asked), needed, len(runs))


def _solved(rows: Iterable[tuple[str, float | None]], *, circular: bool) -> set[str]:
    right: dict[str, bool] = {}
    for index, score in rows:
        question = _question(index, circular=circular)
        right[question] = right.get(question, True) and score is not None and score > _RIGHT
    return {question for question, all_right in right.items() if all_right}


def _question(index: str, *, circular: bool) -> str:
    return str(int(index) % ROTATIONS) if circular and index.isdecimal() else index
