"""A benchmark whose questions are asked several times: several descriptions of their pictures, several answers."""

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
    """Every draw of every question as a sample of its own; the draws of a question have neighbouring positions.

    Draw d of question q stands at q * `of` + d, and is answer d % answers to description d // answers.

    Args:
        descriptions: of each picture.
        answers: to each description.
    """

    def __init__(self, benchmark: Samples, descriptions: int, answers: int) -> None:
        self._benchmark = benchmark
        self._descriptions = descriptions
        self._answers = answers
        self.of = descriptions * answers

    def __len__(self) -> int:
        return len(self._benchmark) * self.of

    def samples(self, positions: Iterable[int]) -> Iterator[Sample]:
        """Yield the samples at the given positions, in the order given."""
        questions = groupby(positions, key=lambda position: position // self.of)
        for question, group in questions:
            (sample,) = self._benchmark.samples((question,))
            yield from (self._draw(sample, position) for position in group)

    def order(self, count: int) -> array[int]:
        """Return the first `count` positions in the order in which they are visited: a question's draws together."""
        questions = self._benchmark.order(-(-count // self.of))
        return array("q", (question * self.of + draw for question in questions for draw in range(self.of)))

    def _draw(self, sample: Sample, position: int) -> Sample:
        description, answer = divmod(position % self.of, self._answers)
        draw = Draw(
            sample.position,
            description if self._descriptions > 1 else None,
            answer if self._answers > 1 else None,
        )
        return replace(sample, position=position, draw=draw)
