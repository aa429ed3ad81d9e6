"""Builds the parts of a run from a validated configuration."""

from __future__ import annotations

from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from math import prod
from typing import TYPE_CHECKING

from prism_engine.api.build.payments import payment_for
from prism_engine.api.build.perception_side import (
    build_perception_side,
    cache_only_roles,
    given_descriptions,
    meters_of,
    perceiver_roles,
)
from prism_engine.api.build.resolve import resolve_run
from prism_engine.api.build.workbench import BoundModel
from prism_engine.backends.factory import build_backend, pinned
from prism_engine.budget import BudgetController, ModelBudget, Spending
from prism_engine.cache import Store
from prism_engine.config import Pictures
from prism_engine.datasets import open_benchmark, require_pictures, require_scorable
from prism_engine.engine.drawn_samples import DrawnSamples
from prism_engine.engine.pipeline import Pipeline
from prism_engine.engine.plan import make_plan
from prism_engine.engine.rotated_samples import RotatedSamples
from prism_engine.engine.runner import Run
from prism_engine.errors import ConfigError
from prism_engine.scoring import Scorer
from prism_engine.stage import STAGE_OF, STAGES
from prism_engine.stages.answering import Answering
from prism_engine.stages.cached import CachedModel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from prism_engine.api.build.instruction_sources import Instruction
    from prism_engine.api.build.perception_side import GivenDescriptions, PerceptionSide
    from prism_engine.api.build.resolve import ResolvedModel, ResolvedRun
    from prism_engine.api.build.workbench import Workbench
    from prism_engine.backends.base import Backend
    from prism_engine.config import ModelSpec, Registry, RunConfig
    from prism_engine.datasets import Benchmark
    from prism_engine.datasets import IngestCallback as Ingesting
    from prism_engine.engine.journal import Journal
    from prism_engine.engine.lookup import Samples
    from prism_engine.engine.plan import CountedCalls, Plan
    from prism_engine.records import ModelIdentity
    from prism_engine.scoring import Scorer
    from prism_engine.stage import StageKey
    from prism_engine.stages.meter import Meter

STORE_NAME = "calls.sqlite"


