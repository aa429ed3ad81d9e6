"""The perception side of a run: its perceivers and the source of their hints."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from prism_engine.api.build.instruction_sources import hints_by_row, writer_of
from prism_engine.config.choices import perceivers_of
from prism_engine.datasets import GivenTable
from prism_engine.errors import ConfigError
from prism_engine.prompts import hint_shots
from prism_engine.stages.cached import CachedModel
from prism_engine.stages.context import FixedContext, gold_description, joined, nothing
from prism_engine.stages.hint_sources import FileHints, InstructionBuilder, ModelHints
from prism_engine.stages.merging import MergedContext
from prism_engine.stages.meter import Meter
from prism_engine.stages.perception import PerceiverContext

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from prism_engine.api.build.instruction_sources import Instruction
    from prism_engine.backends.load import Load
    from prism_engine.cache import Store
    from prism_engine.config import Registry, RunConfig
    from prism_engine.datasets import Benchmark, Coverage
    from prism_engine.records import ModelIdentity
    from prism_engine.stage import StageKey
    from prism_engine.stages.context import Context
    from prism_engine.stages.hint_sources import HintSource

WRITER = "writer"
PERCEIVER = "perceiver"
"""The role of the first perceiver; further ones are `perceiver_2` and so on."""


def perception_roles(config: RunConfig, registry: Registry) -> dict[str, str]:
    """Return the names of a run's perceivers and hint writer by role, in the order in which descriptions are joined.

    Raises:
        ConfigError: multiple perceivers in a mode that takes one; or as `perceivers_of` and `writer_of`.
    """
    names: dict[str, str] = {}
    if config.calls_perceiver:
        every = perceivers_of(str(config.perceiver), registry)
        if len(every) > 1 and not config.mode.describes:
            raise ConfigError(
                f"perceiver {config.perceiver!r}: mode {config.mode.name!r} takes one perceiver; name only one"
            )
        names = {f"{PERCEIVER}_{number}" if number > 1 else PERCEIVER: name for number, name in enumerate(every, 1)}
    if (writer := writer_of(config)) is not None:
        names[WRITER] = writer
    return names


def perceiver_roles(roles: Iterable[str]) -> list[str]:
    """Return the roles of the perceivers, in their order."""
    return [role for role in roles if role.startswith(PERCEIVER)]


def cache_only_roles(config: RunConfig, roles: Iterable[str]) -> set[str]:
    """Return the roles whose calls come only from the cache: the whole perception side in mode `reasoning`."""
    return {*perceiver_roles(roles), WRITER} if config.mode.cached_only else set()


@dataclass(frozen=True)
class PerceptionSide:
    """The perceivers and their hint source, without backends yet."""

    stages: dict[StageKey, dict[str, CachedModel]]
    """The models of each stage, by role. The perceivers share one meter."""
    context: Context
    hint_source: HintSource | None


def build_perception_side(
    config: RunConfig,
    instruction: Instruction,
    identities: Mapping[str, ModelIdentity],
    *,
    benchmark: Benchmark,
    store: Store,
    given: GivenDescriptions | None = None,
    counting: PerceptionSide | None = None,
) -> PerceptionSide:
    """Build the perception side.

    Args:
        given: descriptions that replace the perceivers'.
        counting: a side whose meters to count into.

    Raises:
        ConfigError: the hints file belongs to another benchmark.
    """
    describers = [role for role in identities if role.startswith(PERCEIVER)] if config.describes else []

    def load() -> Load:
        loads = [model.load() for model in perceivers.values()]
        shown = next((waiting for waiting in loads if waiting.waiting_for is not None), loads[-1])
        return replace(shown, starting=any(one.starting for one in loads))

    meters = {"perceive": Meter(load=load)} if counting is None else meters_of(counting.stages)
    perceivers = {role: CachedModel(None, store, meters["perceive"]) for role in describers}
    writers = {WRITER: CachedModel(None, store, meters.get("write"))} if WRITER in identities else {}

    def context(text: str) -> Context:
        if given is not None:
            return FixedContext(joined(given.table.texts))
        if not describers:
            return FixedContext(gold_description if config.mode.source == "gold" else nothing)
        sampling = config.perception.to_sampling()
        contexts = [
            PerceiverContext(model, identities[role], instruction=text, sampling=sampling, pictures=config.pictures)
            for role, model in perceivers.items()
        ]
        return contexts[0] if len(contexts) == 1 else MergedContext(contexts, config.merge)

    builder = InstructionBuilder(instruction.text, context)
    hint_source: HintSource | None = None
    if writers:
        shots, sampling = hint_shots(benchmark.name), config.writing.to_sampling()
        hint_source = ModelHints(writers[WRITER], identities[WRITER], builder, shots=shots, sampling=sampling)
    elif instruction.listed is not None and describers:
        hint_source = FileHints(builder, hints_by_row(instruction.listed, benchmark, instruction.name))
    stages: dict[StageKey, dict[str, CachedModel]] = {"write": writers, "perceive": perceivers}
    return PerceptionSide(stages, context(instruction.text), hint_source)


def meters_of(stages: Mapping[StageKey, Mapping[str, CachedModel]]) -> dict[StageKey, Meter]:
    """Return the meter of each stage that has models."""
    return {key: next(iter(models.values())).meter for key, models in stages.items() if models}


@dataclass(frozen=True)
class GivenDescriptions:
    """Descriptions from a file instead of from a model of the run."""

    table: GivenTable
    coverage: Coverage

    def as_json(self) -> dict[str, Any]:
        """Return the manifest's record of them."""
        return {
            "path": str(self.table.path),
            "sha256": self.table.sha256,
            "by": self.table.by,
            "texts": len(self.table),
            "samples_without_one": self.coverage.missing,
            "rows_of_no_sample": self.coverage.unknown,
        }


def given_descriptions(config: RunConfig, benchmark: Benchmark) -> GivenDescriptions | None:
    """Return a run's descriptions from a file; None if it has none or its mode uses none.

    Raises:
        DatasetError: they cannot be read or do not match the benchmark; mode `oracle` lacks gold descriptions.
    """
    count = min(len(benchmark), config.samples or len(benchmark))
    if config.descriptions is not None and (config.mode.source != "none" or config.mode.hints_only):
        table = GivenTable(config.descriptions)
        return GivenDescriptions(table, table.check(benchmark, count, skip=config.missing_descriptions == "skip"))
    if config.mode.source == "gold":
        benchmark.require_gold(count)
    return None
