"""Outcomes folded into counts and rates: over the benchmark, per l2-category, per category, and per split."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from prism_engine.report.scores.alike import count_alike, tally_of
from prism_engine.report.scores.inference import wilson_interval
from prism_engine.report.scores.predictions import scored_rows
from prism_engine.report.scores.repeats import clustered_intervals
from prism_engine.scoring import Group, Metric, Scorer, groups_of, scorer_of

if TYPE_CHECKING:
    from pathlib import Path

    from prism_engine.records import AnswerKind
    from prism_engine.report.scores.repeats import Repeated
    from prism_engine.scoring import Level

_Z95: Final = 1.959963984540054
"""The 97.5 % point of the standard normal distribution."""


@dataclass(frozen=True, slots=True)
class GroupScore:
    """The numbers of one group of samples.

    n = scored + unscored + failed + not_run. A missing prediction is never counted as wrong: `accuracy` is
    over the predictions that exist, as VLMEvalKit's is. What it could become once the missing ones are there is between
    `accuracy_least` and `accuracy_most`.

    `accuracy` is strict, the headline: what could not be read, or was a refusal, is wrong. `accuracy_guessed` and
    `accuracy_at_chance` are what it would be if those were answered by guessing.
    """

    split: str | None
    """None where the group spans all splits, or the benchmark has none."""
    level: Level
    name: str | None
    """The category's name; None at level overall."""
    n: int
    """Samples of the group."""
    scored: int
    """Done, and compared with a target."""
    correct: float
    """The sum of the scores: how many are right, where a reply is right or wrong."""
    unanswered: int
    """Scored as wrong because no option could be read out of the reply, refusals included."""
    refused: int
    """The unanswered ones that were read as a refusal."""
    failed: int
    not_run: int
    unscored: int
    """Done, but not to be scored: no target among the options (an open question, a test split), or no reply."""
    accuracy: float | None
    """correct / scored, from 0 to 1; None, never 0, where nothing was scored."""
    accuracy_low: float | None
    """Lower end of the Wilson 95 % interval of the accuracy; wider than it need be where scores lie between 0 and 1."""
    accuracy_high: float | None
    accuracy_least: float | None
    """correct / (scored + missing): the accuracy if every missing prediction were wrong."""
    accuracy_most: float | None
    """(correct + missing) / (scored + missing): the accuracy if every missing prediction were right."""
    coverage: float | None
    """scored / n, from 0 to 1; None where the group is empty."""
    chance: float | None
    """What guessing would give: the mean of 1 / options over all samples whose target is one of their options, answered
    or not; None where there is no such sample."""
    accuracy_guessed: float | None = None
    """The accuracy if an answer were drawn at random for each unanswered sample, as in the original's solver tables;
    seeded by the sample's index."""
    accuracy_at_chance: float | None = None
    """The same on average: 1 / options for each unanswered sample."""
    cannot_tell: int = 0
    """Done samples whose reply says that what it was given does not hold the answer, whatever it answers then."""
    pictures: int | None = None
    """What is independent among the scored samples; None where each is about a picture of its own."""
    clustered_low: float | None = None
    """Lower end of the 95 % interval that is clustered by picture; None where no picture repeats."""
    clustered_high: float | None = None

    @property
    def missing(self) -> int:
        """Samples without a prediction."""
        return self.failed + self.not_run


@dataclass(frozen=True, slots=True)
class Scores:
    """What one predictions file amounts to; equal files give equal scores."""

    profile: str
    """The matching rules that the replies were read with."""
    overall: GroupScore
    groups: tuple[GroupScore, ...]
    """Across splits first, then per split (each with an overall row); by level, then by name."""
    kind: str | None = None
    """The answer kind; None where it was not said."""
    metrics: tuple[Metric, ...] = ()
    """The benchmark's own numbers, where it has any beside accuracy."""
    headline: str | None = None
    """Which of them (over all rows) the benchmark is quoted by; None: the accuracy."""


_Counts = Counter[str | int]
"""Rows by how they ended, and by how many options (a number) a sample that can be scored has. Counts and sums."""


FAILED_AS_WRONG: Final = ", failed counted as wrong"
"""Stands behind the profile's name where that is so, wherever the scores are told."""


