"""Outcomes folded into counts and rates: over the benchmark, per l2-category, per category, and per split."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from prism_engine.errors import UserError
from prism_engine.records import SampleStatus
from prism_engine.report.predictions import reading, scan

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Level = Literal["overall", "l2_category", "category"]

_LEVELS: Final[tuple[Level, ...]] = ("overall", "l2_category", "category")
_REFUSAL: Final = "Z"
_Z95: Final = 1.959963984540054
"""The 97.5 % point of the standard normal distribution."""


@dataclass(frozen=True, slots=True)
class GroupScore:
    """The numbers of one group of samples.

    n = scored + unscored + failed + not_run. A missing prediction is never counted as wrong: `accuracy` is
    over the predictions that exist, as VLMEvalKit's is. What it could become once the missing ones are there is between
    `accuracy_least` and `accuracy_most`.
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
    correct: int
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
    """Lower end of the Wilson 95 % interval of the accuracy."""
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


_Tally = Counter[str | int]
"""Rows by how they ended, and by how many options (a number) a sample that can be scored has."""


class _Group(NamedTuple):
    split: str | None
    level: Level
    name: str | None

    @property
    def rank(self) -> tuple[bool, str, int, str]:
        return (self.split is not None, self.split or "", _LEVELS.index(self.level), self.name or "")


FAILED_AS_WRONG: Final = ", failed counted as wrong"
"""Stands behind the profile's name where that is so, wherever the scores are told."""


def summarise(predictions: Path, *, profile: str, failed_as_wrong: bool = False) -> Scores:
    """Fold a predictions file into scores, in one streaming pass whose memory does not grow with the replies.

    Args:
        predictions: JSON lines, one per sample.
        profile: name of the matching rules that the scores in the file were made with.
        failed_as_wrong: count samples whose call failed as wrong (and unanswered), where they have a target; the
            profile's name then says so.

    Raises:
        UserError: the file is absent or damaged, or a row has a status or a score that is not known here.
    """
    tallies: defaultdict[_Group, _Tally] = defaultdict(Counter)
    whole = _Group(None, "overall", None)
    tallies[whole] = Counter()
    for cell in _cells(predictions):
        if failed_as_wrong and cell["status"] == SampleStatus.FAILED and cell["choices"] is not None:
            cell |= {"status": SampleStatus.DONE, "score": 0.0}
        tally = _tally(cell, predictions)
        for group in _groups(cell["split"], cell["l2_category"], cell["category"]):
            tallies[group].update(tally)
    order = sorted(tallies, key=lambda group: group.rank)
    overall, *groups = (_fold(group, tallies[group]) for group in order)
    return Scores(profile + FAILED_AS_WRONG if failed_as_wrong else profile, overall, tuple(groups))


def wilson(correct: float, scored: float) -> tuple[float, float]:
    """Compute the Wilson 95 % interval of a proportion.

    With p = correct / scored and z the normal quantile, the ends are
    (p + z²/2n ± z sqrt(p(1 - p)/n + z²/4n²)) / (1 + z²/n), after E. B. Wilson, "Probable inference, the law
    of succession, and statistical inference", J. Am. Stat. Assoc. 22 (1927) 209-212.

    Args:
        correct: successes, from 0 to `scored`.
        scored: trials, at least 1; no whole number where it is an effective number of them.
    """
    share = correct / scored
    spread = _Z95 * _Z95 / scored
    centre = share + spread / 2
    reach = sqrt(spread * (share * (1 - share) + spread / 4))
    # Exact ends: rounding would otherwise leave them a hair outside or inside.
    low = 0.0 if correct == 0 else (centre - reach) / (1 + spread)
    high = 1.0 if correct == scored else (centre + reach) / (1 + spread)
    return low, high


def _cells(predictions: Path) -> list[dict[str, Any]]:
    """Count the rows that are alike in everything that matters; cells grow with combinations, not rows."""
    import polars as pl  # noqa: PLC0415 - a run that needs no table starts without it

    keys = ["split", "l2_category", "category", "status", "score"]
    extracted, options = pl.col("extracted"), pl.col("options")
    letters = options.list.eval(pl.element().struct.field("letter"))
    choosable = letters.list.contains(pl.col("target").str.strip_chars())
    with reading(predictions):
        return (
            scan(predictions, [*keys, "extracted", "index", "options", "target"])
            .with_columns(
                refused=extracted.eq_missing(_REFUSAL),
                blank=extracted.is_null(),
                choices=pl.when(choosable).then(options.list.len()),
            )
            .group_by(*keys, "refused", "blank", "choices")
            .agg(pl.len().alias("rows"), pl.col("index").min())
            .sort("index")  # so that of several bad rows always the same one is named
            .collect(engine="streaming")
            .to_dicts()
        )


def _tally(cell: dict[str, Any], predictions: Path) -> dict[str | int, int]:
    return ({} if cell["choices"] is None else {cell["choices"]: cell["rows"]}) | _ended(cell, predictions)


def _ended(cell: dict[str, Any], predictions: Path) -> dict[str | int, int]:
    status, score, rows = cell["status"], cell["score"], cell["rows"]
    place = f"{predictions}, index {cell['index']}"
    if status not in tuple(SampleStatus):
        known = ", ".join(SampleStatus)
        raise UserError(f"{place}: status {status!r} is not one of {known}; start the run again to mend it.")
    if status != SampleStatus.DONE:
        return {"n": rows, status: rows}
    if score is None:
        return {"n": rows, "unscored": rows}
    if score not in (0.0, 1.0):
        raise UserError(f"{place}: score {score!r} is neither 0 nor 1; only right or wrong is counted here.")
    wrong = score == 0.0
    return {
        "n": rows,
        "scored": rows,
        "correct": rows * (not wrong),
        "unanswered": rows * (wrong and (cell["blank"] or cell["refused"])),
        "refused": rows * (wrong and cell["refused"]),
    }


def _groups(split: str | None, l2_category: str | None, category: str | None) -> Iterator[_Group]:
    for part in {None, split}:
        yield _Group(part, "overall", None)
        if l2_category is not None:
            yield _Group(part, "l2_category", l2_category)
        if category is not None:
            yield _Group(part, "category", category)


def _fold(group: _Group, tally: _Tally) -> GroupScore:
    n, scored, correct = tally["n"], tally["scored"], tally["correct"]
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
    )


def _chance(tally: _Tally) -> float | None:
    by_options = sorted((options, rows) for options, rows in tally.items() if isinstance(options, int))
    choosable = sum(rows for _, rows in by_options)
    return sum(rows / options for options, rows in by_options) / choosable if choosable else None
