"""LLaVABench: a judge rates the reference answer and the reply together; the score is the ratio of the means."""

from __future__ import annotations

from collections import defaultdict
from math import isfinite
from typing import TYPE_CHECKING, Final, NamedTuple

from prism_engine.records import AnswerKind, Message, SampleStatus, Score
from prism_engine.scoring.judged import JudgedScorer, user_message
from prism_engine.scoring.scorer import Metric, Unit

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from prism_engine.records import Sample
    from prism_engine.scoring.scorer import Scored

MAIN = "Relative Score (main)"
REFERENCE = "gpt4_ans"
"""The column with the reference answer."""
_BEST_RATING = 10.0
"""The best rating."""
OVERALL = "overall"
_UNREAD = (-1.0, -1.0)
"""VLMEvalKit's ratings for a review that it cannot read."""
_CONTEXT = "caption"
"""The column that describes the picture to the judge."""

_COMPARE_ROLE: Final = "You are a careful and fair judge of the quality of answers."
_COMPARE: Final = """\
[Context]
{context}

[Question]
{question}

[Assistant 1]
{reference}

[End of Assistant 1]

[Assistant 2]
{answer}

[End of Assistant 2]

[System]
Rate how well each of the two assistants answered the question about a picture, which the context describes. Consider \
whether the answer helps, is to the point, is accurate and is detailed enough. Rate each as a whole, from 1 to 10; \
higher is better. The first line of your reply must hold two numbers and nothing else: the ratings of Assistant 1 and \
Assistant 2, separated by one space. From the second line on, explain your ratings; favour nobody, and do not let the \
order of the answers sway you."""


class LlavaBench(JudgedScorer):
    """Scorer of open answers that a judge rates together with a reference answer."""

    kind = AnswerKind.LLAVABENCH
    headline = MAIN
    needed_columns = ("category", REFERENCE, _CONTEXT)
    needs_answer = False
    judge_attempts = 3  # VLMEvalKit asks only once
    judge_tokens = 2048

    def score(self, reply: str, sample: Sample) -> Score:
        """Return no score: only a judge can give one."""
        del reply, sample
        return Score(None)

    def judge_messages(self, sample: Sample, reply: str) -> tuple[Message, ...]:
        """Ask for ratings of the reference answer and the reply, in this order."""
        parts = {"context": sample.extra.get(_CONTEXT, ""), "reference": sample.extra.get(REFERENCE, "")}
        user = user_message(_COMPARE, question=sample.question, answer=reply, **parts)
        return Message("system", (_COMPARE_ROLE,)), *user

    def read_review(self, review: str, sample: Sample) -> Score | None:
        """Return the reply's rating as the score; the answer that was read is both ratings."""
        del sample
        ratings = read_ratings(review)
        if ratings is None:
            return None
        return Score(min(max(ratings.reply / _BEST_RATING, 0.0), 1.0), _formatted(ratings))

    def unread(self, sample: Sample) -> Score:
        """Return no score; VLMEvalKit rates both answers -1."""
        return super().unread(sample) if self.ours else Score(None, _formatted(Ratings(*_UNREAD)))

    def metrics(self, rows: Iterable[Scored]) -> tuple[Metric, ...]:
        """Return the three scores of LLaVABench, overall and by category."""
        rated = [(row.category, read_ratings(row.extracted)) for row in rows if row.extracted is not None]
        table: Mapping[str, Relative | None] = llavabench_table(rated, compatible=not self.ours) or {OVERALL: None}
        counts = {name: sum(name in (OVERALL, category) for category, _ in rated) for name in table}
        return tuple(
            Metric(label, value, maximum, counts[name], *(("overall", None) if name == OVERALL else ("category", name)))
            for name, scores in table.items()
            for label, value, maximum in (
                (MAIN, scores and scores.relative, 100),
                ("VLM Score", scores and scores.reply, 100),
                ("GPT4 Score", scores and scores.reference, 100),
            )
        )

    def units(self, rows: Iterable[Scored]) -> Iterator[Unit]:  # noqa: D102 - see `Scorer`
        for row in rows:
            given = None if row.extracted is None else read_ratings(row.extracted)
            if given is not None:
                yield Unit(MAIN, (row,), 100 * given.reply, given.reference)
                yield Unit("VLM Score", (row,), 10 * given.reply)
                yield Unit("GPT4 Score", (row,), 10 * given.reference)

    def unsettled(self, rows: Iterable[Scored]) -> tuple[str, ...]:
        """Return the rows that no judge has rated."""
        done = (row for row in rows if row.status is SampleStatus.DONE and row.extracted is None)
        return tuple(row.index for row in done if row.extra.get(REFERENCE))


def _formatted(ratings: Ratings) -> str:
    return " ".join(f"{rating:g}" for rating in ratings)


class Ratings(NamedTuple):
    """Both ratings of one review, in the order requested from the judge: the reference answer's first."""

    reference: float
    reply: float


class Relative(NamedTuple):
    """LLaVABench's three scores for one group of rows, not rounded."""

    relative: float | None
    """100 x the replies' mean rating / the reference answers' mean rating; None if the latter is zero."""
    reply: float
    """10 x the mean rating of the replies."""
    reference: float
    """10 x the mean rating of the reference answers."""


def read_ratings(review: str) -> Ratings | None:
    """Return the two ratings in a review's first line, separated by one space or comma; None if there are none.

    As strict as VLMEvalKit: two spaces, a comma with a space, or a third number make the review unreadable.
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
    """Fold ratings over all rows and per category. Groups without a rating are omitted.

    Args:
        rows: category and ratings of each row; None if the review could not be read.
        compatible: as in VLMEvalKit, count such a row as rated -1 and -1.
    """
    groups: defaultdict[str, list[Ratings]] = defaultdict(list)
    for category, given in rows:
        ratings = Ratings(*_UNREAD) if given is None and compatible else given
        for name in (OVERALL, category):
            if name is not None and ratings is not None:
                groups[name].append(ratings)
    return {name: _relative(ratings) for name, ratings in groups.items()}


def _relative(reviews: list[Ratings]) -> Relative:
    reference = sum(ratings.reference for ratings in reviews) / len(reviews)
    reply = sum(ratings.reply for ratings in reviews) / len(reviews)
    return Relative(100 * reply / reference if reference else None, 10 * reply, 10 * reference)
