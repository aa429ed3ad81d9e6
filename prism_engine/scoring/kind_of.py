"""What a right answer is in a benchmark: by its name, else by what its rows look like."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prism_engine.config.benchmarks import answer_kind
from prism_engine.records import AnswerKind
from prism_engine.scoring.kinds.yes_no import NO, YES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prism_engine.records import Sample


def kind_of(name: str, samples: Iterable[Sample]) -> AnswerKind:
    """Return a benchmark's answer kind.

    Args:
        name: decides where it is a known one's.
        samples: read only where the name says nothing, and only as far as needed: options make it multiple choice,
            answers that are all Yes or No make it that, anything else is open.
    """
    if (known := answer_kind(name)) is not None:
        return known
    answers = set()
    for sample in samples:
        if sample.options:
            return AnswerKind.CHOICE
        answers.add((sample.answer or "").strip().capitalize())
        if len(answers) > 2:
            break
    return AnswerKind.YES_NO if answers and answers <= {YES, NO} else AnswerKind.OPEN
