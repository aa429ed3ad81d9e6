"""OCRBench: a reply is right if it contains a right text; counts over five abilities, up to 1000 points."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from prism_engine.records import AnswerKind, Score
from prism_engine.scoring.flaws import not_a_list
from prism_engine.scoring.scorer import Metric, Scorer, Unit, right_answers

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from prism_engine.records import Sample
    from prism_engine.scoring.flaws import Flaw
    from prism_engine.scoring.scorer import Scored

FORMULAS: Final = "Handwritten Mathematical Expression Recognition"
"""The category in which spaces do not matter and case does."""
_RECOGNITION: Final = (
    "Regular Text Recognition",
    "Irregular Text Recognition",
    "Artistic Text Recognition",
    "Handwriting Recognition",
    "Digit String Recognition",
    "Non-Semantic Text Recognition",
)
_ABILITIES: Final = {
    **dict.fromkeys(_RECOGNITION, "Text Recognition"),
    **{name: name for name in ("Scene Text-centric VQA", "Doc-oriented VQA", "Key Information Extraction", FORMULAS)},
}
TOTAL: Final = "Final Score"
NORMED: Final = "Final Score Norm"
_MAX_POINTS: Final = {"Text Recognition": 300, FORMULAS: 100, TOTAL: 1000, NORMED: 100}
"""Maximum points, if not 200."""


class OcrBench(Scorer):
    """Scorer of replies that must contain a right text."""

    kind = AnswerKind.OCRBENCH
    headline = TOTAL
    needed_columns = ("category",)

    @classmethod
    def answer_flaw(cls, answer: str) -> Flaw | None:  # noqa: D102 - see `Scorer`
        return not_a_list(answer)

    def score(self, reply: str, sample: Sample) -> Score:  # noqa: D102 - see `Scorer`
        if sample.answer is None:
            return Score(None)
        return Score(ocrbench_hit(reply, right_answers(sample.answer), sample.category), reply.strip() or None)

    def metrics(self, rows: Iterable[Scored]) -> tuple[Metric, ...]:
        """Return OCRBench's points, which are counts: part of the benchmark gives fewer."""
        hits = [(row.category, row.score) for row in rows if row.score is not None]
        points = ocrbench_points(hits)
        order = (TOTAL, NORMED, *(name for name in points if name not in (TOTAL, NORMED)))
        return tuple(
            Metric(name, points[name] if hits else None, _MAX_POINTS.get(name, 200), len(hits)) for name in order
        )

    def units(self, rows: Iterable[Scored]) -> Iterator[Unit]:  # noqa: D102 - see `Scorer`
        scored = [row for row in rows if row.score is not None]
        for row in scored:
            points = round(row.score or 0.0) * len(scored)  # a count: the mean over all rows, times their number
            yield Unit(TOTAL, (row,), points)
            yield Unit(NORMED, (row,), points / 10)


def ocrbench_hit(reply: str, golds: Sequence[str], category: str | None) -> float:
    """Return 1.0 if the reply contains any gold, else 0.0."""
    plain = _formula if category == FORMULAS else _text
    text = plain(reply)
    return float(any(plain(gold) in text for gold in golds))


def ocrbench_points(rows: Iterable[tuple[str | None, float]]) -> dict[str, float]:
    """Count hits per ability and in total, and a tenth of the total. These are counts: part of a benchmark gives fewer.

    Args:
        rows: category and hit of each row; a category that OCRBench does not have counts only in the total.
    """
    points: Counter[str] = Counter()
    total = 0
    for category, hit in rows:
        total += round(hit)
        if category in _ABILITIES:
            points[_ABILITIES[category]] += round(hit)
    by_ability = {ability: points[ability] for ability in dict.fromkeys(_ABILITIES.values())}
    return {**by_ability, TOTAL: total, NORMED: total / 10}


def _text(text: str) -> str:
    return text.lower().strip().replace("\n", " ")


def _formula(text: str) -> str:
    return text.strip().replace("\n", " ").replace(" ", "")
