"""A benchmark with multiple rotations of the options per question."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections import Counter
from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING, Literal, NamedTuple

from prism_engine.errors import ConfigError
from prism_engine.records import Draw
from prism_engine.scoring.choice.rotating import rotated, why_order_kept

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from prism_engine.engine.lookup import Samples
    from prism_engine.records import Sample


class RotationCounts(NamedTuple):
    """How many questions of a run are rotated."""

    questions: int
    rotated: int
    order_kept: dict[str, int]
    """Number of questions that keep the order of their options, by reason, the most common first."""

    def __str__(self) -> str:
        why = "".join(f"; {count:,}: {reason}" for reason, count in self.order_kept.items())
        return f"{self.rotated:,} of {self.questions:,} questions rotated{why}"


class RotatedSamples:
    """Turns every rotation of a question's options into a separate sample; those of a question are adjacent.

    Rotation r has the options moved up by r places, whatever the number of rotations; rotation 0 is the question as it
    is. A question has as many rotations as asked for, but no more than options; one whose options cannot be rotated has
    only rotation 0.

    Memory: 8 bytes per question. Creating it reads every question once.

    Args:
        count: number of questions, from the first on.
        rotations: of each question, at least 2; `all` means as many as it has options.

    Raises:
        ConfigError: no question can be rotated, or none has that many options.
    """

    def __init__(self, benchmark: Samples, count: int, rotations: int | Literal["all"]) -> None:
        self._benchmark = benchmark
        self._starts = array("q", [0])
        kept: Counter[str] = Counter()
        most = 0
        for sample in benchmark.samples(range(count)):
            number = 1
            if (reason := why_order_kept(sample)) is not None:
                kept[reason] += 1
            else:
                most = max(most, len(sample.options))
                number = len(sample.options) if rotations == "all" else min(rotations, len(sample.options))
            self._starts.append(self._starts[-1] + number)
        self.counts = RotationCounts(count, count - kept.total(), dict(kept.most_common()))
        if not self.counts.rotated:
            raise ConfigError(f"--rotate: there is nothing to rotate: {self.counts}; leave it out")
        if rotations != "all" and rotations > most:
            raise ConfigError(
                f"--rotate {rotations}: no question that can be rotated has more than {most} options; give {most} or "
                "less, or all"
            )

    def __len__(self) -> int:
        return self._starts[-1]

    def positions_of(self, question: int) -> range:
        """Return the positions of a question's rotations."""
        return range(self._starts[question], self._starts[question + 1])

    def samples(self, positions: Iterable[int]) -> Iterator[Sample]:
        """Yield the samples at the given positions, in the order given."""
        questions = groupby(positions, key=lambda position: bisect_right(self._starts, position) - 1)
        for question, group in questions:
            (sample,) = self._benchmark.samples((question,))
            number = len(self.positions_of(question))
            reason = why_order_kept(sample) if number == 1 else None
            for position in group:
                shift = position - self._starts[question]
                draw = Draw(question, None, None, shift, reason)
                yield replace(rotated(sample, shift), position=position, draw=draw)

    def order(self, count: int) -> array[int]:
        """Return the first `count` positions in visiting order; the rotations of a question stay together."""
        questions = self._benchmark.order(bisect_left(self._starts, count))
        return array("q", (position for question in questions for position in self.positions_of(question)))
