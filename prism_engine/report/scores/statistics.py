"""Aggregates outcomes into counts and rates: overall, per l2-category, per category and per split."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from prism_engine.report.scores.alike import count_alike, tally_of
from prism_engine.report.scores.inference import wilson_interval
from prism_engine.report.scores.predictions import scored_rows
from prism_engine.report.scores.repeats import clustered_intervals
from prism_engine.report.scores.units import with_intervals
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
    """Scores of one group of samples.

    n = scored + unscored + failed + not_run. A missing prediction is never counted as wrong: `accuracy` is over
    existing predictions, like VLMEvalKit's. With the missing ones it could range from `accuracy_least` to
    `accuracy_most`.

    `accuracy`, the headline, is strict: unreadable replies and refusals are wrong. `accuracy_guessed` and
    `accuracy_at_chance` are what it would be if those were answered by guessing.
    """

    split: str | None
    """None if the group spans all splits, or the benchmark has none."""
    level: Level
    name: str | None
    """The category's name; None at level overall."""
    n: int
    """Number of samples."""
    scored: int
    """Done and compared with a target."""
    correct: float
    """Sum of the scores: the number of right replies, unless replies are graded between 0 and 1."""
    unanswered: int
    """Scored as wrong because no option could be read from the reply, including refusals."""
    refused: int
    """Unanswered samples whose reply was read as a refusal."""
    failed: int
    not_run: int
    unscored: int
    """Done but not scorable: no target among the options (an open question, a test split), or no reply."""
    accuracy: float | None
    """correct / scored, from 0 to 1; None, never 0, if nothing was scored."""
    accuracy_low: float | None
    """Lower end of the 95 % interval of the accuracy: clustered by picture if pictures repeat, else Wilson's, which is
    conservative if scores are graded between 0 and 1."""
    accuracy_high: float | None
    accuracy_least: float | None
    """correct / (scored + missing): the accuracy if every missing prediction were wrong."""
    accuracy_most: float | None
    """(correct + missing) / (scored + missing): the accuracy if every missing prediction were right."""
    coverage: float | None
    """scored / n, from 0 to 1; None if the group is empty."""
    chance: float | None
    """Accuracy of guessing: the mean of 1 / options over all samples whose target is one of their options, answered
    or not; None if there is no such sample."""
    accuracy_guessed: float | None = None
    """The accuracy if each unanswered sample got a random answer, as in the original's solver tables; seeded by the
    sample's index."""
    accuracy_at_chance: float | None = None
    """The expected value of that: 1 / options for each unanswered sample."""
    cannot_tell: int = 0
    """Done samples whose reply says that the given information does not contain the answer, even if it then answers."""
    pictures: int | None = None
    """Number of independent clusters among the scored samples; None if no picture repeats."""
    clustered_low: float | None = None
    """`accuracy_low` if it is clustered by picture; None if no picture repeats."""
    clustered_high: float | None = None

    @property
    def missing(self) -> int:
        """Samples without a prediction."""
        return self.failed + self.not_run


@dataclass(frozen=True, slots=True)
class Scores:
    """Scores of a predictions file; equal files give equal scores."""

    profile: str
    """Name of the matching rules that the replies were read with."""
    overall: GroupScore
    groups: tuple[GroupScore, ...]
    """Across splits first, then per split (each with an overall row); by level, then by name."""
    kind: str | None = None
    """The answer kind; None if it was not given."""
    metrics: tuple[Metric, ...] = ()
    """The benchmark's own metrics, if it has any besides accuracy."""
    headline: str | None = None
    """The metric (over all rows) usually reported for the benchmark; None means accuracy."""


_Counts = Counter[str | int]
"""Counts and sums: rows by outcome (str keys), and scorable rows by number of options (int keys)."""


FAILED_AS_WRONG: Final = ", failed counted as wrong"
"""Appended to the profile's name wherever such scores are shown."""


def summarise(
    predictions: Path, *, profile: str, kind: AnswerKind | None = None, failed_as_wrong: bool = False
) -> Scores:
    """Aggregate a predictions file into scores, in one streaming pass with memory independent of the replies' size.

    Args:
        predictions: JSON lines, one per sample.
        profile: name of the matching rules that produced the scores in the file.
        kind: the answer kind, for the benchmark's own metrics and for guesses at questions without options.
        failed_as_wrong: count failed samples that have a target as wrong (and unanswered); the profile's name then
            says so.

    Raises:
        UserError: the file is missing or damaged, or a row has an unknown status or an invalid score.
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
    profile += FAILED_AS_WRONG if failed_as_wrong else ""
    if scorer is None:
        return Scores(profile, overall, tuple(groups))
    metrics = _metrics(scorer, predictions, failed_as_wrong=failed_as_wrong)
    return Scores(profile, overall, tuple(groups), scorer.kind.value, metrics, scorer.headline)


def _metrics(scorer: Scorer, predictions: Path, *, failed_as_wrong: bool) -> tuple[Metric, ...]:
    if type(scorer).metrics is Scorer.metrics:
        return ()  # it has none: skip the second pass
    rows = scored_rows(predictions, failed_as_wrong=failed_as_wrong)
    if type(scorer).units is Scorer.units:
        return scorer.metrics(rows)
    kept = [replace(row, reply=None) for row in rows]
    return with_intervals(scorer.metrics(kept), scorer.units(kept))


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
    if repeated is not None:
        low, high = repeated.low, repeated.high
    missing = tally["failed"] + tally["not_run"]
    possible = scored + missing
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
        accuracy_least=correct / possible if possible else None,
        accuracy_most=(correct + missing) / possible if possible else None,
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
    """Return an integral total as int; other sums unchanged."""
    return int(total) if total == int(total) else total


def _chance(tally: _Counts) -> float | None:
    by_options = sorted((options, rows) for options, rows in tally.items() if isinstance(options, int))
    choosable = sum(rows for _, rows in by_options)
    return sum(rows / options for options, rows in by_options) / choosable if choosable else None
