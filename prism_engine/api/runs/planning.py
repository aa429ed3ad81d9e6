"""Plan a run: what is cached, what remains, and what that will use and cost, as far as earlier calls tell."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from prism_engine.api.build.parts import assembled
from prism_engine.api.build.perception_side import WRITER, perceiver_roles
from prism_engine.api.runs.prepared import names_of
from prism_engine.budget import Expense, PerCall, Price, Range, Seen, expect, expected_sum, is_paid, price_of
from prism_engine.cache import earlier_calls
from prism_engine.config import ApiModel, Mode
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
"""Of a text that a model writes: at least, likely, at most."""


@dataclass(frozen=True)
class Forecast:
    """What a run will use and cost from now on. Attempts that fail and are made again come on top."""

    stages: dict[str, Expense]
    """By `write`, `describe` and `answer`; only those that call something."""
    free: frozenset[str]
    """Stages whose model nobody charges for."""
    unpriced: tuple[str, ...]
    """Models whose price nobody knows."""

    @property
    def cost(self) -> Range | None:
        """Nano-dollars of all stages together; None where a price is unknown."""
        known = [stage.cost for stage in self.stages.values()]
        total = Range(0, 0, 0)
        for cost in known:
            if cost is None:
                return None
            total += cost
        return total


def plan(config: RunConfig, registry: Registry, *, ingesting: Ingesting | None = None) -> Plan:
    """Say what is cached and what remains. Calls no model and needs no key.

    Raises:
        UserError, StoreError: as `run`.
    """
    return plan_and_forecast(config, registry, ingesting=ingesting)[0]


def plan_and_forecast(
    config: RunConfig, registry: Registry, *, ingesting: Ingesting | None = None
) -> tuple[Plan, Forecast]:
    """Do `plan`, and say what the calls that remain will use and cost."""
    with assembled(config, registry, look_only=True, ingesting=ingesting) as parts:
        planned = parts.plan()
        return planned, forecast(parts, planned)


class PlannedRun(NamedTuple):
    """One run of a plan of several: its calls are those that no run before it makes."""

    name: str
    plan: Plan
    forecast: Forecast


def plan_many(
    configs: Sequence[RunConfig], registry: Registry, *, ingesting: Ingesting | None = None
) -> list[PlannedRun]:
    """Do `plan_and_forecast` for runs that go on together: what several of them need counts once, for the first.

    Raises:
        UserError, StoreError: as `run`.
    """
    counted = CountedCalls()
    with ExitStack() as opened:
        many = [
            opened.enter_context(assembled(config, registry, look_only=True, ingesting=ingesting)) for config in configs
        ]
        planned = []
        for name, parts in zip(names_of(many), many, strict=True):
            plan = parts.plan(counted)
            planned.append(PlannedRun(name, plan, forecast(parts, plan)))
        return planned


def combined_forecast(forecasts: Sequence[Forecast]) -> Forecast:
    """Sum up what several runs will use and cost."""
    stages: dict[str, Expense] = {}
    for one in forecasts:
        for name, expense in one.stages.items():
            stages[name] = stages[name] + expense if name in stages else expense
    free = frozenset(name for name in stages if all(name in one.free for one in forecasts if name in one.stages))
    unpriced = dict.fromkeys(name for one in forecasts for name in one.unpriced)
    return Forecast(stages, free, tuple(unpriced))


def forecast(parts: Parts, plan: Plan) -> Forecast:
    """Forecast what a plan comes to.

    Raises:
        StoreError: the cache cannot be read.
    """
    answerer = "perceiver" if parts.config.mode is Mode.DIRECT else "reasoner"
    direct = parts.config.mode is Mode.DIRECT
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
        if isinstance(spec, ApiModel) and is_paid(spec):
            price = price_of(spec)
            if price is None:
                unpriced.append(model)
        if price is None or not price.is_free:
            charged.add(name)
        expense = _stage(parts, plan, planned, stage, role, price)
        stages[name] = stages[name] + expense if name in stages else expense
    return Forecast(stages, frozenset(stages) - charged, tuple(dict.fromkeys(unpriced)))


def _perceivers(parts: Parts, plan: Plan) -> list[tuple[str, StagePlan]]:
    """Return what each perceiver has to do, by role."""
    found = [(role, plan.by_perceiver.get(parts.identities[role])) for role in perceiver_roles(parts.specs)]
    if parts.config.mode is Mode.REASONING or not parts.config.describes:
        return []
    return [(role, planned) for role, planned in found if planned is not None]


def _stage(parts: Parts, plan: Plan, planned: StagePlan, stage: Stage, role: str, price: Price | None) -> Expense:
    spec = parts.specs[role][1]
    per_call = PerCall(_sampling(parts, stage).max_tokens, spec.image_tokens if isinstance(spec, ApiModel) else 4096)
    seen = planned.seen or _seen_elsewhere(parts, stage, role)
    now = expect(planned.ask, seen, per_call, price)
    if planned.unknown == 0:
        return now
    sizes = (_contents_bytes if stage == "perceive" else _description_bytes)(parts, plan, planned.unknown)
    low, likely, high = (
        expect(replace(planned.ask_later, text_bytes=planned.ask_later.text_bytes + round(size)), seen, per_call, price)
        for size in sizes
    )
    return now + _spanned(low, likely, high)


def _sampling(parts: Parts, stage: Stage) -> SamplingConfig:
    config = parts.config
    return {"write": config.writing, "perceive": config.perception}.get(stage, config.reasoning)


def _seen_elsewhere(parts: Parts, stage: Stage, role: str) -> tuple[Seen, ...]:
    return tuple(
        Seen(call.text_bytes, call.max_tokens, call.completion.outcome is Outcome.TRUNCATED, call.completion.usage)
        for call in earlier_calls(parts.store, stage, parts.identities[role], MOST_SEEN)
    )


def _description_bytes(parts: Parts, plan: Plan, count: int) -> Range:
    """Forecast how long the descriptions that are still to be made will be, all together."""
    roles = perceiver_roles(parts.specs)
    known = list(plan.described)
    if not known and len(roles) == 1:
        known = _lengths_elsewhere(parts, "perceive", roles[0])
    return _sizes(count, known, len(roles) * parts.config.perception.max_tokens)


def _contents_bytes(parts: Parts, plan: Plan, count: int) -> Range:
    """Forecast the same of the contents to observe."""
    known = list(plan.hints) or _lengths_elsewhere(parts, "write", WRITER)
    return _sizes(count, known, parts.config.writing.max_tokens)


def _lengths_elsewhere(parts: Parts, stage: Stage, role: str) -> list[int]:
    calls = earlier_calls(parts.store, stage, parts.identities[role], MOST_SEEN)
    return [len(call.completion.text.encode("utf-8", "surrogatepass")) for call in calls]


def _sizes(count: int, known: list[int], limit: int) -> Range:
    low, likely, high = _BYTES_PER_TOKEN
    return expected_sum(count, known, (low, likely * limit / 2, high * limit))


def _spanned(low: Expense, likely: Expense, high: Expense) -> Expense:
    """Return the range from the lowest of the first to the highest of the last."""

    def span(one: Range, middle: Range, other: Range) -> Range:
        return Range(one.low, middle.likely, other.high)

    cost = None
    if low.cost is not None and likely.cost is not None and high.cost is not None:
        cost = span(low.cost, likely.cost, high.cost)
    return Expense(
        span(low.prompt_tokens, likely.prompt_tokens, high.prompt_tokens),
        span(low.completion_tokens, likely.completion_tokens, high.completion_tokens),
        cost,
        likely.learnt,
    )
