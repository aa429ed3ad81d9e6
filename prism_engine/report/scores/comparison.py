"""Several arms of one analysis side by side: the same groups of samples, each arm's score of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prism_engine.report.scores.statistics import GroupScore, Scores
    from prism_engine.scoring import Level


@dataclass(frozen=True, slots=True)
class ComparedGroup:
    """One group of samples under every arm."""

    level: Level
    name: str | None
    """The category's name; None at level overall."""
    n: int
    """Samples of the group; the most that an arm has, where one took fewer."""
    chance: float | None
    """What guessing would give, from 0 to 1; None where nothing can be scored."""
    scores: tuple[GroupScore | None, ...]
    """Each arm's, in the arms' order; None where an arm has no such group."""


def compare(arms: Sequence[Scores]) -> tuple[ComparedGroup, ...]:
    """Line the arms up: overall first, then the l2-categories, then the categories, across splits."""
    by_arm = [{(row.level, row.name): row for row in (arm.overall, *arm.groups) if row.split is None} for arm in arms]
    levels = ("overall", "l2_category", "category")
    groups = sorted(
        {group for arm in by_arm for group in arm}, key=lambda group: (levels.index(group[0]), group[1] or "")
    )
    return tuple(_compared(level, name, [arm.get((level, name)) for arm in by_arm]) for level, name in groups)


def _compared(level: Level, name: str | None, scores: Sequence[GroupScore | None]) -> ComparedGroup:
    fullest = max((score for score in scores if score is not None), key=lambda score: score.n)
    return ComparedGroup(level, name, fullest.n, fullest.chance, tuple(scores))
