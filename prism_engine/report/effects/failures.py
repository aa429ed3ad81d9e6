"""Where an answer went wrong: for each sample, what its arms say about perception and reasoning."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prism_engine.report.scores.aligned import AlignedRuns
    from prism_engine.report.scores.finished import Setting
    from prism_engine.report.scores.inference import Numbers

_RIGHT = 0.5
"""A score above it counts as right; below 1 only in benchmarks that grade in steps."""


class Attribution(StrEnum):
    """What became of a sample, and what failed where it went wrong."""

    SOLVED = "solved"
    """Right, and not without the description, as far as the blind arm says."""
    SOLVED_BLIND = "solved without seeing"
    """Right, and the blind arm was right too."""
    NOT_SEEN = "perception: not seen"
    """Wrong; from the gold description the reasoner is right, and the perceiver by itself is wrong too."""
    NOT_SAID = "perception: not said"
    """Wrong; from the gold description the reasoner is right, and the perceiver by itself is right: it saw it."""
    PERCEPTION = "perception"
    """Wrong; from the gold description the reasoner is right. There is no direct arm."""
    REASONING = "reasoning"
    """Wrong, also from the gold description; the perceiver by itself is right, so it has seen what it takes."""
    BOTH = "perception and reasoning"
    """Wrong, also from the gold description, and the perceiver by itself is wrong too."""
    REASONING_AT_LEAST = "reasoning at least"
    """Wrong, also from the gold description. There is no direct arm."""
    UNDECIDED = "undecided"
    """Wrong, and there is no oracle arm."""
    MISSING = "no answer"
    """The run has no score for it."""


class Arms(NamedTuple):
    """One sample's scores: of the run itself, and of the other arms; None where there is none."""

    decoupled: float | None
    direct: float | None = None
    oracle: float | None = None
    blind: float | None = None


def verdict(arms: Arms) -> Attribution:
    """Decide by the rule that the members of `Attribution` state.

    A right answer counts as right however it came about: with four options a quarter of the guesses is right, so single
    verdicts may be luck, and only shares of many mean something.
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
    """A decoupled run with its samples' verdicts, in their order."""

    setting: Setting
    verdicts: tuple[Attribution, ...]


def judge(aligned: AlignedRuns) -> Iterator[Judged]:
    """Judge every decoupled run's samples by the arms that are there: its perceiver's direct, its reasoner's others.

    Where several runs could be an arm (another output limit of the direct one), the first one is.
    """
    places: dict[tuple[str, str | None, str], int] = {}
    for place, run in enumerate(aligned.runs):
        if run.setting.mode != "all":
            who = run.setting.vlm if run.setting.mode == "direct" else run.setting.reasoner
            places.setdefault((run.setting.mode, who, run.setting.profile), place)
    for place, run in enumerate(aligned.runs):
        setting = run.setting
        if setting.mode != "all":
            continue
        names = (("direct", setting.vlm), ("oracle", setting.reasoner), ("blind", setting.reasoner))
        others = [places.get((mode, name, setting.profile)) for mode, name in names]
        columns = [_column(None if other is None else aligned.scores[other], aligned) for other in others]
        own = _column(aligned.scores[place], aligned)
        yield Judged(setting, tuple(verdict(Arms(*row)) for row in zip(own, *columns, strict=True)))


def _column(scores: Numbers | None, aligned: AlignedRuns) -> list[float | None]:
    if scores is None:
        return [None] * len(aligned.samples)
    return [None if score != score else score for score in scores.tolist()]  # noqa: PLR0124 - NaN is not itself
