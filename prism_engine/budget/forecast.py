"""What calls will use and cost, before they are made: a range that is learnt from earlier calls of the same kind."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from prism_engine.records import Usage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prism_engine.budget.prices import Price

ENOUGH = 8
"""Earlier calls from which a forecast is made; with fewer it says what is possible."""
_QUANTILE = 2.33
"""Standard errors to each side that hold 98 % of a normal distribution."""
_SLACK = 0.005
"""What counting in whole tokens and nano-dollars may come to."""

_BELIEVABLE = 10**7
"""Tokens; no prompt is that long."""


class Range(NamedTuple):
    """A number that is not known yet."""

    low: float
    likely: float
    high: float

    def __add__(self, other: object) -> Range:
        """Return the range of a sum, both at their worst at once."""
        if not isinstance(other, Range):
            return NotImplemented
        return Range(*(one + two for one, two in zip(tuple(self), tuple(other), strict=True)))


NOTHING = Range(0, 0, 0)


@dataclass(slots=True)
class Demand:
    """Calls that are to be made, as far as they are known."""

    calls: int = 0
    text_bytes: int = 0
    """Of all their prompts together."""
    images: int = 0

    def count(self, text_bytes: int, images: int) -> None:
        """Add one call."""
        self.calls += 1
        self.text_bytes += text_bytes
        self.images += images


class Seen(NamedTuple):
    """An earlier call of the same model for the same purpose."""

    text_bytes: int
    max_tokens: int
    truncated: bool
    usage: Usage


@dataclass(frozen=True, slots=True)
class PerCall:
    """What one call can use at most."""

    max_tokens: int
    image_tokens: int


@dataclass(frozen=True, slots=True)
class Expense:
    """What calls will use and cost."""

    prompt_tokens: Range = NOTHING
    completion_tokens: Range = NOTHING
    cost: Range | None = None
    """Nano-dollars; None where no price is known."""
    learnt: bool = True
    """False where there were too few earlier calls, so that the range is what is possible."""

    def __add__(self, other: Expense) -> Expense:
        """Return what both come to."""
        known = self.cost is not None and other.cost is not None
        return Expense(
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
            (self.cost or NOTHING) + (other.cost or NOTHING) if known else None,
            self.learnt and other.learnt,
        )


def expect(demand: Demand, seen: Sequence[Seen], per_call: PerCall, price: Price | None) -> Expense:
    """Forecast what calls will use, and cost where a price is given.

    From enough earlier calls: a straight line through their use over the length of their prompts, and the range that
    holds the sum of new calls 98 times in 100. From fewer: what is possible, which is a wide range.
    """
    if demand.calls == 0:
        return Expense(cost=None if price is None else NOTHING)
    usable = [(one, cut) for one in seen if (cut := _under(one, per_call.max_tokens)) is not None]
    if len(usable) < ENOUGH:
        return _possible(demand, per_call, price)
    lengths = [one.text_bytes for one, _ in usable]

    def line(values: Sequence[float]) -> Range:
        return _total(demand.calls, demand.text_bytes, lengths, values)

    prompt = line([float(one.usage.prompt_tokens or 0) for one, _ in usable])
    completion = line([float(output) for _, output in usable])
    most = float(demand.calls * per_call.max_tokens)
    completion = Range(*(min(each, most) for each in completion))
    cost = None if price is None else line([_cost(one, output, price) for one, output in usable])
    return Expense(prompt, completion, cost)


def expected_sum(count: int, values: Sequence[float], possible: tuple[float, float, float]) -> Range:
    """Forecast the sum of `count` values like these; of what is possible for each where there are too few."""
    if len(values) < ENOUGH:
        return Range(*(count * each for each in possible))
    return _total(count, 0, [0] * len(values), values)


def _under(one: Seen, max_tokens: int) -> int | None:
    """Return the output tokens that an earlier call would have used under another limit; None where it did not say.

    One that was cut at a smaller limit would have gone on, nobody knows how far: to the limit, for safety's sake.
    """
    used = one.usage.completion_tokens
    if used is None or used < 0 or not 0 < (one.usage.prompt_tokens or 0) < _BELIEVABLE:
        return None
    return max_tokens if one.truncated and one.max_tokens < max_tokens else min(used, max_tokens)


def _cost(one: Seen, output: int, price: Price) -> float:
    usage = one.usage
    if output != usage.completion_tokens:
        usage = Usage(usage.prompt_tokens, output, usage.cached_tokens)
    return float(price.cost(usage) or 0)


def _total(count: int, length: int, lengths: Sequence[int], values: Sequence[float]) -> Range:
    """Return the range of the sum of new values, by least squares over their lengths, of which the sum is known."""
    known = len(values)
    mean_length, mean = sum(lengths) / known, sum(values) / known
    spread = sum((each - mean_length) ** 2 for each in lengths)
    shared = sum((x - mean_length) * (y - mean) for x, y in zip(lengths, values, strict=True))
    slope = shared / spread if spread else 0.0
    beyond = length - count * mean_length if spread else 0.0
    errors = (y - mean - slope * (x - mean_length) for x, y in zip(lengths, values, strict=True))
    freedom = known - (2 if spread else 1)
    variance = sum(error * error for error in errors) / freedom
    uncertain = variance * (count + count * count / known + (beyond * beyond / spread if spread else 0.0))
    likely = max(count * mean + slope * beyond, 0.0)
    margin = _QUANTILE * (1 + 1.9 / freedom) * math.sqrt(uncertain) + _SLACK * likely
    return Range(max(likely - margin, 0.0), likely, likely + margin)


def _possible(demand: Demand, per_call: PerCall, price: Price | None) -> Expense:
    """Say what the tokens of any model may be: English has four bytes in a token, other text from one to six."""
    calls, size, images = demand.calls, demand.text_bytes, demand.images
    prompt = Range(
        size / 6 + 60 * images,
        size / 4 + 16 * calls + min(1000, per_call.image_tokens) * images,
        size / 1.5 + 256 * calls + per_call.image_tokens * images,
    )
    completion = Range(calls, calls * (per_call.max_tokens + 1) / 2, calls * per_call.max_tokens)

    if price is None:
        return Expense(prompt, completion, None, learnt=False)
    low, likely, high = (
        calls * price.worst(math.ceil(asked / calls), math.ceil(told / calls))
        for asked, told in zip(tuple(prompt), tuple(completion), strict=True)
    )
    return Expense(prompt, completion, Range(low * _cheapest(price), likely, high), learnt=False)


def _cheapest(price: Price) -> float:
    """Return the share of the plain prompt price that a prompt costs which the provider has in its cache."""
    plain = price.input.at(1)
    return price.cached.at(1) / plain if plain else 1.0
