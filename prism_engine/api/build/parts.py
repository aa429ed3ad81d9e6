"""From a checked configuration to the parts of a run."""

from __future__ import annotations

import os
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from math import prod
from typing import TYPE_CHECKING

from prism_engine.api.build.instruction_sources import read_instruction
from prism_engine.api.build.payments import payment_for
from prism_engine.api.build.perception_side import (
    WRITER,
    build_perception_side,
    given_descriptions,
    perceiver_roles,
    perception_roles,
    unsent_roles,
)
from prism_engine.api.build.shared import BoundModel
from prism_engine.backends.factory import build_backend, identify_model, pinned
from prism_engine.budget import BudgetController, ModelBudget, Spending
from prism_engine.cache import Store
from prism_engine.config import ApiModel, Mode, Pictures
from prism_engine.config.choices import with_own_limit
from prism_engine.datasets import data_roots, find_benchmark, open_benchmark
from prism_engine.engine.drawn_samples import DrawnSamples
from prism_engine.engine.pipeline import Pipeline
from prism_engine.engine.plan import make_plan
from prism_engine.engine.runner import Run
from prism_engine.errors import ConfigError
from prism_engine.scoring import Scorer, known_profile, scorer_of
from prism_engine.stages.answering import Answering
from prism_engine.stages.cached import CachedModel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from prism_engine.api.build.instruction_sources import Instruction
    from prism_engine.api.build.perception_side import GivenDescriptions, PerceptionSide
    from prism_engine.api.build.shared import SharedResources
    from prism_engine.backends.base import Backend
    from prism_engine.config import ModelSpec, Registry, RunConfig
    from prism_engine.datasets import Benchmark
    from prism_engine.datasets import IngestCallback as Ingesting
    from prism_engine.engine.journal import Journal
    from prism_engine.engine.lookup import Samples
    from prism_engine.engine.plan import CountedCalls, Plan
    from prism_engine.records import ModelIdentity

STORE_NAME = "calls.sqlite"


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
    """Who describes (the first of several); None where the mode describes nothing."""
    answering: CachedModel | None
    """Who answers; None where the mode answers nothing."""
    pipeline: Pipeline
    cached_pipeline: Pipeline
    """The same without a call: what is not cached is not run."""
    instruction: Instruction
    scorer: Scorer
    """What a right answer is, and how replies are read."""
    other_models: dict[str, CachedModel] = field(default_factory=dict)
    """Further perceivers, and the writer of what to observe, by role."""
    given: GivenDescriptions | None = None
    """Descriptions from elsewhere; None where a perceiver makes them, or nobody."""
    controller: BudgetController | None = None
    """Where the money of the run's calls comes from; None where no call has a price."""
    unpriced: list[str] = field(default_factory=list)
    """Models that somebody may charge for, nobody knows how much."""

    @property
    def models(self) -> dict[str, CachedModel]:
        """Everybody who may be called, by role."""
        answerer = "perceiver" if self.config.mode is Mode.DIRECT else "reasoner"
        both = (("perceiver", self.describing), (answerer, self.answering))
        return {role: model for role, model in both if model is not None} | self.other_models

    @property
    def writing(self) -> CachedModel | None:
        """Who writes what to observe; None where nobody does."""
        return self.other_models.get(WRITER)

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
        return self.benchmark if prod(draws) == 1 else DrawnSamples(self.benchmark, *draws)

    def run(self, journal: Journal, retry_only: frozenset[int] | None = None) -> Run:
        """Return the run that these parts make.

        Args:
            retry_only: positions of the samples that calls are made for; None is all.
        """
        return Run(
            benchmark=self.samples,
            count=self.asked,
            pipeline=self.pipeline,
            perceiver=self.describing,
            reasoner=self.answering,
            store=self.store,
            journal=journal,
            ahead=self.config.ahead,
            other_models=tuple(self.other_models.values()),
            writer=self.writing,
            most_failures=self.config.most_failures(self.asked),
            retry_only=retry_only,
            cached_pipeline=self.cached_pipeline,
        )

    def spending(self, payer: str) -> Spending:
        """Return what will count the money of the run from now on, where the run's tasks pay as `payer`."""
        return Spending(self.controller, self.unpriced, payer=payer)

    def bound_perceivers(self) -> list[BoundModel]:
        """Return the models that are shown pictures and have a backend, in their order."""
        roles = [role for role in perceiver_roles(self.specs) if self.models[role].backend is not None]
        return [BoundModel(self.models[role], self.identities[role], self.specs[role][1]) for role in roles]

    def plan(self, counted: CountedCalls | None = None) -> Plan:
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
    shared: SharedResources | None = None,
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
    config = with_own_limit(config, registry)
    instruction = read_instruction(config.instruction)
    profile = known_profile(config.profile)
    specs = _specs(config, registry)
    identities = {role: identify_model(name, spec, config.cache_dir) for role, (name, spec) in specs.items()}
    path = find_benchmark(config.benchmark, data_roots(os.environ))
    with ExitStack() as opened:
        benchmark = opened.enter_context(open_benchmark(path, config.cache_dir, progress=ingesting))
        given = given_descriptions(config, benchmark)
        scorer = scorer_of(config.answer_kind or benchmark.kind, profile)
        place = config.cache_dir / STORE_NAME
        store = shared.store(place) if shared else opened.enter_context(Store(place, read_only=look_only))
        make_side = partial(
            build_perception_side, config, instruction, identities, benchmark=benchmark, store=store, given=given
        )
        side = make_side()
        answering = CachedModel(None, store) if config.mode.answers else None

        def pipeline(side: PerceptionSide, answering: CachedModel | None) -> Pipeline:
            return Pipeline(
                side.context,
                _answering(config, answering, identities),
                scorer.score,
                hint_source=side.hint_source,
                needs_hints=config.mode is Mode.PROMPTS,
                needs_description=given is not None,
            )

        cached_side = make_side(counting=side)
        other_models = {role: model for role, model in side.models.items() if model is not side.describing}
        parts = Parts(
            *(config, benchmark, store, specs, identities, side.describing, answering),
            pipeline(side, answering),
            pipeline(cached_side, answering and answering.without_backend()),
            instruction=instruction,
            scorer=scorer,
            other_models=other_models,
            given=given,
        )
        if not look_only:

            def open_controller(path: Path, cap: int | None) -> BudgetController:
                if shared:
                    return shared.controller(path, cap)
                return opened.enter_context(closing(BudgetController(path, cap)))

            _attach_backends(parts, shared.lend if shared else build_backend, open_controller)
        yield parts


