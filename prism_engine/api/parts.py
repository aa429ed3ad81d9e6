"""From a checked configuration to the parts of a run."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from prism_engine.backends.factory import build_backend, identify_model, pinned
from prism_engine.cache import Store
from prism_engine.config import ApiModel, Mode
from prism_engine.datasets import data_roots, find_benchmark, open_benchmark
from prism_engine.engine.pipeline import Pipeline
from prism_engine.engine.plan import make_plan
from prism_engine.engine.runner import Run
from prism_engine.errors import ConfigError
from prism_engine.prompts import instruction_text
from prism_engine.scoring import choice_profile, score_choice
from prism_engine.stages.cached import CachedModel
from prism_engine.stages.perception import Perception
from prism_engine.stages.reasoning import Reasoning

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prism_engine.config import ModelSpec, Registry, RunConfig
    from prism_engine.datasets import Benchmark
    from prism_engine.datasets import Progress as Ingesting
    from prism_engine.engine.journal import Journal
    from prism_engine.engine.plan import Plan
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
    perceiving: CachedModel
    reasoning: CachedModel | None
    pipeline: Pipeline

    @property
    def count(self) -> int:
        """Samples that the run takes."""
        return min(len(self.benchmark), self.config.samples or len(self.benchmark))

    def run(self, journal: Journal) -> Run:
        """Return the run that these parts make."""
        return Run(
            benchmark=self.benchmark,
            count=self.count,
            pipeline=self.pipeline,
            perceiver=self.perceiving,
            reasoner=self.reasoning,
            store=self.store,
            journal=journal,
            ahead=self.config.ahead,
        )

    def plan(self) -> Plan:
        """Look up what is cached and what remains."""
        plan = make_plan(self.benchmark, self.count, self.pipeline.perception, self.pipeline.reasoning, self.store)
        return plan.without_describing() if self.config.mode is Mode.REASONING else plan


@contextmanager
def assembled(
    config: RunConfig, registry: Registry, *, look_only: bool, ingesting: Ingesting | None = None
) -> Iterator[Parts]:
    """Build the parts, and close benchmark and store at the end.

    Args:
        look_only: build no backend and write nothing to the cache.

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
    with (
        open_benchmark(path, config.cache_dir, progress=ingesting) as benchmark,
        Store(config.cache_dir / STORE_NAME, read_only=look_only) as store,
    ):
        perceiving = CachedModel(None, store)
        perception = Perception(
            perceiving, identities["perceiver"], instruction=instruction, sampling=config.perception.to_sampling()
        )
        answering = CachedModel(None, store) if "reasoner" in specs else None
        reasoning = (
            Reasoning(answering, identities["reasoner"], sampling=config.reasoning.to_sampling()) if answering else None
        )
        pipeline = Pipeline(perception, reasoning, partial(score_choice, profile=profile))
        parts = Parts(config, benchmark, store, specs, identities, perceiving, answering, pipeline)
        if not look_only:
            _attach_backends(parts)
        yield parts


def _specs(config: RunConfig, registry: Registry) -> dict[str, tuple[str, ModelSpec]]:
    specs = {"perceiver": (config.perceiver, registry.find(config.perceiver))}
    if config.needs_reasoner:
        assert config.reasoner is not None
        specs["reasoner"] = (config.reasoner, _limited(config, registry.find(config.reasoner)))
    return specs


def _limited(config: RunConfig, spec: ModelSpec) -> ModelSpec:
    """Lay the run's own limits over the reasoner's."""
    names = ("requests_per_minute", "tokens_per_minute", "concurrency")
    given = {name: value for name in names if (value := getattr(config, name)) is not None}
    if not given:
        return spec
    if not isinstance(spec, ApiModel):
        raise ConfigError(f"{', '.join(given)}: reasoner {config.reasoner!r} is not behind an API, so it has no limits")
    return spec.model_copy(update={"limits": spec.limits.model_copy(update=given)})


def _attach_backends(parts: Parts) -> None:
    """Build the backends. One whose key is missing is left out where the cache answers everything anyway."""
    models = {"perceiver": parts.perceiving, "reasoner": parts.reasoning}
    for role, (name, spec) in parts.specs.items():
        model = models[role]
        if model is None or (role == "perceiver" and parts.config.mode is Mode.REASONING):
            continue
        try:
            model.backend = build_backend(name, pinned(spec, parts.identities[role]), parts.config.cache_dir)
        except ConfigError:
            if not _all_cached(parts, role):
                raise


def _all_cached(parts: Parts, role: str) -> bool:
    plan = parts.plan()
    stage = plan.perception if role == "perceiver" else plan.reasoning
    return stage is not None and stage.to_call == 0 and stage.unknown == 0
