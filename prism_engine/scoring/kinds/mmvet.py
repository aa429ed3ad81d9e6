"""MM-Vet: a judge's grades from 0 to 1, averaged over the abilities that a question needs."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final, NamedTuple

from prism_engine.records import AnswerKind, SampleStatus, Score
from prism_engine.scoring.judged import JudgedScorer, user_message
from prism_engine.scoring.scorer import Metric, Unit

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from prism_engine.records import Message, Sample
    from prism_engine.scoring.scorer import Scored

ABILITIES: Final = ("rec", "ocr", "know", "gen", "spat", "math")
OVERALL: Final = "Overall"

_GRADE: Final = """\
Grade a prediction: how right is it, from 0.0 (wholly wrong) to 1.0 (wholly right)? Compare it with the ground truth. \
There, <AND> means that what stands on both sides must be in it, and <OR> that one side is enough. The grade is one of \
0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9 and 1.0. Fill in the last cell of the table: write the number and \
nothing else.

Question | Ground truth | Prediction | Correctness
--- | --- | --- | ---
What is x in the equation? | -1 <AND> -5 | x = 3 | 0.0
What is x in the equation? | -1 <AND> -5 | x = -1 | 0.5
What is x in the equation? | -1 <AND> -5 | x = -5 | 0.5
What is x in the equation? | -1 <AND> -5 | x = -5 or 5 | 0.5
What is x in the equation? | -1 <AND> -5 | x = -1 or x = -5 | 1.0
Why is this picture funny? | The dog wears glasses <AND> reads a newspaper as people do | A dog is doing something \
funny. | 0.3
Why is this picture funny? | The dog wears glasses <AND> reads a newspaper as people do | The dog sits in a chair with \
glasses on its nose and reads the paper, as if it were a person. | 1.0
{question} | {gold} | {answer} |"""


class MmVet(JudgedScorer):
    """Scorer of open answers that a judge grades from 0 to 1."""

    kind = AnswerKind.MMVET
    needed_columns = ("category",)
    judge_attempts = 5  # as in VLMEvalKit
    judge_tokens = 2048

    def score(self, reply: str, sample: Sample) -> Score:
        """Return no score: only a judge can give one."""
        del reply, sample
        return Score(None)

    def judge_messages(self, sample: Sample, reply: str) -> tuple[Message, ...]:
        """Ask for the missing grade in the last row of a table of graded examples."""
        cells = (_cell(text) for text in (sample.question, _spaced(sample.answer or ""), reply))
        return user_message(_GRADE, **dict(zip(("question", "gold", "answer"), cells, strict=True)))

    def read_review(self, review: str, sample: Sample) -> Score | None:  # noqa: D102 - see `Scorer`
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

    def units(self, rows: Iterable[Scored]) -> Iterator[Unit]:  # noqa: D102 - see `Scorer`
        yield from (Unit("grade", (row,), 100 * row.score) for row in rows if row.score is not None)

    def unsettled(self, rows: Iterable[Scored]) -> tuple[str, ...]:
        """Return the rows that no judge has graded."""
        done = (row for row in rows if row.status is SampleStatus.DONE and row.score is None)
        return tuple(row.index for row in done if row.target is not None)


def _spaced(gold: str) -> str:
    return gold.replace("<AND>", " <AND> ").replace("<OR>", " <OR> ")


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "/").split())


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
