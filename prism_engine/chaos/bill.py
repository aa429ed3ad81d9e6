"""The exact bill of a provider, in integer arithmetic without floats."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

_DECIMALS = 9
"""Decimals of a price per million tokens, so that a token costs a whole number of femto-dollars (1e-15 $)."""


@dataclass(frozen=True, slots=True)
class Prices:
    """Dollars per million tokens.

    Raises:
        ValueError: a price is negative, not a number, or has more than nine decimals.
    """

    prompt: Decimal = Decimal(0)
    completion: Decimal = Decimal(0)

    def __post_init__(self) -> None:
        for price in (self.prompt, self.completion):
            if not price.is_finite() or price < 0 or _femto(price) != price.scaleb(_DECIMALS):
                raise ValueError(f"{price} is not a price per million tokens: give 0 or more, at most nine decimals")

    def femto_dollars(self, prompt_tokens: int, completion_tokens: int) -> int:
        """Return the cost of a call."""
        return prompt_tokens * _femto(self.prompt) + completion_tokens * _femto(self.completion)


@dataclass(slots=True)
class Bill:
    """The bill for all computed completions, delivered or not."""

    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    femto_dollars: int = 0
    requests: dict[str, int] = field(default_factory=dict)
    """SHA-256 of a request's body -> number of times billed; more than 1 means paid twice."""

    def charge(self, digest: str, prompt_tokens: int, completion_tokens: int, prices: Prices) -> None:
        """Add one completion."""
        self.calls += 1
        self.prompt_tokens += prompt_tokens
        self.completion_tokens += completion_tokens
        self.femto_dollars += prices.femto_dollars(prompt_tokens, completion_tokens)
        self.requests[digest] = self.requests.get(digest, 0) + 1

    @property
    def dollars(self) -> Decimal:
        """The exact sum."""
        digits = tuple(map(int, str(self.femto_dollars)))
        return Decimal((0, digits, -15))  # no division, which would round to the context's precision

    @property
    def nano_dollars(self) -> int:
        """The sum, rounded up; exact if prices per million have at most three decimals."""
        return -(-self.femto_dollars // 10**6)

    @property
    def paid_again(self) -> int:
        """Number of completions billed for a request that had been billed before."""
        return self.calls - len(self.requests)

    def as_json(self) -> dict[str, Any]:
        """Return the JSON of `/bill`; dollars are text, because most JSON readers parse numbers as floats."""
        return {
            "dollars": f"{self.dollars:f}",
            "nano_dollars": self.nano_dollars,
            "calls": self.calls,
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
            "paid_again": self.paid_again,
            "requests": self.requests,
        }


def _femto(price: Decimal) -> int:
    return int(price.scaleb(_DECIMALS))
