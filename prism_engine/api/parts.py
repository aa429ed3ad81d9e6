"""From a checked configuration to the parts of a run."""

from __future__ import annotations

import os
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from math import prod
from typing import TYPE_CHECKING

from prism_engine.api.given import given_descriptions
from prism_engine.backends.factory import build_backend, identify_model, pinned
from prism_engine.budget import Purse, Spending, Till, cap_of, is_paid, price_of
from prism_engine.cache import Store
from prism_engine.config import ApiModel, Mode
from prism_engine.datasets import data_roots, find_benchmark, open_benchmark
from prism_engine.engine.draws import Drawn
from prism_engine.engine.pipeline import Pipeline
from prism_engine.engine.plan import make_plan
from prism_engine.engine.runner import Run
from prism_engine.errors import ConfigError
from prism_engine.prompts import instruction_text
from prism_engine.scoring import choice_profile, score_choice
from prism_engine.stages.answering import Answering
from prism_engine.stages.cached import CachedModel
from prism_engine.stages.context import Given, gold_description, joined, nothing
from prism_engine.stages.perception import Perception

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from prism_engine.api.given import GivenDescriptions
    from prism_engine.api.shared import Shared
    from prism_engine.backends.base import Backend
    from prism_engine.config import ModelSpec, Registry, RunConfig
    from prism_engine.datasets import Benchmark
    from prism_engine.datasets import Progress as Ingesting
    from prism_engine.engine.journal import Journal
    from prism_engine.engine.plan import Counted, Plan, Samples
    from prism_engine.records import ModelIdentity
    from prism_engine.stages.context import Context

STORE_NAME = "calls.sqlite"
LEDGER_NAME = "ledger.sqlite"


@dataclass
class Parts:
    """What a configuration amounts to, built and not yet running."""

    config: RunConfig
    benchmark: Benchmark
    store: Store
    specs: dict[str, tuple[str, ModelSpec]]
    """Name and registry entry of each role, with the run's own limits laid over."""
    identities: dict[str, ModelIdentity]
    describing: CachedModel | None
    """Who describes; None where the mode describes nothing."""
    answering: CachedModel | None
    """Who answers; None where the mode answers nothing."""
    pipeline: Pipeline
    till: Till | None = None
    """Where the money of the run's calls comes from; None where no call has a price."""
    given: GivenDescriptions | None = None
    """Descriptions from elsewhere; None where a perceiver makes them, or nobody."""
    unpriced: list[str] = field(default_factory=list)
    """Models that somebody may charge for, nobody knows how much."""

    @property
    def count(self) -> int:
        """Questions that the run takes."""
        return min(len(self.benchmark), self.config.samples or len(self.benchmark))

    @property
    def asked(self) -> int:
        """Samples that the run takes, every draw of a question counted."""
        return self.count * prod(self.config.draws)

    @property
    def samples(self) -> Samples:
        """The benchmark as the run takes it: every draw of a question a sample of its own."""
        draws = self.config.draws
        return self.benchmark if prod(draws) == 1 else Drawn(self.benchmark, *draws)

    def run(self, journal: Journal) -> Run:
        """Return the run that these parts make."""
        return Run(
            benchmark=self.samples,
            count=self.asked,
            pipeline=self.pipeline,
            perceiver=self.describing,
            reasoner=self.answering,
            store=self.store,
            journal=journal,
            ahead=self.config.ahead,
            most_failures=self.config.most_failures(self.asked),
        )

    def spending(self, payer: str) -> Spending:
        """Return what will count the money of the run from now on, where the run's tasks pay as `payer`."""
        return Spending(self.till, self.unpriced, payer=payer)

    def seeing(self) -> list[tuple[CachedModel, ModelIdentity, ModelSpec]]:
        """Return the models that are shown pictures and have a backend."""
        model = self.answering if self.config.mode is Mode.DIRECT else self.describing
        if model is None or model.backend is None:
            return []
        return [(model, self.identities["perceiver"], self.specs["perceiver"][1])]

    def plan(self, counted: Counted | None = None) -> Plan:
        """Look up what is cached and what remains, but for calls that other plans have `counted`."""
        plan = make_plan(self.samples, self.asked, self.pipeline, self.store, counted)
        only_cached = self.config.mode is Mode.REASONING and self.config.describes
        return plan.without_describing() if only_cached else plan


