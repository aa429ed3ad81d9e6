"""MMMU: multiple choice mixed with open questions.

VLMEvalKit's profiles treat an open question as a choice between its right answer (A) and "Other Answers" (B), so any
reply that contains the right answer as a substring is right. prism's own profiles read the short answer and compare
it as a number or as words. The share of right open answers is reported separately from that of multiple choice.
"""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar, Final

from prism_engine.records import AnswerKind, Option, Score
from prism_engine.scoring.choice.choice import PROFILES, match_option
from prism_engine.scoring.flaws import Flaw
from prism_engine.scoring.grouping import Mean, Means
from prism_engine.scoring.kinds.multiple_choice import OTHER, Choice, options_of
from prism_engine.scoring.kinds.short_answer import matches, read_short_answer
from prism_engine.scoring.open_answers.open_question import score_open
from prism_engine.scoring.scorer import Metric, Unit, right_answers

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from prism_engine.records import Sample
    from prism_engine.scoring.scorer import Lettered, Scored

_CLOSED: Final = "multiple choice"
_OPEN: Final = "open questions"
_VALIDATION: Final = "accuracy without dev"
_DEV: Final = "dev"
"""The split whose questions are meant as examples: the Open VLM Leaderboard's MMMU_VAL does not count them."""
_TAG: Final = re.compile(r"<image ([1-9])>")
_OPTION: Final = re.compile(r"[A-Z]")
"""A column that holds an option."""


class Mmmu(Choice):
    """Scorer of one option's letter, or of a short answer if there are no options."""

    kind = AnswerKind.MMMU
    lettered: ClassVar[Lettered | None] = "some"
    headline: ClassVar[str | None] = _VALIDATION
    quoted_as: ClassVar[Mapping[str, str]] = MappingProxyType({"MMMU_DEV_VAL": "MMMU_VAL"})

    @classmethod
    def row_flaws(cls, cells: Mapping[str, str], pictures: int | None) -> Iterator[Flaw]:  # noqa: D102 - see `Scorer`
        asked = " ".join(text for name, text in cells.items() if name == "question" or _OPTION.fullmatch(name))
        named = max(map(int, _TAG.findall(asked)), default=0)
        if pictures is not None and named > pictures:
            yield Flaw("error", "missing picture", "question", f"names <image {named}>, but the row has {pictures}")

    def score(self, reply: str, sample: Sample) -> Score:  # noqa: D102 - see `Scorer`
        if not self.ours:
            return self._score_as_upstream(reply, sample)
        if sample.options:
            return super().score(reply, sample)
        if self.version >= 2:
            value, answer = score_open(reply, right_answers(sample.answer or ""))
            return Score(None if sample.answer is None else value, answer)
        answer = read_short_answer(reply)
        if sample.answer is None:
            return Score(value=None, answer=answer)
        return Score(value=float(matches(answer, sample.answer)), answer=answer)

    def read_review(self, review: str, sample: Sample) -> Score | None:
        """Read an option's letter; an open question is put to the judge as its right answer (A) or any other (B)."""
        if sample.options or not self.ours:
            return super().read_review(review, sample)
        letter = match_option(review, options_of(sample), PROFILES[self.profile])
        return None if letter is None else Score(float(letter == "A"), letter)

    def _score_as_upstream(self, reply: str, sample: Sample) -> Score:
        """Score every question as multiple choice: a row without option A has its answer as A and "Other Answers" as B.

        The right letter is the answer's if that is one capital letter, also where it is an open question's text and
        names another option or none, and otherwise A.
        """
        options = sample.options
        if not any(option.letter == "A" for option in options):
            made = (Option("A", sample.answer or ""), Option("B", OTHER))
            options = (*made, *(option for option in options if option.letter != "B"))
        letter = match_option(reply, options, PROFILES[self.profile])
        if sample.answer is None:
            return Score(None, letter)
        target = sample.answer if _OPTION.fullmatch(sample.answer) else "A"
        return Score(float(letter == target), letter)

    def metrics(self, rows: Iterable[Scored]) -> tuple[Metric, ...]:  # noqa: D102
        means = Means((_CLOSED, _OPEN))
        validation = Mean()
        for row in rows:
            if row.score is not None:
                means.add(row, {_CLOSED if row.options else _OPEN: row.score})
                if not _is_dev(row):
                    validation.add(row.score)
        return (*means.metrics(), Metric(_VALIDATION, validation.value, 1, validation.n))

    def units(self, rows: Iterable[Scored]) -> Iterator[Unit]:  # noqa: D102 - see `Scorer`
        for row in rows:
            if row.score is not None:
                yield Unit(_CLOSED if row.options else _OPEN, (row,), row.score)
                if not _is_dev(row):
                    yield Unit(_VALIDATION, (row,), row.score)


def _is_dev(row: Scored) -> bool:
    return (row.split or "").strip().lower() == _DEV
