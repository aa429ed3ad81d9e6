"""Token prices of a model: from its registry entry, or else from the price list of genai-prices."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Self

from prism_engine.budget.money import rate_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prism_engine.config import PriceSpec
    from prism_engine.config.model_entry import PaidEntry
    from prism_engine.records import Usage

_MILLION = 10**6
_AFTER_ALL = datetime(9000, 1, 1, tzinfo=UTC)
"""A time at which every price that is listed to begin on some date has begun."""
_MOST_TOKENS = 2**63 - 1
"""More tokens than any reply can have; result files cannot hold larger counts either."""
_MOST_COST = 2**63 - 1
"""Nano-dollars: result files cannot hold larger costs."""
_HOURS = 49
"""Prices may depend on the hour and change at midnight: the highest of today and tomorrow is used."""
_PLAIN_TIERS = frozenset({"auto", "default", "flex"})
"""Service tiers that cost no more than the list price."""
_IMPLICIT_CACHES = frozenset({"openai", "azure"})
"""Providers that write their prompt cache without being asked, so that their charge for it applies."""
_UNCOUNTED_UNITS = ("input_mchars", "audio_hours", "input_text_messages_kcount")
"""Units of the price list that usage reports do not count."""


@dataclass(frozen=True, slots=True)
class Rate:
    """Nano-dollars per million tokens, in steps by the length of the prompt."""

    steps: tuple[tuple[int, int], ...]
    """(prompts of more tokens than this, nano-dollars), ascending; the first step begins at -1."""

    @classmethod
    def flat(cls, nano: int) -> Self:
        """Return a rate that does not depend on the prompt's length."""
        return cls(((-1, nano),))

    @classmethod
    def highest(cls, rates: Iterable[Rate]) -> Self:
        """Return the rate that equals the highest of these at every length."""
        rates = tuple(rates)
        starts = sorted({start for rate in rates for start, _ in rate.steps})
        return cls(tuple((start, max(rate.at(start + 1) for rate in rates)) for start in starts))

    def at(self, prompt_tokens: int) -> int:
        """Return the nano-dollars per million tokens for a prompt of this length."""
        if len(self.steps) == 1:
            return self.steps[0][1]
        return next(nano for start, nano in reversed(self.steps) if prompt_tokens > start)

    def highest_up_to(self, prompt_tokens: int) -> int:
        """Return the highest value for any prompt of at most this length."""
        return max([nano for start, nano in self.steps if prompt_tokens > start])