def summarise(
    predictions: Path, *, profile: str, kind: AnswerKind | None = None, failed_as_wrong: bool = False
) -> Scores:
    """Fold a predictions file into scores, in one streaming pass whose memory does not grow with the replies.

    Args:
        predictions: JSON lines, one per sample.
        profile: name of the matching rules that the scores in the file were made with.
        kind: what an answer is, for the benchmark's own numbers and for guesses where there are no options.
        failed_as_wrong: count samples whose call failed as wrong (and unanswered), where they have a target; the
            profile's name then says so.

    Raises:
        UserError: the file is absent or damaged, or a row has a status or a score that is not known here.
    """
    scorer = None if kind is None else scorer_of(kind, profile)
    tallies: defaultdict[Group, _Counts] = defaultdict(Counter)
    tallies[Group(None, "overall", None)] = Counter()
    for cell in count_alike(predictions, None if scorer is None else scorer.ways, failed_as_wrong=failed_as_wrong):
        tally = tally_of(cell, predictions)
        for group in groups_of(cell["split"], cell["l2_category"], cell["category"]):
            tallies[group].update(tally)
    order = sorted(tallies, key=lambda group: group.rank)
    repeats = clustered_intervals(predictions, failed_as_wrong=failed_as_wrong)
    overall, *groups = (
        _fold(group, tallies[group], repeats.get((group.split, group.level, group.name))) for group in order
    )
    told = profile + FAILED_AS_WRONG if failed_as_wrong else profile
    if scorer is None:
        return Scores(told, overall, tuple(groups))
    metrics = _metrics(scorer, predictions, failed_as_wrong=failed_as_wrong)
    return Scores(told, overall, tuple(groups), scorer.kind.value, metrics, scorer.headline)


def _metrics(scorer: Scorer, predictions: Path, *, failed_as_wrong: bool) -> tuple[Metric, ...]:
    if type(scorer).metrics is Scorer.metrics:
        return ()  # it has none: spare the second pass
    return scorer.metrics(scored_rows(predictions, failed_as_wrong=failed_as_wrong))


def wilson(correct: float, scored: float) -> tuple[float, float]:
    """Compute the Wilson 95 % interval of a proportion.

    With p = correct / scored and z the normal quantile, the ends are
    (p + z²/2n ± z sqrt(p(1 - p)/n + z²/4n²)) / (1 + z²/n), after E. B. Wilson, "Probable inference, the law
    of succession, and statistical inference", J. Am. Stat. Assoc. 22 (1927) 209-212.

    Args:
        correct: successes, from 0 to `scored`.
        scored: trials, at least 1.
    """
    return wilson_interval(correct / scored, scored, _Z95)


def _fold(group: Group, tally: _Counts, repeated: Repeated | None) -> GroupScore:
    n, scored, correct = tally["n"], tally["scored"], _whole(tally["correct"])
    low, high = wilson(correct, scored) if scored else (None, None)
    missing = tally["failed"] + tally["not_run"]
    could = scored + missing
    return GroupScore(
        split=group.split,
        level=group.level,
        name=group.name,
        n=n,
        scored=scored,
        correct=correct,
        unanswered=tally["unanswered"],
        refused=tally["refused"],
        failed=tally["failed"],
        not_run=tally["not_run"],
        unscored=tally["unscored"],
        accuracy=correct / scored if scored else None,
        accuracy_low=low,
        accuracy_high=high,
        accuracy_least=correct / could if could else None,
        accuracy_most=(correct + missing) / could if could else None,
        coverage=scored / n if n else None,
        chance=_chance(tally),
        accuracy_guessed=(correct + tally["lucky"]) / scored if scored else None,
        accuracy_at_chance=(correct + tally["chances"]) / scored if scored else None,
        cannot_tell=tally["cannot_tell"],
        pictures=repeated and repeated.pictures,
        clustered_low=repeated and repeated.low,
        clustered_high=repeated and repeated.high,
    )


def _whole(total: float) -> float:
    """Return a count as a count; sums of scores between 0 and 1 stay what they are."""
    return int(total) if total == int(total) else total


def _chance(tally: _Counts) -> float | None:
    by_options = sorted((options, rows) for options, rows in tally.items() if isinstance(options, int))
    choosable = sum(rows for _, rows in by_options)
    return sum(rows / options for options, rows in by_options) / choosable if choosable else None
