"""LLaVABench: a judge rates a reference answer and the reply side by side; the score is the ratio of the means."""

from __future__ import annotations

from collections import defaultdict
from math import isfinite
from typing import TYPE_CHECKING, NamedTuple

from prism_engine.records import AnswerKind, SampleStatus, Score
from prism_engine.scoring.judged import JudgedScorer
from prism_engine.scoring.scorer import Metric

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from prism_engine.records import Sample
    from prism_engine.scoring.scorer import Scored

MAIN = "Relative Score (main)"
REFERENCE = "gpt4_ans"
"""The column that holds the reference answer."""
_MOST = 10.0
"""The best rating."""
OVERALL = "overall"
_UNREAD = (-1.0, -1.0)
"""What VLMEvalKit takes a review for that it cannot read."""


class LlavaBench(JudgedScorer):
    """An open answer, rated by a judge beside a reference answer."""

    kind = AnswerKind.LLAVABENCH
    headline = MAIN

    def score(self, reply: str, sample: Sample) -> Score:
        """Score nothing: only a judge can."""
        del reply, sample
        return Score(None)

    def judged(self, review: str, sample: Sample) -> Score | None:
        """Score the reply's own rating; both ratings are kept as what was read."""
        del sample
        ratings = read_ratings(review)
        if ratings is None:
            return None
        return Score(min(max(ratings.reply / _MOST, 0.0), 1.0), _written(ratings))

    def unread(self, sample: Sample) -> Score:
        """Score nothing; VLMEvalKit rates both -1."""
        return super().unread(sample) if self.ours else Score(None, _written(Ratings(*_UNREAD)))

    def metrics(self, rows: Iterable[Scored]) -> tuple[Metric, ...]:
        """Return the three scores of LLaVABench, overall and by category."""
        rated = [(row.category, read_ratings(row.extracted)) for row in rows if row.extracted is not None]
        table: Mapping[str, Relative | None] = llavabench_table(rated, compatible=not self.ours) or {OVERALL: None}
        counts = {name: sum(name in (OVERALL, category) for category, _ in rated) for name in table}
        return tuple(
            Metric(label, value, most, counts[name], *(("overall", None) if name == OVERALL else ("category", name)))
            for name, one in table.items()
            for label, value, most in (
                (MAIN, one and one.relative, 100),
                ("VLM Score", one and one.reply, 100),
                ("GPT4 Score", one and one.reference, 100),
            )
        )

    def unsettled(self, rows: Iterable[Scored]) -> tuple[str, ...]:
        """Return the rows that no judge has rated."""
        done = (row for row in rows if row.status is SampleStatus.DONE and row.extracted is None)
        return tuple(row.index for row in done if row.extra.get(REFERENCE))


def _written(ratings: Ratings) -> str:
    return " ".join(f"{rating:g}" for rating in ratings)


class Ratings(NamedTuple):
    """Both ratings of one review, as the judge was asked to write them: the reference answer's first."""

    reference: float
    reply: float


class Relative(NamedTuple):
    """LLaVABench's three numbers for one group of rows, not rounded."""

    relative: float | None
    """100 x the replies' mean rating / the reference answers'; None where those are all zero."""
    reply: float
    """10 x the mean rating of the replies."""
    reference: float
    """10 x the mean rating of the reference answers."""


def read_ratings(review: str) -> Ratings | None:
    """Return the two ratings of a review's first line, separated by one blank or comma; None where it has none.

    As strict as VLMEvalKit: two blanks, a comma with a blank, or a third number make the review unreadable.
    """
    parts = review.partition("\n")[0].replace(",", " ").split(" ")
    if len(parts) != 2:
        return None
    try:
        ratings = Ratings(*map(float, parts))
    except ValueError:
        return None
    return None if ratings == _UNREAD or not all(map(isfinite, ratings)) else ratings


def llavabench_table(
    rows: Iterable[tuple[str | None, Ratings | None]], *, compatible: bool = False
) -> dict[str, Relative]:
    """Fold ratings over all rows and per category. Groups without a rating are left out.

    Args:
        rows: category and ratings of each row; None where the review could not be read.
        compatible: as VLMEvalKit, count such a row as rated -1 and -1.
    """
    groups: defaultdict[str, list[Ratings]] = defaultdict(list)
    for category, given in rows:
        ratings = Ratings(*_UNREAD) if given is None and compatible else given
        for name in (OVERALL, category):
            if name is not None and ratings is not None:
                groups[name].append(ratings)
    return {name: _relative(ratings) for name, ratings in groups.items()}


def _relative(many: list[Ratings]) -> Relative:
    reference = sum(ratings.reference for ratings in many) / len(many)
    reply = sum(ratings.reply for ratings in many) / len(many)
    return Relative(100 * reply / reference if reference else None, 10 * reply, 10 * reference)
