"""The runs of one command, ready: each with its name, its folder, its journal, and its claim on engines."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from prism_engine.api.build.perception_side import WRITER
from prism_engine.api.results.run_folder import Layout
from prism_engine.config import Mode
from prism_engine.engine.journal import Journal
from prism_engine.engine.progress import Progress
from prism_engine.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import ExitStack
    from pathlib import Path

    from prism_engine.api.build.parts import Parts
    from prism_engine.api.build.shared import SharedResources
    from prism_engine.engine.runner import Run
    from prism_engine.engine.turns import EngineUse

_NAME_FIELDS = (
    *("benchmark", "samples", "perceiver_label", "merge", "pictures", "instruction_label", "reasoner_label", "mode"),
    *("answer_kind", "profile"),
)
"""What tells runs apart for people."""


@dataclass(frozen=True)
class PreparedRun:
    """One of the runs, ready."""

    name: str
    parts: Parts
    layout: Layout
    journal: Journal
    engines: tuple[EngineUse, ...]
    retry_only: frozenset[int] | None = None
    """Positions of the samples that calls are made for; None is all."""

    @cached_property
    def progress(self) -> Progress:
        """What a display reads while it goes on."""
        describing, answering = self.parts.describing, self.parts.answering
        return Progress(
            self.parts.sample_count,
            describing.meter if describing else None,
            answering.meter if answering else None,
            name=self.name,
            spending=self.parts.spending(self.name),
            answerer="perceiver" if self.parts.config.mode is Mode.DIRECT else "reasoner",
            writing=self.parts.writing.meter if self.parts.writing else None,
        )

    def run(self) -> Run:
        """Return the run that it makes."""
        return replace(self.parts.run(self.journal, self.retry_only), engines=self.engines)


def prepare_runs(many: Sequence[Parts], shared: SharedResources, opened: ExitStack) -> list[PreparedRun]:
    """Give each run its name, its place among the engines' users, and its folder, which no other one may write into.

    Raises:
        ConfigError: two of them have the same folder, or another process is writing into one.
        UserError: one tries again what failed before, and there are no results of before.
    """
    names: dict[Path, str] = {}
    planned = []
    alike: Counter[str] = Counter()
    for name, parts in zip(names_of(many), many, strict=True):
        layout = Layout.of(parts.config, parts.benchmark.name, parts.benchmark.sha256)
        if (other := names.get(layout.folder)) is not None:
            both = f"runs {other!r} and {name!r}" if name != other else "two equal runs"
            raise ConfigError(f"{layout.folder}: {both} would write their results here; start them one after the other")
        names[layout.folder] = name
        alike[name] += 1
        # They may differ in settings that are not part of the name; payments and progress must stay apart.
        own = name if alike[name] == 1 else f"{name} ({alike[name]})".lstrip()
        planned.append((own, parts, layout, layout.failed_before() if parts.config.retry_failed else None))
    engines = _claims(many, shared)
    return [
        PreparedRun(
            name,
            parts,
            layout,
            opened.enter_context(closing(Journal(layout.folder / "journal.jsonl", len(parts.samples)))),
            mine,
            retry_only,
        )
        for (name, parts, layout, retry_only), mine in zip(planned, engines, strict=True)
    ]


def names_of(many: Sequence[Parts]) -> list[str]:
    """Name the runs by what tells them apart; a benchmark by its own name where that is enough."""
    fields = [field for field in _NAME_FIELDS if len({getattr(parts.config, field) for parts in many} - {None}) > 1]
    by_name = {parts.config.benchmark: parts.benchmark.name for parts in many}
    if len(set(by_name.values())) < len(by_name):
        by_name = {path: path for path in by_name}
    values = [[getattr(parts.config, field) for field in fields] for parts in many]
    return [" ".join(str(by_name.get(value, value)) for value in row if value is not None) for row in values]


def _claims(many: Sequence[Parts], shared: SharedResources) -> list[tuple[EngineUse, ...]]:
    """Enlist each run for the engines that it sees with; one that reasons or writes for somebody is always up."""
    resident = {
        id(shared.owner(model.backend))
        for parts in many
        for role, model in parts.models.items()
        if role in ("reasoner", WRITER) and model.backend is not None
    }
    perceivers = [
        [one for one in parts.bound_perceivers() if id(shared.owner(one.model.backend)) not in resident]
        for parts in many
    ]
    return shared.enlist(perceivers)
