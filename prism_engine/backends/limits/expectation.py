"""Predicts the tokens a call will actually use, with a variance, from the replies seen so far."""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

TokenKind = Literal["tokens", "input", "output"]
"""What a limit counts: prompt and completion tokens together, or only one of them."""

MIN_REPLIES = 8
"""Replies required before the prediction is used; until then the worst case is assumed."""
LONG_SPAN, SHORT_SPAN = 100, 8
"""Replies covered by the two running means. The larger mean is used, so longer replies take effect at once."""

MAX_PLAUSIBLE_RATIO = 20
"""Reported usage above this multiple of the estimate is rejected as implausible."""
LONGEST_OUTPUT = 10**6
"""Output tokens up to which any report is plausible: an output limit may not bound hidden reasoning."""


class Tokens(NamedTuple):
    """Tokens of one call."""

    prompt: int = 0
    output: int = 0

    def of(self, kind: TokenKind) -> int:
        """Return the tokens that a limit of this kind counts."""
        if kind == "tokens":
            return self.prompt + self.output
        return self.prompt if kind == "input" else self.output

    def plausible_for(self, worst: Tokens) -> bool:
        """Whether a call can have used this much: some servers report zero tokens, others billions."""
        prompt = 0 < self.prompt <= MAX_PLAUSIBLE_RATIO * worst.prompt if worst.prompt else self.prompt == 0
        return prompt and 0 <= self.output <= max(MAX_PLAUSIBLE_RATIO * worst.output, LONGEST_OUTPUT)


class Demand(NamedTuple):
    """The tokens that one call takes from one limit."""

    expected: int
    worst: int
    variance: float = 0.0
    """Variance of the expected tokens, in tokens squared."""


class RunningRatio:
    """Running mean and variance of a ratio, such as output tokens divided by the output limit."""

    def __init__(self) -> None:
        self.count = 0
        self.variance = 0.0
        self._long = self._short = 0.0

    @property
    def mean(self) -> float:
        """The larger of a long and a short running mean; at least 1 until `MIN_REPLIES` ratios are recorded."""
        mean = max(self._long, self._short)
        return max(mean, 1.0) if self.count < MIN_REPLIES else mean

    def add(self, ratio: float) -> None:
        """Record one observed ratio."""
        self.count += 1
        self._short += (ratio - self._short) / min(self.count, SHORT_SPAN)
        deviation = ratio - self._long
        self._long += deviation / min(self.count, LONG_SPAN)
        self.variance += (deviation * (ratio - self._long) - self.variance) / min(self.count, LONG_SPAN)


class Expectation:
    """Learns the length of prompts relative to their estimate, and of replies relative to their output limit.

    Calls with the same output limit are assumed to be of the same kind: instructions, descriptions, answers.
    """

    def __init__(self) -> None:
        self._prompt = RunningRatio()
        self._outputs: dict[int, RunningRatio] = {}

    def demand(self, worst: Tokens, kind: TokenKind) -> Demand:
        """Return what a call with this estimate and output limit is expected to take from a limit of this kind."""
        mean = variance = 0.0
        if kind != "output":
            mean += worst.prompt * self._prompt.mean
            variance += worst.prompt**2 * self._prompt.variance
        if kind != "input":
            output = self._outputs.get(worst.output) or RunningRatio()
            mean += worst.output * output.mean
            variance += worst.output**2 * output.variance
        expected = math.ceil(mean)
        return Demand(expected, max(worst.of(kind), expected), variance)

    def corrected_estimate(self, worst: Tokens) -> Tokens:
        """Return the estimate with its prompt scaled up if earlier prompts exceeded theirs."""
        return Tokens(math.ceil(worst.prompt * max(self._prompt.mean, 1.0)), worst.output)

    def learn(self, worst: Tokens, used: Tokens) -> None:
        """Record what a call actually used."""
        if worst.prompt:
            self._prompt.add(used.prompt / worst.prompt)
        if worst.output:
            self._outputs.setdefault(worst.output, RunningRatio()).add(used.output / worst.output)
