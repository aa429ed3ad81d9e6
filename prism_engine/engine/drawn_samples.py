"""A benchmark with multiple draws per question: multiple descriptions, multiple answers to each."""

from __future__ import annotations

from array import array
from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING

from prism_engine.records import Draw

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from prism_engine.engine.lookup import Samples
    from prism_engine.records import Sample


class DrawnSamples:
    """Turns every draw of every question into a separate sample; the draws of a question have adjacent positions.

    Draw d of question q has position q * `draws_per_question` + d, and is answer d % answers to description
    d // answers. A question may be a rotation of one (`RotatedSamples`).

    Args:
        descriptions: the number of descriptions of each picture.
        answers: the number of answers to each description.
    """

    def __init__(self, benchmark: Samples, descriptions: int, answers: int) -> None:
        self._benchmark = benchmark
        self._descriptions = descriptions
        self._answers = answers
        self.draws_per_question = descriptions * answers

    def __len__(self) -> int:
        return len(self._benchmark) * self.draws_per_question

    def samples(self, positions: Iterable[int]) -> Iterator[Sample]:
        """Yield the samples at the given positions, in the order given."""
        questions = groupby(positions, key=lambda position: position // self.draws_per_question)
        for question, group in questions:
            (sample,) = self._benchmark.samples((question,))
            yield from (self._draw(sample, position) for position in group)

    def order(self, count: int) -> array[int]:
        """Return the first `count` positions in visiting order; the draws of a question stay together."""
        questions = self._benchmark.order(-(-count // self.draws_per_question))
        draws = range(self.draws_per_question)
        return array("q", (question * self.draws_per_question + draw for question in questions for draw in draws))

    def _draw(self, sample: Sample, position: int) -> Sample:
        description, answer = divmod(position % self.draws_per_question, self._answers)
        draw = (sample.draw or Draw(sample.position, None, None))._replace(
            description=description if self._descriptions > 1 else None,
            answer=answer if self._answers > 1 else None,
        )
        return replace(sample, position=position, draw=draw)
