"""Plans runs: which calls are cached, which remain, and their forecast usage and cost from earlier calls."""

from __future__ import annotations

import math
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

from prism_engine.api.build.benchmark_notes import benchmark_notes
from prism_engine.api.build.parts import assembled
from prism_engine.api.runs.prepared import names_of
from prism_engine.budget import Expense, PerCall, Price, Range, RequestBound, Seen, expect, expected_sum, price_of
from prism_engine.budget.worst_case import MESSAGE_TOKENS, REQUEST_TOKENS
from prism_engine.cache import earlier_calls
from prism_engine.config import ApiModel
from prism_engine.engine.plan import MOST_SEEN, CountedCalls
from prism_engine.errors import UserError
from prism_engine.records import Outcome
from prism_engine.stage import STAGE_OF, STAGES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from prism_engine.api.build.parts import Parts
    from prism_engine.config import Registry, RunConfig, SamplingConfig
    from prism_engine.datasets import IngestCallback as Ingesting
    from prism_engine.engine.plan import ModelPlan, Plan
    from prism_engine.stage import StageKey

_BYTES_PER_TOKEN = (1.0, 4.0, 6.0)
"""Of model output: minimum, likely, maximum."""


@dataclass(frozen=True)
class Forecast:
    """The usage and cost of a run's remaining calls, not counting retries of failed attempts."""

    stages: dict[StageKey, Expense]
    """Only stages that make calls, in their order."""
    free: frozenset[StageKey]
    """Stages whose models are free."""
    unpriced: tuple[str, ...]
    """Models whose price is unknown."""
    bounds: Mapping[StageKey, RequestBound] = field(default_factory=dict)
    """The most that one request of a stage costs, of the most expensive model whose calls have a price."""

    @property
    def cost(self) -> Range | None:
        """Nano-dollars of all stages together; None if a price is unknown."""
        known = [stage.cost for stage in self.stages.values()]
        total = Range(0, 0, 0)
        for cost in known:
            if cost is None:
                return None
            total += cost
        return total


def plan(config: RunConfig, registry: Registry, *, ingesting: Ingesting | None = None) -> Plan:
    """Return which calls are cached and which remain. Calls no model and needs no key.

    Raises:
        UserError, StoreError: as `run`.
    """
    return plan_and_forecast(config, registry, ingesting=ingesting)[0]


def plan_and_forecast(
    config: RunConfig, registry: Registry, *, ingesting: Ingesting | None = None
) -> tuple[Plan, Forecast]:
    """Like `plan`, with a forecast of the remaining calls' usage and cost."""
    with assembled(config, registry, look_only=True, ingesting=ingesting) as parts:
        planned = parts.plan()
        return planned, forecast(parts, planned)


class PlannedRun(NamedTuple):
    """One run in a plan of multiple runs; counts only calls that no earlier run in the plan makes."""

    name: str
    plan: Plan
    forecast: Forecast


def plan_many(
    configs: Sequence[RunConfig],
    registry: Registry,
    *,
    ingesting: Ingesting | None = None,
    noted: Callable[[str], None] | None = None,
) -> list[PlannedRun]:
    """Like `plan_and_forecast`, for runs executed together: a call that runs share counts once, for the first of them.

    Args:
        noted: as for `run_many`.

    Raises:
        UserError, StoreError: as `run`.
    """
    counted = CountedCalls()
    with ExitStack() as opened:
        every_parts = [
            opened.enter_context(assembled(config, registry, look_only=True, ingesting=ingesting)) for config in configs
        ]
        if noted is not None:
            for note in benchmark_notes(every_parts):
                noted(note)
        planned = []
        for name, parts in zip(names_of(every_parts), every_parts, strict=True):
            plan = parts.plan(counted)
            planned.append(PlannedRun(name, plan, forecast(parts, plan)))
        return planned


def require_cached(configs: Sequence[RunConfig], registry: Registry) -> None:
    """Check that runs need no call to any model.

    Raises:
        UserError: they do; or as `run`.
    """
    planned = plan_many(configs, registry)
    calls = sum(stage.to_call + stage.unknown for one in planned for stage in one.plan.stages.values())
    if calls:
        of_runs = f" of {len(planned)} runs" if len(planned) > 1 else ""
        raise UserError(f"{calls:,} calls{of_runs} are not in the cache, and --cached-only (--mode eval) makes none")


def combined_forecast(forecasts: Sequence[Forecast]) -> Forecast:
    """Return the sum of the forecasts of multiple runs."""
    stages: dict[StageKey, Expense] = {}
    for key in (stage.key for stage in STAGES):
        for expense in (addend.stages[key] for addend in forecasts if key in addend.stages):
            stages[key] = stages[key] + expense if key in stages else expense
    free = frozenset(key for key in stages if all(key in addend.free for addend in forecasts if key in addend.stages))
    unpriced = dict.fromkeys(name for addend in forecasts for name in addend.unpriced)
    bounds = _most_expensive(item for addend in forecasts for item in addend.bounds.items())
    return Forecast(stages, free, tuple(unpriced), bounds)