@dataclass(frozen=True, slots=True)
class Price:
    """The price of requests to a model."""

    input: Rate
    cached: Rate
    """For prompt tokens in the provider's own cache."""
    output: Rate
    """For output tokens, including reasoning tokens."""
    request: int = 0
    """Nano-dollars per request, in addition to its tokens."""
    source: str = ""
    """Origin of the price, for people."""

    @classmethod
    def nothing(cls) -> Self:
        """Return the price of a free model."""
        return cls(Rate.flat(0), Rate.flat(0), Rate.flat(0))

    @property
    def is_free(self) -> bool:
        """Whether nothing is ever charged."""
        rates = (self.input, self.cached, self.output)
        return self.request == 0 and not any(nano for rate in rates for _, nano in rate.steps)

    def cost(self, usage: Usage) -> int | None:
        """Return the cost in nano-dollars, rounded up; None if the usage is incomplete or not believable."""
        prompt, completion = usage.prompt_tokens, usage.completion_tokens
        if prompt is None or completion is None or prompt <= 0 or completion < 0:
            return None
        counts = (prompt, completion, usage.cached_tokens or 0, usage.reasoning_tokens or 0, usage.total_tokens or 0)
        cost = self.claimed(usage)
        return None if max(counts) > _MOST_TOKENS or cost > _MOST_COST else cost

    def claimed(self, usage: Usage) -> int:
        """Return the cost of the tokens that are reported, in nano-dollars, rounded up; nothing for missing counts."""
        prompt = max(usage.prompt_tokens or 0, 0)
        cached = min(max(usage.cached_tokens or 0, 0), prompt)
        return self._sum(
            (prompt - cached) * self.input.at(prompt)
            + cached * self.cached.at(prompt)
            + usage.output_tokens * self.output.at(prompt)
        )

    def worst(self, prompt_tokens: int, max_tokens: int) -> int:
        """Return the most that a request with at most these numbers of tokens can cost, in nano-dollars."""
        highest = max(self.input.highest_up_to(prompt_tokens), self.cached.highest_up_to(prompt_tokens))
        return self._sum(prompt_tokens * highest + max_tokens * self.output.highest_up_to(prompt_tokens))

    def _sum(self, micro: int) -> int:
        return -(-micro // _MILLION) + self.request


def price_of(spec: PaidEntry, now: datetime | None = None) -> Price | None:
    """Return the price of an API model: the entry's own, or the one bundled with genai-prices for its base URL.

    For prices that depend on the hour or change soon, the highest that may apply until tomorrow is used.

    Returns:
        None if it is not known. The provider of an unknown base URL is never guessed from the model's name.
    """
    return _from_registry(spec.price) if spec.price is not None else _from_price_list(spec, now or datetime.now(UTC))


def lasting_price_of(spec: PaidEntry) -> Price | None:
    """Return the price of an API model for result files: the same on every day, as long as the price list is the same.

    Of prices that begin on a date, the last one in the list is used; of prices that depend on the hour, the highest.

    Returns:
        None if it is not known.
    """
    return price_of(spec, _AFTER_ALL)


def _from_registry(spec: PriceSpec) -> Price:
    cached = spec.input if spec.cached_input is None else spec.cached_input
    input_, cached_, output = (Rate.flat(rate_of(value)) for value in (spec.input, cached, spec.output))
    return Price(input_, cached_, output, rate_of(spec.request), "the registry entry")


def _from_price_list(spec: PaidEntry, now: datetime) -> Price | None:
    # The import takes half a second, so it is made only when a price is needed.
    from genai_prices import Usage as Counted  # noqa: PLC0415
    from genai_prices import __version__, calc_price  # noqa: PLC0415

    try:
        match = calc_price(Counted(), spec.model, provider_api_url=spec.base_url)
    except LookupError:
        return None
    tier = spec.extra_body.get("service_tier")
    variants = match.model.price_variants or ()
    known = any(variant.when.get("service_tier") == tier for variant in variants)
    if tier is not None and not known and tier not in _PLAIN_TIERS:
        return None
    context = {"service_tier": tier} if known and isinstance(tier, str) else None
    writes = match.provider.id in _IMPLICIT_CACHES
    hours = (match.model.get_prices(now + timedelta(hours=hour), context) for hour in range(_HOURS))
    prices = [_converted(listed, writes=writes) for listed in {id(each): each for each in hours}.values()]
    usable = [price for price in prices if price is not None]
    if len(usable) < len(prices):
        return None
    return Price(
        Rate.highest(price.input for price in usable),
        Rate.highest(price.cached for price in usable),
        Rate.highest(price.output for price in usable),
        max(price.request for price in usable),
        f"genai-prices {__version__}",
    )


def _converted(listed: Any, *, writes: bool) -> Price | None:
    """Convert listed prices to rates; replies do not separate kinds of tokens, so the most expensive kind counts."""
    inputs = ["input_mtok", "input_image_mtok", *(["cache_write_mtok"] if writes else [])]
    kinds = {
        "input": inputs,
        "cached": ["cache_read_mtok", "cache_image_read_mtok"],
        "output": ["output_mtok", "output_reasoning_mtok"],
    }
    given = {key: value for key, value in vars(listed).items() if value is not None}
    if "input_mtok" not in given or "output_mtok" not in given or any(unit in given for unit in _UNCOUNTED_UNITS):
        return None
    rates = {kind: [_rate(given[key]) for key in keys if key in given] for kind, keys in kinds.items()}
    return Price(
        Rate.highest(rates["input"]),
        Rate.highest(rates["cached"] or rates["input"]),
        Rate.highest(rates["output"]),
        rate_of(given.get("requests_kcount", Decimal(0)) / 1000),
    )


def _rate(listed: Any) -> Rate:
    if isinstance(listed, Decimal):
        return Rate.flat(rate_of(listed))
    tiers = [(tier.start, rate_of(tier.price)) for tier in listed.tiers]
    return Rate(((-1, rate_of(listed.base)), *sorted(tiers)))
