"""Attributes each sample's failure to perception or reasoning by comparing its arms."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prism_engine.report.scores.aligned import AlignedRuns
    from prism_engine.report.scores.finished import Setting
    from prism_engine.report.scores.inference import Numbers

_RIGHT = 0.5
"""A higher score counts as right; scores between 0 and 1 only occur in graded benchmarks."""


class Attribution(StrEnum):
    """A sample's outcome: how it was solved, or what failed."""

    SOLVED = "solved"
    """Right, and the blind arm, if there is one, is not."""
    SOLVED_BLIND = "solved without seeing"
    """Right, and the blind arm is right too."""
    NOT_SEEN = "perception: not seen"
    """Wrong; the reasoner is right from the gold description, and the perceiver alone is wrong too."""
    NOT_SAID = "perception: not said"
    """Wrong; the reasoner is right from the gold description, and the perceiver alone is right: it saw the answer."""
    PERCEPTION = "perception"
    """Wrong; the reasoner is right from the gold description. There is no direct arm."""
    REASONING = "reasoning"
    """Wrong, even from the gold description; the perceiver alone is right, so it saw what was needed."""
    BOTH = "perception and reasoning"
    """Wrong, even from the gold description, and the perceiver alone is wrong too."""
    REASONING_AT_LEAST = "reasoning at least"
    """Wrong, even from the gold description. There is no direct arm."""
    UNDECIDED = "undecided"
    """Wrong, and there is no oracle arm."""
    MISSING = "no answer"
    """The run has no score for the sample."""


class Arms(NamedTuple):
    """One sample's scores in the decoupled run and in the other arms; None if an arm has no score."""

    decoupled: float | None
    direct: float | None = None
    oracle: float | None = None
    blind: float | None = None


def verdict(arms: Arms) -> Attribution:
    """Apply the rules stated at the members of `Attribution`.

    Lucky guesses count as right: with four options a quarter of all guesses are right, so a single verdict may be luck,
    and only shares over many samples are meaningful.
    """
    run, direct, oracle, blind = (None if score is None else score > _RIGHT for score in arms)
    if run is None:
        return Attribution.MISSING
    if run:
        return Attribution.SOLVED_BLIND if blind else Attribution.SOLVED
    if oracle is None:
        return Attribution.UNDECIDED
    if oracle:
        return {None: Attribution.PERCEPTION, True: Attribution.NOT_SAID, False: Attribution.NOT_SEEN}[direct]
    return {None: Attribution.REASONING_AT_LEAST, True: Attribution.REASONING, False: Attribution.BOTH}[direct]


class Judged(NamedTuple):
    """A decoupled run with its samples' verdicts, in sample order."""

    setting: Setting
    verdicts: tuple[Attribution, ...]


def judge(aligned: AlignedRuns) -> Iterator[Judged]:
    """Judge every decoupled run's samples by the available arms: its perceiver's direct, its reasoner's other arms.

    If multiple runs could be an arm (direct runs with different output limits), the first one is used.
    """
    arm_positions: dict[tuple[str, str | None, str], int] = {}
    for position, run in enumerate(aligned.runs):
        if run.setting.mode != "all":
            model = run.setting.vlm if run.setting.mode == "direct" else run.setting.reasoner
            arm_positions.setdefault((run.setting.mode, model, run.setting.profile), position)
    for position, run in enumerate(aligned.runs):
        setting = run.setting
        if setting.mode != "all":
            continue
        names = (("direct", setting.vlm), ("oracle", setting.reasoner), ("blind", setting.reasoner))
        others = [arm_positions.get((mode, name, setting.profile)) for mode, name in names]
        columns = [_column(None if other is None else aligned.scores[other], aligned) for other in others]
        own = _column(aligned.scores[position], aligned)
        yield Judged(setting, tuple(verdict(Arms(*row)) for row in zip(own, *columns, strict=True)))


def _column(scores: Numbers | None, aligned: AlignedRuns) -> list[float | None]:
    if scores is None:
        return [None] * len(aligned.samples)
    return [None if score != score else score for score in scores.tolist()]  # noqa: PLR0124 - NaN is not itself