@dataclass
class Parts:
    """The parts of a run, built from its configuration but not yet running."""

    resolved: ResolvedRun
    benchmark: Benchmark
    store: Store
    stages: dict[StageKey, dict[str, CachedModel]]
    """The models of each stage that the run has, by role, in the order of the stages."""
    pipeline: Pipeline
    cached_pipeline: Pipeline
    """The same pipeline from the cache only: samples that are not cached are not run."""
    scorer: Scorer
    """Reads replies and decides whether they are correct."""
    rotated: RotatedSamples | None = None
    """The rotations of the run's questions; None if it rotates no options."""
    given: GivenDescriptions | None = None
    """Descriptions from a file; None if a perceiver makes them or there are none."""
    controller: BudgetController | None = None
    """The budget controller that the run's calls reserve from; None if no call has a price."""
    unpriced: list[str] = field(default_factory=list)
    """Models that may be charged for at an unknown price."""

    @property
    def config(self) -> RunConfig:
        """The run's configuration, with the output limit that the reasoner's name ends in."""
        return self.resolved.config

    @property
    def instruction(self) -> Instruction:
        """The perceiver's instruction."""
        return self.resolved.instruction

    @property
    def specs(self) -> dict[str, tuple[str, ModelSpec]]:
        """Name and registry entry of each role, with the run's own limits applied."""
        return {role: (model.name, model.spec) for role, model in self.resolved.models.items()}

    @property
    def identities(self) -> dict[str, ModelIdentity]:
        """What identifies the model of each role."""
        return {role: model.identity for role, model in self.resolved.models.items()}

    @property
    def models(self) -> dict[str, CachedModel]:
        """Every model that may be called, by role."""
        return {role: model for models in self.stages.values() for role, model in models.items()}

    @property
    def meters(self) -> dict[StageKey, Meter]:
        """The meter of each stage."""
        return meters_of(self.stages)

    @property
    def count(self) -> int:
        """Number of questions in the run."""
        return min(len(self.benchmark), self.config.samples or len(self.benchmark))

    @property
    def sample_count(self) -> int:
        """Number of samples in the run, counting every rotation and every draw of a question."""
        return (self.count if self.rotated is None else len(self.rotated)) * prod(self.config.draws)

    @property
    def samples(self) -> Samples:
        """The samples of the run: the benchmark, with every rotation and draw of a question as a separate sample."""
        draws = self.config.draws
        questions: Samples = self.benchmark if self.rotated is None else self.rotated
        return questions if prod(draws) == 1 else DrawnSamples(questions, *draws)

    def positions_of(self, question: int) -> range:
        """Return the positions of a question's samples: its rotations and draws."""
        draws = prod(self.config.draws)
        own = range(question, question + 1) if self.rotated is None else self.rotated.positions_of(question)
        return range(own.start * draws, own.stop * draws)

    def run(self, journal: Journal, retry_only: frozenset[int] | None = None) -> Run:
        """Return the run made of these parts.

        Args:
            retry_only: positions of the samples that calls are made for; None means all.
        """
        return Run(
            benchmark=self.samples,
            count=self.sample_count,
            pipeline=self.pipeline,
            stages={key: tuple(models.values()) for key, models in self.stages.items()},
            store=self.store,
            journal=journal,
            ahead=self.config.ahead,
            most_failures=self.config.most_failures(self.sample_count),
            retry_only=retry_only,
            cached_pipeline=self.cached_pipeline,
            waits_for_ahead=any(
                role != "reasoner" and not identity.is_stated for role, identity in self.identities.items()
            ),
            perceivers={self.identities[role]: model for role, model in self.stages.get("perceive", {}).items()},
        )

    def spending(self, payer: str) -> Spending:
        """Return a counter of the run's cost from now on; the run's tasks must set `PAYER` to `payer`."""
        return Spending(self.controller, self.unpriced, payer=payer)

    def bound_perceivers(self) -> list[BoundModel]:
        """Return the perceivers that have a backend, in their order."""
        roles = [role for role in perceiver_roles(self.specs) if self.models[role].backend is not None]
        return [BoundModel(self.models[role], self.identities[role], self.specs[role][1]) for role in roles]

    def plan(self, counted: CountedCalls | None = None) -> Plan:
        """Look up what is cached and what remains, skipping calls that other plans have `counted`."""
        describes = not (self.config.mode.cached_only and self.config.describes)
        plan = make_plan(self.samples, self.sample_count, self.pipeline, self.store, counted, describes=describes)
        return plan if self.rotated is None else replace(plan, rotations=self.rotated.counts)


@contextmanager
def assembled(
    config: RunConfig,
    registry: Registry,
    *,
    look_only: bool,
    ingesting: Ingesting | None = None,
    shared: Workbench | None = None,
) -> Iterator[Parts]:
    """Build the parts; on exit, close those that are not shared (the run closes backends).

    Args:
        look_only: build no backend and write nothing to the cache.
        shared: stores and backends to use; None gives the parts their own.

    Raises:
        UserError: the configuration names something that does not exist, or lacks a key that a call would need.
        StoreError: the cache cannot be opened.
    """
    resolved = resolve_run(config, registry)
    config = resolved.config
    identities = {role: model.identity for role, model in resolved.models.items()}
    with ExitStack() as opened:
        benchmark = opened.enter_context(open_benchmark(resolved.benchmark, config.cache_dir, progress=ingesting))
        _check_benchmark(config, benchmark)
        given = given_descriptions(config, benchmark)
        scorer = resolved.scorer(benchmark.kind)
        store_path = config.cache_dir / STORE_NAME
        store = shared.store(store_path) if shared else opened.enter_context(Store(store_path, read_only=look_only))
        make_side = partial(
            build_perception_side,
            config,
            resolved.instruction,
            identities,
            benchmark=benchmark,
            store=store,
            given=given,
        )
        side = make_side()
        answering = CachedModel(None, store) if config.mode.answers else None

        def pipeline(side: PerceptionSide, answering: CachedModel | None) -> Pipeline:
            return Pipeline(
                side.context,
                () if answering is None else (_answering(config, answering, identities),),
                scorer.score,
                hint_source=side.hint_source,
                needs_hints=config.mode.hints_only,
                needs_description=given is not None,
                prices=resolved.row_prices,
            )

        cached_side = make_side(counting=side)
        stages = dict(side.stages)
        if answering is not None:
            key: StageKey = "direct" if config.mode.direct else "reason"
            stages[key] = {STAGE_OF[key].role: answering}
        parts = Parts(
            resolved=resolved,
            benchmark=benchmark,
            store=store,
            stages={stage.key: stages[stage.key] for stage in STAGES if stages.get(stage.key)},
            pipeline=pipeline(side, answering),
            cached_pipeline=pipeline(cached_side, answering and answering.without_backend()),
            scorer=scorer,
            rotated=_rotated(config, benchmark, scorer),
            given=given,
        )
        if not look_only:

            def open_controller(path: Path, cap: int | None) -> BudgetController:
                if shared:
                    return shared.controller(path, cap)
                return opened.enter_context(closing(BudgetController(path, cap)))

            _attach_backends(parts, shared.lend if shared else build_backend, open_controller)
        yield parts


