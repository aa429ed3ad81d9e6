"""Prepares the runs of one command: assigns names, folders, journals and turns on engines."""

from __future__ import annotations

from collections import Counter, defaultdict
from contextlib import closing
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from prism_engine.api.build.perception_side import perceiver_roles
from prism_engine.api.results.model_folders import GIVEN, Origin
from prism_engine.api.results.run_folder import Layout
from prism_engine.engine.journal import Journal
from prism_engine.engine.pace import Pace
from prism_engine.engine.progress import Progress
from prism_engine.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import ExitStack
    from pathlib import Path

    from prism_engine.api.build.parts import Parts
    from prism_engine.api.build.workbench import Workbench
    from prism_engine.engine.pace import PaceMember
    from prism_engine.engine.runner import Run
    from prism_engine.engine.turns import EngineUse

_NAME_FIELDS = (
    *("benchmark", "samples", "perceiver_label", "merge", "pictures", "instruction_label", "reasoner_label"),
    *("effort_label", "mode"),
    *("answer_kind", "profile"),
)
"""Fields that runs are named by."""


@dataclass(frozen=True)
class PreparedRun:
    """One run, ready to execute."""

    name: str
    parts: Parts
    layout: Layout
    journal: Journal
    engines: tuple[EngineUse, ...]
    retry_only: frozenset[int] | None = None
    """Positions of the samples that calls are made for; None means all."""
    pace: PaceMember | None = None
    """See `Run.pace`."""

    @cached_property
    def progress(self) -> Progress:
        """The run's progress, for displays."""
        parts = self.parts
        spending, folder = parts.spending(self.name), self.layout.folder
        return Progress(parts.sample_count, parts.meters, name=self.name, spending=spending, folder=folder)

    def run(self) -> Run:
        """Return the run to execute."""
        return replace(self.parts.run(self.journal, self.retry_only), engines=self.engines, pace=self.pace)


def prepare_runs(every_parts: Sequence[Parts], shared: Workbench, opened: ExitStack) -> list[PreparedRun]:
    """Give each run a name, a turn on the engines it uses, and a folder that no other run may write to.

    Raises:
        ConfigError: two of them have the same folder, or another process is writing into one.
        UserError: a run is to retry failed samples, but has no earlier results; or its earlier results are of a newer
            version of prism.
    """
    names: dict[Path, str] = {}
    planned = []
    name_counts: Counter[str] = Counter()
    for name, parts in zip(names_of(every_parts), every_parts, strict=True):
        origins = {role: Origin.of(identity) for role, identity in parts.identities.items()}
        if parts.given is not None:
            origins[GIVEN] = Origin(None, {"sha256": parts.given.table.sha256})
        layout = Layout.of(parts.config, parts.benchmark.name, parts.benchmark.sha256, origins)
        if (other := names.get(layout.folder)) is not None:
            both = f"runs {other!r} and {name!r}" if name != other else "two identical runs"
            raise ConfigError(f"{layout.folder}: {both} would write their results here; start them one after the other")
        layout.require_known()
        names[layout.folder] = name
        name_counts[name] += 1
        # Runs may differ in settings that are not part of the name; their costs and progress must stay separate.
        unique_name = name if name_counts[name] == 1 else f"{name} ({name_counts[name]})".lstrip()
        planned.append((unique_name, parts, layout, layout.failed_before() if parts.config.retry_failed else None))
    engines = _engine_uses(every_parts, shared)
    return [
        PreparedRun(
            name,
            parts,
            layout,
            opened.enter_context(closing(Journal(layout.folder / "journal.jsonl", len(parts.samples)))),
            uses,
            retry_only,
            pace,
        )
        for (name, parts, layout, retry_only), uses, pace in zip(planned, engines, _paces(every_parts), strict=True)
    ]


def _paces(every_parts: Sequence[Parts]) -> list[PaceMember | None]:
    """Let the runs that answer the same samples under a cost cap advance together."""
    groups: defaultdict[tuple[str, int, int], list[int]] = defaultdict(list)
    for number, parts in enumerate(every_parts):
        if parts.config.max_cost is not None:
            groups[parts.benchmark.sha256, parts.sample_count, len(parts.samples)].append(number)
    paces: list[PaceMember | None] = [None] * len(every_parts)
    for members in groups.values():
        capacity = max(model.capacity for number in members for model in every_parts[number].models.values())
        pace = Pace.of(every_parts[members[0]].sample_count, capacity)
        if len(members) > 1:
            for number in members:
                paces[number] = pace.join()
    return paces


def names_of(every_parts: Sequence[Parts]) -> list[str]:
    """Name the runs by the fields in which they differ; a benchmark by its short name if that is unambiguous."""
    fields = [
        field for field in _NAME_FIELDS if len({getattr(parts.config, field) for parts in every_parts} - {None}) > 1
    ]
    by_name = {parts.config.benchmark: parts.benchmark.name for parts in every_parts}
    if len(set(by_name.values())) < len(by_name):
        by_name = {path: path for path in by_name}
    values = [[getattr(parts.config, field) for field in fields] for parts in every_parts]
    return [" ".join(str(by_name.get(value, value)) for value in row if value is not None) for row in values]


def _engine_uses(every_parts: Sequence[Parts], shared: Workbench) -> list[tuple[EngineUse, ...]]:
    """Register each run's perceiver engines; one that also reasons or writes hints is always up and takes no turns."""
    resident = {
        id(shared.owner(model.backend))
        for parts in every_parts
        for role, model in parts.models.items()
        if role not in perceiver_roles(parts.specs) and model.backend is not None
    }
    perceivers = [
        [bound for bound in parts.bound_perceivers() if id(shared.owner(bound.model.backend)) not in resident]
        for parts in every_parts
    ]
    return shared.enlist(perceivers)