def forecast(parts: Parts, plan: Plan) -> Forecast:
    """Forecast the usage and cost of a plan.

    Raises:
        StoreError: the cache cannot be read.
    """
    stages: dict[StageKey, Expense] = {}
    charged, unpriced, bounds = set(), [], []
    for key, role, planned in _remaining(parts, plan):
        model, spec = parts.specs[role]
        price: Price | None = Price.nothing()
        if spec.is_paid:
            price = price_of(spec)
            if price is None:
                unpriced.append(model)
        if price is None or not price.is_free:
            charged.add(key)
        expense = _expense(parts, plan, planned, key, role, price)
        stages[key] = stages[key] + expense if key in stages else expense
        if isinstance(spec, ApiModel) and price is not None and not price.is_free:
            bounds.append((key, _request_bound(parts, planned, key, model, spec, price)))
    free = frozenset(stages) - charged
    return Forecast(stages, free, tuple(dict.fromkeys(unpriced)), _most_expensive(bounds))


def _most_expensive(bounds: Iterable[tuple[StageKey, RequestBound]]) -> dict[StageKey, RequestBound]:
    largest: dict[StageKey, RequestBound] = {}
    for key, bound in bounds:
        if key not in largest or bound.worst > largest[key].worst:
            largest[key] = bound
    return largest


def _request_bound(
    parts: Parts, planned: ModelPlan, key: StageKey, model: str, spec: ApiModel, price: Price
) -> RequestBound:
    """Return the bound of a request with a prompt of average length."""
    calls = planned.ask.calls + planned.ask_later.calls
    text = (planned.ask.text_bytes + planned.ask_later.text_bytes) / calls
    images = math.ceil((planned.ask.images + planned.ask_later.images) / calls)
    prompt = math.ceil(text) + REQUEST_TOKENS + 2 * MESSAGE_TOKENS + images * spec.image_tokens
    worst = max(price.worst(prompt, _max_tokens(parts, key) + spec.thinking_beyond_limit), 1)
    return RequestBound.of(model, price, worst, images, spec.image_tokens, spec.limits.concurrency)


def _remaining(parts: Parts, plan: Plan) -> Iterator[tuple[StageKey, str, ModelPlan]]:
    """Yield the calls that each model still has to make, with its stage and role."""
    for key, stage in plan.stages.items():
        for role in parts.stages.get(key, ()):
            planned = stage.models.get(parts.identities[role])
            if planned is not None and planned.ask.calls + planned.ask_later.calls:
                yield key, role, planned


def _expense(parts: Parts, plan: Plan, planned: ModelPlan, key: StageKey, role: str, price: Price | None) -> Expense:
    spec = parts.specs[role][1]
    per_call = PerCall(_max_tokens(parts, key) + spec.thinking_beyond_limit, spec.most_image_tokens)
    history = planned.seen or _earlier_calls(parts, key, role)
    known = expect(planned.ask, history, per_call, price)
    later = planned.ask_later
    if later.calls == 0:
        return known
    low, likely, high = (
        expect(replace(later, text_bytes=later.text_bytes + round(size)), history, per_call, price)
        for size in _input_bytes(parts, plan, key, later.calls)
    )
    return known + _spanned(low, likely, high)


def _max_tokens(parts: Parts, key: StageKey) -> int:
    sampling: SamplingConfig = getattr(parts.config, str(STAGE_OF[key].section))
    return sampling.max_tokens


def _earlier_calls(parts: Parts, key: StageKey, role: str) -> tuple[Seen, ...]:
    return tuple(
        Seen(call.text_bytes, call.max_tokens, call.completion.outcome is Outcome.TRUNCATED, call.completion.usage)
        for call in earlier_calls(parts.store, key, parts.identities[role], MOST_SEEN)
    )


def _input_bytes(parts: Parts, plan: Plan, key: StageKey, count: int) -> Range:
    """Forecast the total length of `count` texts that the previous stage does not have yet: hints, descriptions."""
    keys = list(plan.stages)
    before = keys[keys.index(key) - 1]
    roles = list(parts.stages[before])
    known = list(plan.stages[before].sizes)
    if not known and len(roles) == 1:
        known = _earlier_lengths(parts, before, roles[0])
    return _sizes(count, known, len(roles) * _max_tokens(parts, before))


def _earlier_lengths(parts: Parts, key: StageKey, role: str) -> list[int]:
    calls = earlier_calls(parts.store, key, parts.identities[role], MOST_SEEN)
    return [len(call.completion.text.encode("utf-8", "surrogatepass")) for call in calls]


def _sizes(count: int, known: list[int], limit: int) -> Range:
    low, likely, high = _BYTES_PER_TOKEN
    return expected_sum(count, known, (low, likely * limit / 2, high * limit))


def _spanned(low: Expense, likely: Expense, high: Expense) -> Expense:
    """Return the range from the low end of `low` to the high end of `high`."""

    def span(first: Range, middle: Range, last: Range) -> Range:
        return Range(first.low, middle.likely, last.high)

    cost = None
    if low.cost is not None and likely.cost is not None and high.cost is not None:
        cost = span(low.cost, likely.cost, high.cost)
    return Expense(
        span(low.prompt_tokens, likely.prompt_tokens, high.prompt_tokens),
        span(low.completion_tokens, likely.completion_tokens, high.completion_tokens),
        cost,
        likely.learnt,
    )