def _check_benchmark(config: RunConfig, benchmark: Benchmark) -> None:
    """Check that a benchmark has what a run needs, before anything is paid for.

    Raises:
        DatasetError: it has no pictures, or none of the answers could be scored.
    """
    if config.calls_perceiver:
        require_pictures(benchmark)
    if config.mode.answers:
        require_scorable(benchmark, config.samples or len(benchmark), config.answer_kind)


def _rotated(config: RunConfig, benchmark: Benchmark, scorer: Scorer) -> RotatedSamples | None:
    """Return the rotations of a run's questions; None if it rotates none.

    Raises:
        ConfigError: the benchmark has no options to rotate, or has rotations of its own.
    """
    if config.rotations == 1:
        return None
    if scorer.rotated:
        raise ConfigError(
            f"--rotate: {benchmark.name} has a row for each rotation already, which count together as circular "
            "accuracy; leave --rotate out"
        )
    if scorer.lettered is None:
        raise ConfigError(
            f"--rotate: {benchmark.name} has answer kind {scorer.kind.value}, whose questions have no lettered options "
            "to rotate; leave it out"
        )
    count = min(len(benchmark), config.samples or len(benchmark))
    return RotatedSamples(benchmark, count, config.rotations)


def _answering(config: RunConfig, answering: CachedModel, identities: dict[str, ModelIdentity]) -> Answering:
    direct = config.mode.direct
    most = 1 if config.pictures is Pictures.FIRST else None
    identity = identities["perceiver" if direct else "reasoner"]
    return Answering(answering, identity, sampling=config.reasoning.to_sampling(), direct=direct, most_pictures=most)


def _attach_backends(
    parts: Parts,
    build: Callable[[str, ModelSpec, Path, ModelBudget | None], Backend],
    open_controller: Callable[[Path, int | None], BudgetController],
) -> None:
    """Build the backends. A missing key is tolerated if the cache already holds all of that model's calls."""
    config, cache_only = parts.config, cache_only_roles(parts.config, parts.resolved.models)
    for role, model in parts.models.items():
        if role in cache_only:
            continue
        resolved = parts.resolved.models[role]
        try:
            budget = _budget(parts, resolved, open_controller)
            spec = resolved.spec if config.deadline is None else resolved.spec.for_deadline()
            model.backend = build(resolved.name, pinned(spec, resolved.identity), config.cache_dir, budget)
        except ConfigError:
            if not _all_cached(parts, role):
                raise


def _budget(
    parts: Parts, model: ResolvedModel, open_controller: Callable[[Path, int | None], BudgetController]
) -> ModelBudget | None:
    """Return a model's budget; None if its requests are free or its price is unknown.

    Raises:
        ConfigError: the run has a cost cap and the price is unknown.
    """
    payment = payment_for(model, parts.config.results_dir, parts.config.max_cost, open_controller)
    if payment.unpriced and model.name not in parts.unpriced:
        parts.unpriced.append(model.name)
    if payment.budget is not None:
        parts.controller = payment.budget.controller
    return payment.budget


def _all_cached(parts: Parts, role: str) -> bool:
    key = next(key for key, models in parts.stages.items() if role in models)
    stage = parts.plan().stages.get(key)
    return stage is None or stage.is_cached