def _specs(config: RunConfig, registry: Registry) -> dict[str, tuple[str, ModelSpec]]:
    names = perception_roles(config, registry)
    if config.mode.needs_reasoner:
        names["reasoner"] = str(config.reasoner)
    limited = config.reasoner or config.perceiver or names.get(WRITER)
    return {
        role: (name, _limited(config, role, name, registry.find(name)) if name == limited else registry.find(name))
        for role, name in names.items()
    }


def _limited(config: RunConfig, role: str, name: str, spec: ModelSpec) -> ModelSpec:
    """Lay the run's own limits over a model's; one that plays both roles has one quota."""
    names = ("requests_per_minute", "tokens_per_minute", "concurrency")
    given = {name: value for name in names if (value := getattr(config, name)) is not None}
    if not given:
        return spec
    if not isinstance(spec, ApiModel):
        raise ConfigError(f"{', '.join(given)}: {role} {name!r} is not behind an API, so it has no limits")
    return spec.model_copy(update={"limits": spec.limits.model_copy(update=given)})


def _answering(
    config: RunConfig, answering: CachedModel | None, identities: dict[str, ModelIdentity]
) -> Answering | None:
    if answering is None:
        return None
    direct = config.mode is Mode.DIRECT
    most = 1 if config.pictures is Pictures.FIRST else None
    identity = identities["perceiver" if direct else "reasoner"]
    return Answering(answering, identity, sampling=config.reasoning.to_sampling(), direct=direct, most_pictures=most)


def _attach_backends(
    parts: Parts,
    build: Callable[[str, ModelSpec, Path, ModelBudget | None], Backend],
    open_controller: Callable[[Path, int | None], BudgetController],
) -> None:
    """Build the backends. One whose key is missing is left out where the cache answers everything anyway."""
    unsent = unsent_roles(parts.config, parts.specs)
    for role, model in parts.models.items():
        if role in unsent:
            continue
        name, spec = parts.specs[role]
        try:
            budget = _budget(parts, name, spec, open_controller)
            if isinstance(spec, ApiModel) and parts.config.deadline is not None:
                spec = spec.model_copy(update={"outage_patience": None})
            model.backend = build(name, pinned(spec, parts.identities[role]), parts.config.cache_dir, budget)
        except ConfigError:
            if not _all_cached(parts, model):
                raise


def _budget(
    parts: Parts, name: str, spec: ModelSpec, open_controller: Callable[[Path, int | None], BudgetController]
) -> ModelBudget | None:
    """Return what pays for a model's requests; None where nobody charges, or nobody knows how much.

    Raises:
        ConfigError: the run has a cap, and the price is not known.
    """
    found = payment_for(name, spec, parts.config.results_dir, parts.config.max_cost, open_controller)
    if found.unpriced and name not in parts.unpriced:
        parts.unpriced.append(name)
    if found.budget is not None:
        parts.controller = found.budget.controller
    return found.budget


def _all_cached(parts: Parts, model: CachedModel) -> bool:
    plan = parts.plan()
    stage = plan.answering
    if model is not parts.answering:
        stage = plan.writing if model is parts.writing else plan.describing
    return stage is not None and stage.to_call == 0 and stage.unknown == 0
