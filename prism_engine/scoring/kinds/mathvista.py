"""MathVista: answers are an option, a number or a text; a reply that is only that needs no judge."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from prism_engine.records import AnswerKind, Option, SampleStatus, Score
from prism_engine.scoring.choice.choice import PROFILES, match_option
from prism_engine.scoring.flaws import Flaw
from prism_engine.scoring.judged import JudgedScorer, user_message
from prism_engine.scoring.scorer import Metric, Unit, literal_list

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from prism_engine.records import Message, Sample
    from prism_engine.scoring.choice.choice import ChoiceProfile
    from prism_engine.scoring.scorer import Level, Scored

AnswerType = Literal["choice", "integer", "float", "text"]
_LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

_EXTRACT: Final = """\
Read the answer to a question, and write the final value that it gives at the end, in the form that the hint asks for. \
Write the value and nothing else.

Hint: Answer with a whole number and give the final value at the end, for example 1, 2, 3.
Question: Which number is missing?
Model response: The number that is missing in the sequence is 14.
Extracted answer: 14

Hint: Answer with a number with one decimal place and give the final value at the end, for example 1.2, 1.3, 1.4.
Question: What is the fraction of women who face north?
Model response: Two of the five women face north, so the fraction is 0.4.
Extracted answer: 0.4

Hint: Answer with a number with two decimal places and give the final value at the end, for example 1.23, 1.34, 1.45.
Question: How far is it between the two posts? (Unit: m)
Model response: By the theorem of Pythagoras the distance comes to about 1.45 metres.
Extracted answer: 1.45

Hint: Answer with a Python list and give the final list at the end, for example [1, 2, 3].
Question: Between which two years did the line rise the most?
Model response: The line rises the most between 2006 and 2008.
Extracted answer: [2006, 2008]

Hint: Answer the question and give the right option's letter at the end, for example A, B, C, D.
Question: What share of the pie is left?
Choices:
(A) 3/11
(B) 8/11
(C) 6/11
(D) 3/5
Model response: Three of the eleven pieces were eaten, so that 8/11 are left.
Extracted answer: B

{question}
Model response: {answer}
Extracted answer:"""


class MathVista(JudgedScorer):
    """Scorer of options, numbers and texts; from any longer reply a judge extracts the answer to compare."""

    kind = AnswerKind.MATHVISTA
    needed_columns = ("question_type", "answer_type")
    keeps_choices = True
    judge_attempts = 5  # as in VLMEvalKit
    judge_tokens = 128

    @classmethod
    def row_flaws(cls, cells: Mapping[str, str], pictures: int | None) -> Iterator[Flaw]:  # noqa: D102 - see `Scorer`
        del pictures
        if cells.get("question_type") == "multi_choice" and not cells.get("choices"):
            yield Flaw("error", "empty cell that the scorer needs", "choices", "is empty in a multiple-choice question")

    def score(self, reply: str, sample: Sample) -> Score:
        """Score a reply that needs no judge; any other has no score until a judge has extracted its answer."""
        question, profile = MathQuestion.of(sample), PROFILES[self.profile]
        if not question.answer:
            return Score(None)
        extracted = read_plain(reply, question, profile, compatible=not self.ours)
        return Score(None) if extracted is None else self._compare(extracted, question)

    def judge_messages(self, sample: Sample, reply: str) -> tuple[Message, ...]:
        """Ask for the final value that the reply gives."""
        return user_message(_EXTRACT, question=_labelled(sample.question), answer=reply)

    def read_review(self, review: str, sample: Sample) -> Score:
        """Score a judge's extracted answer; any review counts as one, even an empty one."""
        return self._compare(review, MathQuestion.of(sample))

    def unread(self, sample: Sample) -> Score:
        """Return no score; VLMEvalKit scores an empty answer."""
        return super().unread(sample) if self.ours else self._compare("", MathQuestion.of(sample))

    def metrics(self, rows: Iterable[Scored]) -> tuple[Metric, ...]:
        """Return accuracy in percent, overall and by skill and task."""
        counted = [(names_of(row.extra), False, row.score == 1) for row in rows if row.score is not None]
        table: Mapping[str, MathShare | None] = mathvista_table(counted) or {"Overall": None}
        return tuple(
            Metric("accuracy", share and share.accuracy, 100, share.total if share else 0, *_level_and_group(name))
            for name, share in table.items()
        )

    def units(self, rows: Iterable[Scored]) -> Iterator[Unit]:  # noqa: D102 - see `Scorer`
        yield from (Unit("accuracy", (row,), 100.0 * (row.score == 1)) for row in rows if row.score is not None)

    def unsettled(self, rows: Iterable[Scored]) -> tuple[str, ...]:
        """Return the rows that only a judge can read."""
        done = (row for row in rows if row.status is SampleStatus.DONE and row.extracted is None)
        return tuple(row.index for row in done if row.score is None and (row.target or row.extra.get("answer_option")))

    def _compare(self, extracted: str, question: MathQuestion) -> Score:
        right = is_right(extracted, question, PROFILES[self.profile], compatible=not self.ours)
        return Score(float(right), extracted)


