"""Plans runs: which calls are cached, which remain, and their forecast usage and cost from earlier calls."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from prism_engine.api.build.parts import assembled
from prism_engine.api.build.perception_side import WRITER, perceiver_roles
from prism_engine.api.runs.prepared import names_of
from prism_engine.budget import Expense, PerCall, Price, Range, Seen, expect, expected_sum, price_of
from prism_engine.cache import earlier_calls
from prism_engine.engine.plan import MOST_SEEN, CountedCalls
from prism_engine.records import Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prism_engine.api.build.parts import Parts
    from prism_engine.config import Registry, RunConfig, SamplingConfig
    from prism_engine.datasets import IngestCallback as Ingesting
    from prism_engine.engine.plan import Plan, StagePlan
    from prism_engine.records import Stage

_BYTES_PER_TOKEN = (1.0, 4.0, 6.0)
"""Of model output: minimum, likely, maximum."""


@dataclass(frozen=True)
class Forecast:
    """The usage and cost of a run's remaining calls, not counting retries of failed attempts."""

    stages: dict[str, Expense]
    """By `write`, `describe` and `answer`; only stages that make calls."""
    free: frozenset[str]
    """Stages whose models are free."""
    unpriced: tuple[str, ...]
    """Models whose price is unknown."""

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
    configs: Sequence[RunConfig], registry: Registry, *, ingesting: Ingesting | None = None
) -> list[PlannedRun]:
    """Like `plan_and_forecast`, for runs executed together: a call that runs share counts once, for the first of them.

    Raises:
        UserError, StoreError: as `run`.
    """
    counted = CountedCalls()
    with ExitStack() as opened:
        every_parts = [
            opened.enter_context(assembled(config, registry, look_only=True, ingesting=ingesting)) for config in configs
        ]
        planned = []
        for name, parts in zip(names_of(every_parts), every_parts, strict=True):
            plan = parts.plan(counted)
            planned.append(PlannedRun(name, plan, forecast(parts, plan)))
        return planned


def combined_forecast(forecasts: Sequence[Forecast]) -> Forecast:
    """Return the sum of the forecasts of multiple runs."""
    stages: dict[str, Expense] = {}
    for addend in forecasts:
        for name, expense in addend.stages.items():
            stages[name] = stages[name] + expense if name in stages else expense
    free = frozenset(
        name for name in stages if all(name in addend.free for addend in forecasts if name in addend.stages)
    )
    unpriced = dict.fromkeys(name for addend in forecasts for name in addend.unpriced)
    return Forecast(stages, free, tuple(unpriced))


def forecast(parts: Parts, plan: Plan) -> Forecast:
    """Forecast the usage and cost of a plan.

    Raises:
        StoreError: the cache cannot be read.
    """
    answerer = "perceiver" if parts.config.mode.direct else "reasoner"
    direct = parts.config.mode.direct
    stages: dict[str, Expense] = {}
    charged, unpriced = set(), []
    roles: list[tuple[str, str, Stage, StagePlan | None]] = [
        ("write", "writer", "write", plan.writing),
        *(("describe", role, "perceive", planned) for role, planned in _perceivers(parts, plan)),
        ("answer", answerer, "direct" if direct else "reason", plan.answering),
    ]
    for name, role, stage, planned in roles:
        if planned is None or planned.to_call + planned.unknown == 0:
            continue
        model, spec = parts.specs[role]
        price: Price | None = Price.nothing()
        if spec.is_paid:
            price = price_of(spec)
            if price is None:
                unpriced.append(model)
        if price is None or not price.is_free:
            charged.add(name)
        expense = _stage(parts, plan, planned, stage, role, price)
        stages[name] = stages[name] + expense if name in stages else expense
    return Forecast(stages, frozenset(stages) - charged, tuple(dict.fromkeys(unpriced)))


def _perceivers(parts: Parts, plan: Plan) -> list[tuple[str, StagePlan]]:
    """Return each perceiver's role and stage plan."""
    if parts.config.mode.cached_only or not parts.config.describes:
        return []
    by_role = [(role, plan.by_perceiver.get(parts.identities[role])) for role in perceiver_roles(parts.specs)]
    return [(role, planned) for role, planned in by_role if planned is not None]


def _stage(parts: Parts, plan: Plan, planned: StagePlan, stage: Stage, role: str, price: Price | None) -> Expense:
    spec = parts.specs[role][1]
    per_call = PerCall(_sampling(parts, stage).max_tokens, spec.most_image_tokens)
    history = planned.seen or _earlier_calls(parts, stage, role)
    known = expect(planned.ask, history, per_call, price)
    if planned.unknown == 0:
        return known
    sizes = (_hints_bytes if stage == "perceive" else _description_bytes)(parts, plan, planned.unknown)
    later = planned.ask_later
    low, likely, high = (
        expect(replace(later, text_bytes=later.text_bytes + round(size)), history, per_call, price) for size in sizes
    )
    return known + _spanned(low, likely, high)


def _sampling(parts: Parts, stage: Stage) -> SamplingConfig:
    config = parts.config
    return {"write": config.writing, "perceive": config.perception}.get(stage, config.reasoning)


def _earlier_calls(parts: Parts, stage: Stage, role: str) -> tuple[Seen, ...]:
    return tuple(
        Seen(call.text_bytes, call.max_tokens, call.completion.outcome is Outcome.TRUNCATED, call.completion.usage)
        for call in earlier_calls(parts.store, stage, parts.identities[role], MOST_SEEN)
    )


def _description_bytes(parts: Parts, plan: Plan, count: int) -> Range:
    """Forecast the total length of `count` descriptions that are not made yet."""
    roles = perceiver_roles(parts.specs)
    known = list(plan.described)
    if not known and len(roles) == 1:
        known = _earlier_lengths(parts, "perceive", roles[0])
    return _sizes(count, known, len(roles) * parts.config.perception.max_tokens)


def _hints_bytes(parts: Parts, plan: Plan, count: int) -> Range:
    """Forecast the total length of `count` hints that are not written yet."""
    known = list(plan.hints) or _earlier_lengths(parts, "write", WRITER)
    return _sizes(count, known, parts.config.writing.max_tokens)


def _earlier_lengths(parts: Parts, stage: Stage, role: str) -> list[int]:
    calls = earlier_calls(parts.store, stage, parts.identities[role], MOST_SEEN)
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
