"""What a model's tokens cost: from the registry entry, or else from the price list of genai-prices."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Self

from prism_engine.budget.money import rate_of
from prism_engine.config import ApiModel

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prism_engine.config import ModelSpec, PriceSpec
    from prism_engine.records import Usage

_MILLION = 10**6
_HOURS = 49
"""Prices may depend on the hour and change at midnight: the dearest of today and tomorrow is taken."""
_PLAIN_TIERS = frozenset({"auto", "default", "flex"})
"""Service tiers that cost no more than the list says."""
_CACHES_UNASKED = frozenset({"openai", "azure"})
"""Providers that write their prompt cache by themselves, so that what they charge for it applies to us."""
_UNITS_UNSEEN = ("input_mchars", "audio_hours", "input_text_messages_kcount")
"""Units of a price list that no usage report lets us count."""


@dataclass(frozen=True, slots=True)
class Rate:
    """Nano-dollars per million tokens, in steps by the length of the prompt."""

    steps: tuple[tuple[int, int], ...]
    """(prompts of more tokens than this, nano-dollars), ascending; the first step begins at -1."""

    @classmethod
    def flat(cls, nano: int) -> Self:
        """Return a rate that no prompt's length changes."""
        return cls(((-1, nano),))

    @classmethod
    def dearest(cls, rates: Iterable[Rate]) -> Self:
        """Return the rate that is at every length the highest of these."""
        rates = tuple(rates)
        starts = sorted({start for rate in rates for start, _ in rate.steps})
        return cls(tuple((start, max(rate.at(start + 1) for rate in rates)) for start in starts))

    def at(self, prompt_tokens: int) -> int:
        """Return what applies to a prompt of this length."""
        return next(nano for start, nano in reversed(self.steps) if prompt_tokens > start)

    def most(self, prompt_tokens: int) -> int:
        """Return the highest that may apply to a prompt of at most this length."""
        return max(nano for start, nano in self.steps if prompt_tokens > start)


@dataclass(frozen=True, slots=True)
class Price:
    """What a request to a model costs."""

    input: Rate
    cached: Rate
    """Prompt tokens that the provider had in its own cache."""
    output: Rate
    """Reasoning tokens are output."""
    request: int = 0
    """Nano-dollars per request, whatever its tokens."""
    source: str = ""
    """Where it comes from, for people."""

    @classmethod
    def nothing(cls) -> Self:
        """Return the price of a model that nobody charges for."""
        return cls(Rate.flat(0), Rate.flat(0), Rate.flat(0))

    @property
    def is_free(self) -> bool:
        """Whether nothing is ever charged."""
        rates = (self.input, self.cached, self.output)
        return self.request == 0 and not any(nano for rate in rates for _, nano in rate.steps)

    def cost(self, usage: Usage) -> int | None:
        """Return nano-dollars, rounded up; None where the usage does not say enough, or nothing believable."""
        prompt, completion = usage.prompt_tokens, usage.completion_tokens
        if prompt is None or completion is None or prompt <= 0 or completion < 0:
            return None
        total = usage.total_tokens or 0
        output = max(completion, usage.reasoning_tokens or 0, total - prompt)  # thinking may be counted beside
        cached = min(max(usage.cached_tokens or 0, 0), prompt)
        return self._sum(
            (prompt - cached) * self.input.at(prompt)
            + cached * self.cached.at(prompt)
            + output * self.output.at(prompt)
        )

    def worst(self, prompt_tokens: int, max_tokens: int) -> int:
        """Return the most, in nano-dollars, that a request of at most so many tokens can cost."""
        dearest = max(self.input.most(prompt_tokens), self.cached.most(prompt_tokens))
        return self._sum(prompt_tokens * dearest + max_tokens * self.output.most(prompt_tokens))

    def _sum(self, micro: int) -> int:
        return -(-micro // _MILLION) + self.request


def is_paid(spec: ModelSpec) -> bool:
    """Whether somebody else may charge for this model: an API that is not a server of ours."""
    return isinstance(spec, ApiModel) and spec.server is None


def price_of(spec: ApiModel, now: datetime | None = None) -> Price | None:
    """Return the price of an API's model: the entry's own, or the one that genai-prices bundles for its address.

    Prices that depend on the hour or change soon count as the dearest that may apply until tomorrow.

    Returns:
        None where it is not known. An address that the list does not know is never guessed from the model's name.
    """
    return _own(spec.price) if spec.price is not None else _listed(spec, now or datetime.now(UTC))


def _own(spec: PriceSpec) -> Price:
    cached = spec.input if spec.cached_input is None else spec.cached_input
    input_, cached_, output = (Rate.flat(rate_of(value)) for value in (spec.input, cached, spec.output))
    return Price(input_, cached_, output, rate_of(spec.request), "the registry entry")


def _listed(spec: ApiModel, now: datetime) -> Price | None:
    # Half a second of imports, only where a price is asked for.
    from genai_prices import Usage as Counted  # noqa: PLC0415
    from genai_prices import __version__, calc_price  # noqa: PLC0415

    try:
        found = calc_price(Counted(), spec.model, provider_api_url=spec.base_url)
    except LookupError:
        return None
    tier = spec.extra_body.get("service_tier")
    variants = found.model.price_variants or ()
    known = any(variant.when.get("service_tier") == tier for variant in variants)
    if tier is not None and not known and tier not in _PLAIN_TIERS:
        return None
    context = {"service_tier": tier} if known and isinstance(tier, str) else None
    writes = found.provider.id in _CACHES_UNASKED
    hours = (found.model.get_prices(now + timedelta(hours=hour), context) for hour in range(_HOURS))
    prices = [_converted(listed, writes=writes) for listed in {id(each): each for each in hours}.values()]
    usable = [price for price in prices if price is not None]
    if len(usable) < len(prices):
        return None
    return Price(
        Rate.dearest(price.input for price in usable),
        Rate.dearest(price.cached for price in usable),
        Rate.dearest(price.output for price in usable),
        max(price.request for price in usable),
        f"genai-prices {__version__}",
    )


def _converted(listed: Any, *, writes: bool) -> Price | None:
    """Turn the list's prices into rates; a reply does not tell kinds of tokens apart, so the dearest kind counts."""
    inputs = ["input_mtok", "input_image_mtok", *(["cache_write_mtok"] if writes else [])]
    kinds = {
        "input": inputs,
        "cached": ["cache_read_mtok", "cache_image_read_mtok"],
        "output": ["output_mtok", "output_reasoning_mtok"],
    }
    given = {key: value for key, value in vars(listed).items() if value is not None}
    if "input_mtok" not in given or "output_mtok" not in given or any(unit in given for unit in _UNITS_UNSEEN):
        return None
    rates = {kind: [_rate(given[key]) for key in keys if key in given] for kind, keys in kinds.items()}
    return Price(
        Rate.dearest(rates["input"]),
        Rate.dearest(rates["cached"] or rates["input"]),
        Rate.dearest(rates["output"]),
        rate_of(given.get("requests_kcount", Decimal(0)) / 1000),
    )


def _rate(listed: Any) -> Rate:
    if isinstance(listed, Decimal):
        return Rate.flat(rate_of(listed))
    tiers = [(tier.start, rate_of(tier.price)) for tier in listed.tiers]
    return Rate(((-1, rate_of(listed.base)), *sorted(tiers)))