@contextmanager
def assembled(
    config: RunConfig,
    registry: Registry,
    *,
    look_only: bool,
    ingesting: Ingesting | None = None,
    shared: Shared | None = None,
) -> Iterator[Parts]:
    """Build the parts, and close at the end what is not shared (backends are closed by the run).

    Args:
        look_only: build no backend and write nothing to the cache.
        shared: whose stores and backends to use; without it the parts have their own.

    Raises:
        UserError: the configuration names something that does not exist, or a key is missing that a call would need.
        StoreError: the cache cannot be opened.
    """
    registry = registry.merged(config.models)
    instruction = instruction_text(config.instruction)
    profile = choice_profile(config.profile)
    specs = _specs(config, registry)
    identities = {role: identify_model(name, spec, config.cache_dir) for role, (name, spec) in specs.items()}
    path = find_benchmark(config.benchmark, data_roots(os.environ))
    with ExitStack() as opened:
        benchmark = opened.enter_context(open_benchmark(path, config.cache_dir, progress=ingesting))
        given = given_descriptions(config, benchmark)
        place = config.cache_dir / STORE_NAME
        store = shared.store(place) if shared else opened.enter_context(Store(place, read_only=look_only))
        describing = CachedModel(None, store) if config.describes else None
        answering = CachedModel(None, store) if config.mode.answers else None
        pipeline = Pipeline(
            Given(joined(given.table.texts)) if given else _context(config, describing, identities, instruction),
            _answering(config, answering, identities),
            partial(score_choice, profile=profile),
            needs_description=given is not None,
        )
        parts = Parts(config, benchmark, store, specs, identities, describing, answering, pipeline, given=given)
        if not look_only:

            def open_till(path: Path, cap: int | None) -> Till:
                return shared.till(path, cap) if shared else opened.enter_context(closing(Till(path, cap)))

            _attach_backends(parts, shared.lend if shared else build_backend, open_till)
        yield parts


def _specs(config: RunConfig, registry: Registry) -> dict[str, tuple[str, ModelSpec]]:
    roles = {"perceiver": config.calls_perceiver, "reasoner": config.mode.needs_reasoner}
    names = {role: str(getattr(config, role)) for role, needed in roles.items() if needed}
    limited = config.reasoner or config.perceiver
    return {
        role: (name, _limited(config, role, registry.find(name)) if name == limited else registry.find(name))
        for role, name in names.items()
    }


def _limited(config: RunConfig, role: str, spec: ModelSpec) -> ModelSpec:
    """Lay the run's own limits over a model's; one that plays both roles has one quota."""
    names = ("requests_per_minute", "tokens_per_minute", "concurrency")
    given = {name: value for name in names if (value := getattr(config, name)) is not None}
    if not given:
        return spec
    if not isinstance(spec, ApiModel):
        name = getattr(config, role)
        raise ConfigError(f"{', '.join(given)}: {role} {name!r} is not behind an API, so it has no limits")
    return spec.model_copy(update={"limits": spec.limits.model_copy(update=given)})


def _context(
    config: RunConfig, describing: CachedModel | None, identities: dict[str, ModelIdentity], instruction: str
) -> Context:
    if describing is None:
        return Given(gold_description if config.mode is Mode.ORACLE else nothing)
    return Perception(
        describing, identities["perceiver"], instruction=instruction, sampling=config.perception.to_sampling()
    )


def _answering(
    config: RunConfig, answering: CachedModel | None, identities: dict[str, ModelIdentity]
) -> Answering | None:
    if answering is None:
        return None
    direct = config.mode is Mode.DIRECT
    identity = identities["perceiver" if direct else "reasoner"]
    return Answering(answering, identity, sampling=config.reasoning.to_sampling(), direct=direct)


def _attach_backends(
    parts: Parts,
    build: Callable[[str, ModelSpec, Path, Purse | None], Backend],
    open_till: Callable[[Path, int | None], Till],
) -> None:
    """Build the backends. One whose key is missing is left out where the cache answers everything anyway."""
    mode = parts.config.mode
    describing = None if mode is Mode.REASONING else parts.describing
    stages = ((describing, "perceiver"), (parts.answering, "perceiver" if mode is Mode.DIRECT else "reasoner"))
    for model, role in stages:
        if model is None:
            continue
        name, spec = parts.specs[role]
        try:
            purse = _purse(parts, name, spec, open_till)
            model.backend = build(name, pinned(spec, parts.identities[role]), parts.config.cache_dir, purse)
        except ConfigError:
            if not _all_cached(parts, model):
                raise


def _purse(parts: Parts, name: str, spec: ModelSpec, open_till: Callable[[Path, int | None], Till]) -> Purse | None:
    """Return what pays for a model's requests; None where nobody charges, or nobody knows how much.

    Raises:
        ConfigError: the run has a cap, and the price is not known.
    """
    if not (is_paid(spec) and isinstance(spec, ApiModel)):
        return None
    price, cap = price_of(spec), parts.config.max_cost
    if price is None and cap is not None:
        raise ConfigError(
            f"--max-cost needs the price of {name!r}, and genai-prices has none for {spec.model!r} at {spec.base_url}: "
            "add `price: {input: 0.15, output: 0.60}` (US dollars per million tokens; 0 for an endpoint of your own) "
            "to its entry under `models:` in the run file or a --models-file"
        )
    if price is None:
        parts.unpriced.append(name)
        return None
    if price.is_free:
        return None
    parts.till = open_till(parts.config.results_dir / LEDGER_NAME, None if cap is None else cap_of(cap))
    return Purse(parts.till, price, spec)


def _all_cached(parts: Parts, model: CachedModel) -> bool:
    plan = parts.plan()
    stage = plan.describing if model is parts.describing else plan.answering
    return stage is not None and stage.to_call == 0 and stage.unknown == 0
