"""Determines a benchmark's answer kind from counts over its rows, if its name does not settle it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Self

from prism_engine.config.benchmarks import answer_kind
from prism_engine.records import AnswerKind
from prism_engine.scoring.kinds.yes_no import NO, YES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prism_engine.records import Sample


class AnswerCounts(NamedTuple):
    """Counts over the rows of one benchmark."""

    samples: int
    with_options: int
    answered: int
    """Rows with an answer."""
    yes_no: int
    """Rows whose answer is Yes or No, in upper or lower case."""

    @classmethod
    def of(cls, samples: Iterable[Sample]) -> Self:
        """Count samples; reads each of them once."""
        total = with_options = answered = yes_no = 0
        for sample in samples:
            total += 1
            with_options += bool(sample.options)
            answered += sample.answer is not None
            yes_no += (sample.answer or "").strip().capitalize() in (YES, NO)
        return cls(total, with_options, answered, yes_no)

    def kind(self, name: str) -> AnswerKind:
        """Return the answer kind: that of a known benchmark name, otherwise the one that fits the rows.

        With options in every row it is multiple choice; with options in only some rows, MMMU's mixture of multiple
        choice and open questions; if all answers are Yes or No, yes/no; otherwise open.
        """
        if (known := answer_kind(name)) is not None:
            return known
        if self.with_options:
            return AnswerKind.CHOICE if self.with_options == self.samples else AnswerKind.MMMU
        return AnswerKind.YES_NO if 0 < self.yes_no == self.answered else AnswerKind.OPEN