def _labelled(question: str) -> str:
    return question if question.startswith(("Hint:", "Question:")) else f"Question: {question}"


def _level_and_group(name: str) -> tuple[Level, str | None]:
    return ("overall", None) if name == "Overall" else ("category", name)


@dataclass(frozen=True, slots=True)
class MathQuestion:
    """The right answer of one question and how to compare with it."""

    kind: AnswerType
    answer: str
    """The option's letter, or the value as written."""
    options: tuple[Option, ...] = ()

    @classmethod
    def of(cls, sample: Sample) -> MathQuestion:
        """Return the question described by a sample's columns."""
        extra = sample.extra
        if extra.get("question_type") == "multi_choice":
            options = sample.options or _options(extra.get("choices", ""))
            return cls("choice", extra.get("answer_option") or sample.answer or "", options)
        answer_type = extra.get("answer_type")
        kind: AnswerType = "integer" if answer_type == "integer" else "float" if answer_type == "float" else "text"
        return cls(kind, sample.answer or "")


def read_plain(reply: str, question: MathQuestion, profile: ChoiceProfile, *, compatible: bool = False) -> str | None:
    """Return a reply's answer if no judge is needed: an option is matched, or the reply is the right value.

    Args:
        compatible: as in VLMEvalKit, leave every text to the judge.
    """
    if question.kind == "choice":
        return match_option(reply, question.options, profile)
    # A right 0 still goes to the judge: upstream treats it as no answer, and a judge reads it equally well.
    if not is_right(reply, question, profile, compatible=compatible) or _as_number(reply, question.kind) == 0:
        return None
    return reply if question.kind == "text" else str(_as_number(reply, question.kind))


def is_right(extracted: str, question: MathQuestion, profile: ChoiceProfile, *, compatible: bool = False) -> bool:
    """Return whether an extracted answer is the right one.

    Args:
        compatible: as in VLMEvalKit, where an open text or list is never right.
    """
    if question.kind == "choice":
        return match_option(extracted, question.options, profile) == question.answer
    if question.kind == "text":
        return not compatible and extracted == question.answer
    value = _as_number(extracted, question.kind)
    return value is not None and value == _as_number(question.answer, question.kind)


class MathShare(NamedTuple):
    """One row of MathVista's table: counts of rows."""

    total: int
    prefetched: int
    """Rows that needed no judge, as upstream's table counts them."""
    hits: int

    @property
    def accuracy(self) -> float:
        """Percent of the rows that are right."""
        return 100 * self.hits / self.total


def mathvista_table(rows: Iterable[tuple[Sequence[str], bool, bool]]) -> dict[str, MathShare]:
    """Count rows overall, per skill and per task.

    Args:
        rows: for each row the names that it counts under (its skills and its task), whether it was read without a
            judge, and whether it is right.
    """
    counts: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for names, prefetched, hit in rows:
        for name in ("Overall", *names):
            for column, count in enumerate((1, prefetched, hit)):
                counts[name][column] += count
    return {name: MathShare(*columns) for name, columns in counts.items()}


def names_of(extra: Mapping[str, str]) -> tuple[str, ...]:
    """Return the skills and the task that a row counts under."""
    skills = literal_list(extra.get("skills", "")) or []
    task = extra.get("task")
    return (*map(str, skills), *([task] if task else []))


def _options(choices: str) -> tuple[Option, ...]:
    texts = literal_list(choices) or []
    return tuple(Option(letter, str(text)) for letter, text in zip(_LETTERS, texts, strict=False))


def _as_number(text: str, kind: AnswerType) -> float | None:
    """Read a value as Python's int or float does; None if it is not one, or if the answer is a text."""
    try:
        return int(text) if kind == "integer" else float(text) if kind == "float" else None
    except ValueError:
        return None
