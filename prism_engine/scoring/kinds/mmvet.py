"""MM-Vet: a judge's grades from 0 to 1, averaged over the abilities that a question needs."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final, NamedTuple

from prism_engine.records import AnswerKind, SampleStatus, Score
from prism_engine.scoring.judged import JudgedScorer
from prism_engine.scoring.scorer import Metric

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prism_engine.records import Sample
    from prism_engine.scoring.scorer import Scored

ABILITIES: Final = ("rec", "ocr", "know", "gen", "spat", "math")
OVERALL: Final = "Overall"


class MmVet(JudgedScorer):
    """Scorer of open answers that a judge grades from 0 to 1."""

    kind = AnswerKind.MMVET

    def score(self, reply: str, sample: Sample) -> Score:
        """Return no score: only a judge can give one."""
        del reply, sample
        return Score(None)

    def judged(self, review: str, sample: Sample) -> Score | None:  # noqa: D102 - see `Scorer`
        del sample
        grade = read_grade(review)
        return None if grade is None else Score(grade, review.strip())

    def unread(self, sample: Sample) -> Score:
        """Return no score; VLMEvalKit grades 0."""
        return super().unread(sample) if self.ours else Score(0.0, "0.0")

    def metrics(self, rows: Iterable[Scored]) -> tuple[Metric, ...]:
        """Return the mean grade in percent, overall and by ability; combinations are the benchmark's categories."""
        graded = [(row.category or "", row.score) for row in rows if row.score is not None]
        table, _ = mmvet_tables(graded, compatible=not self.ours)
        whole = table.pop(OVERALL, None)
        overall = Metric("grade", whole and whole.accuracy, 100, whole.total if whole else 0)
        return overall, *(
            Metric("grade", score.accuracy, 100, score.total, "category", ability) for ability, score in table.items()
        )

    def unsettled(self, rows: Iterable[Scored]) -> tuple[str, ...]:
        """Return the rows that no judge has graded."""
        done = (row for row in rows if row.status is SampleStatus.DONE and row.score is None)
        return tuple(row.index for row in done if row.target is not None)


class AbilityScore(NamedTuple):
    """Number of rows of one ability or combination, and their mean grade in percent."""

    total: int
    accuracy: float


def read_grade(reply: str) -> float | None:
    """Return the grade of a reply that is only a number from 0 to 1; None for any other reply."""
    try:
        grade = float(reply)
    except ValueError:
        return None
    return grade if 0 <= grade <= 1 else None


def mmvet_tables(
    rows: Iterable[tuple[str, float]], *, compatible: bool = False
) -> tuple[dict[str, AbilityScore], dict[str, AbilityScore]]:
    """Fold grades by ability, and by combination of abilities; omit those that no row needs.

    Args:
        rows: category (abilities separated by commas) and grade of each row.
        compatible: as in VLMEvalKit, which keeps both tables in one dictionary and so counts a row that needs only one
            ability twice, in both tables.
    """
    by_ability: defaultdict[str, list[float]] = defaultdict(list)
    by_combination: defaultdict[str, list[float]] = defaultdict(list)
    for category, grade in rows:
        abilities = [ability for ability in ABILITIES if ability in category]
        combination = category.replace(",", "_")
        for ability in abilities:
            by_ability[ability].append(grade)
        by_combination[combination].append(grade)
        by_ability[OVERALL].append(grade)
        by_combination[OVERALL].append(grade)
    if compatible:
        for alone in by_ability.keys() & by_combination.keys() - {OVERALL}:
            by_ability[alone] += by_combination[alone]
            by_combination[alone] = by_ability[alone]
    order = (*ABILITIES, OVERALL)
    return (
        {name: _mean(by_ability[name]) for name in order if name in by_ability},
        {name: _mean(grades) for name, grades in by_combination.items()},
    )


def _mean(grades: list[float]) -> AbilityScore:
    return AbilityScore(len(grades), 100 * sum(grades) / len(grades))
