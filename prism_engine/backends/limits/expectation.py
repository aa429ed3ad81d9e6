"""How many tokens a call will really use: learnt from the replies so far, with how far it may be off."""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

TokenKind = Literal["tokens", "input", "output"]
"""What a limit counts: prompt and completion together, or one of them."""

FEW = 8
"""Replies until they are believed; up to then the worst case is expected."""
LONG, SHORT = 100, 8
"""Replies that the two running means look back on. The larger mean counts: longer replies show at once."""

ABSURD = 20
"""A report of so many times the estimate is not believed."""


class Tokens(NamedTuple):
    """Tokens of one call."""

    prompt: int = 0
    output: int = 0

    def of(self, kind: TokenKind) -> int:
        """Return those that a limit of this kind counts."""
        return {"tokens": self.prompt + self.output, "input": self.prompt, "output": self.output}[kind]

    def plausible_for(self, worst: Tokens) -> bool:
        """Whether a call may have used this: servers have been seen to report none at all, or billions."""
        prompt = 0 < self.prompt <= ABSURD * worst.prompt if worst.prompt else self.prompt == 0
        return prompt and 0 <= self.output <= ABSURD * worst.output


class Share(NamedTuple):
    """What one call takes of one limit."""

    expected: int
    worst: int
    variance: float = 0.0
    """Of the expected tokens, in tokens squared."""


class Running:
    """Mean and variance of a ratio, such as output tokens over the output limit."""

    def __init__(self) -> None:
        self.count = 0
        self.variance = 0.0
        self._long = self._short = 0.0

    @property
    def mean(self) -> float:
        """The larger of a long and a short running mean; at least 1 while hardly anything is known."""
        mean = max(self._long, self._short)
        return max(mean, 1.0) if self.count < FEW else mean

    def add(self, ratio: float) -> None:
        """Learn one ratio."""
        self.count += 1
        self._short += (ratio - self._short) / min(self.count, SHORT)
        off = ratio - self._long
        self._long += off / min(self.count, LONG)
        self.variance += (off * (ratio - self._long) - self.variance) / min(self.count, LONG)


class Expectation:
    """Learns how long prompts and replies are, relative to their estimate and to their limit.

    Calls with the same output limit are taken for calls of one sort: instructions, descriptions, answers.
    """

    def __init__(self) -> None:
        self._prompt = Running()
        self._outputs: dict[int, Running] = {}

    def share(self, worst: Tokens, kind: TokenKind) -> Share:
        """Return what a call of this estimate and output limit will take of a limit of this kind."""
        parts = []
        if kind != "output":
            parts.append((worst.prompt, self._prompt))
        if kind != "input":
            parts.append((worst.output, self._outputs.get(worst.output) or Running()))
        expected = math.ceil(sum(tokens * known.mean for tokens, known in parts))
        variance = sum(tokens**2 * known.variance for tokens, known in parts)
        return Share(expected, max(worst.of(kind), expected), variance)

    def corrected(self, worst: Tokens) -> Tokens:
        """Return an estimate whose prompt is no smaller than prompts of its size have been."""
        return Tokens(math.ceil(worst.prompt * max(self._prompt.mean, 1.0)), worst.output)

    def learn(self, worst: Tokens, used: Tokens) -> None:
        """Note what a call really used."""
        if worst.prompt:
            self._prompt.add(used.prompt / worst.prompt)
        if worst.output:
            self._outputs.setdefault(worst.output, Running()).add(used.output / worst.output)
