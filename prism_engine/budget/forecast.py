"""Forecasts the token use and cost of calls, as a range learned from earlier calls of the same kind."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from prism_engine.records import Usage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prism_engine.budget.prices import Price

MIN_CALLS = 8
"""Minimum number of earlier calls for a forecast; with fewer, the range is what is possible."""
_QUANTILE = 2.33
"""Standard errors to each side that cover 98 % of a normal distribution."""
_ROUNDING_MARGIN = 0.005
"""Share added for rounding to whole tokens and nano-dollars."""

_MAX_TOKENS = 10**7
"""Tokens of one call beyond which a usage report is not believable."""


class Range(NamedTuple):
    """A range for a number that is not known yet."""

    low: float
    likely: float
    high: float

    def __add__(self, other: object) -> Range:
        """Return the range of a sum, with both at the same end at once."""
        if not isinstance(other, Range):
            return NotImplemented
        return Range(*(left + right for left, right in zip(tuple(self), tuple(other), strict=True)))


NOTHING = Range(0, 0, 0)


@dataclass(slots=True)
class PromptVolume:
    """Calls to make, as far as they are known."""

    calls: int = 0
    text_bytes: int = 0
    """Total over all their prompts, in UTF-8."""
    images: int = 0

    def count(self, text_bytes: int, images: int) -> None:
        """Add one call."""
        self.calls += 1
        self.text_bytes += text_bytes
        self.images += images


class Seen(NamedTuple):
    """An earlier call of the same model in the same stage."""

    text_bytes: int
    max_tokens: int
    truncated: bool
    usage: Usage


@dataclass(frozen=True, slots=True)
class PerCall:
    """The most that one call can use."""

    max_tokens: int
    image_tokens: int


@dataclass(frozen=True, slots=True)
class Expense:
    """Forecast of what calls will use and cost."""

    prompt_tokens: Range = NOTHING
    completion_tokens: Range = NOTHING
    cost: Range | None = None
    """Nano-dollars; None if no price is known."""
    learnt: bool = True
    """False if there were too few earlier calls, so that the range is what is possible."""

    def __add__(self, other: Expense) -> Expense:
        """Return the sum of both forecasts."""
        known = self.cost is not None and other.cost is not None
        return Expense(
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
            (self.cost or NOTHING) + (other.cost or NOTHING) if known else None,
            self.learnt and other.learnt,
        )


def expect(demand: PromptVolume, earlier: Sequence[Seen], per_call: PerCall, price: Price | None) -> Expense:
    """Forecast what calls will use, and cost if a price is given.

    With enough earlier calls: a linear fit of their use over the length of their prompts, and the range that contains
    the sum of the new calls 98 times in 100. With fewer: what is possible, which is a wide range.
    """
    if demand.calls == 0:
        return Expense(cost=None if price is None else NOTHING)
    usable = [(call, output) for call in earlier if (output := _output_under(call, per_call.max_tokens)) is not None]
    if len(usable) < MIN_CALLS:
        return _possible(demand, per_call, price)
    lengths = [call.text_bytes for call, _ in usable]

    def fit(values: Sequence[float]) -> Range:
        return _total(demand.calls, demand.text_bytes, lengths, values)

    prompt = fit([float(call.usage.prompt_tokens or 0) for call, _ in usable])
    completion = fit([float(output) for _, output in usable])
    upper = float(demand.calls * max(per_call.max_tokens, *(output for _, output in usable)))
    completion = Range(*(min(bound, upper) for bound in completion))
    cost = None if price is None else fit([_cost(call, output, price) for call, output in usable])
    return Expense(prompt, completion, cost)


def expected_sum(count: int, values: Sequence[float], possible: tuple[float, float, float]) -> Range:
    """Forecast the sum of `count` values like these; with too few of them, from what is possible for each."""
    if len(values) < MIN_CALLS:
        return Range(*(count * each for each in possible))
    return _total(count, 0, [0] * len(values), values)


def _output_under(call: Seen, max_tokens: int) -> int | None:
    """Return the output tokens that an earlier call would use under another limit; None without believable usage.

    A call truncated at a smaller limit would have continued to an unknown length: the full limit is assumed.
    """
    used = call.usage.completion_tokens
    if used is None or used < 0 or not 0 < (call.usage.prompt_tokens or 0) < _MAX_TOKENS:
        return None
    if used > call.max_tokens:  # hidden reasoning, which no limit bounds
        return used if used < _MAX_TOKENS else None
    return max_tokens if call.truncated and call.max_tokens < max_tokens else min(used, max_tokens)


def _cost(call: Seen, output: int, price: Price) -> float:
    usage = call.usage
    if output != usage.completion_tokens:
        usage = Usage(usage.prompt_tokens, output, usage.cached_tokens)
    return float(price.cost(usage) or 0)


def _total(count: int, length: int, lengths: Sequence[int], values: Sequence[float]) -> Range:
    """Return the range of the sum of `count` new values, by least squares over their total prompt length."""
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
    margin = _QUANTILE * (1 + 1.9 / freedom) * math.sqrt(uncertain) + _ROUNDING_MARGIN * likely
    return Range(max(likely - margin, 0.0), likely, likely + margin)


def _possible(demand: PromptVolume, per_call: PerCall, price: Price | None) -> Expense:
    """Return what is possible for any model: English has four bytes per token, other text from one to six."""
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
        calls * price.worst(math.ceil(prompt_tokens / calls), math.ceil(output_tokens / calls))
        for prompt_tokens, output_tokens in zip(tuple(prompt), tuple(completion), strict=True)
    )
    return Expense(prompt, completion, Range(low * _cheapest(price), likely, high), learnt=False)


def _cheapest(price: Price) -> float:
    """Return the price of a prompt in the provider's cache, as a share of the plain prompt price."""
    plain = price.input.at(1)
    return price.cached.at(1) / plain if plain else 1.0
