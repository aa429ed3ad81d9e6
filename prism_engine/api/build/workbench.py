"""Resources shared by the runs of one command: one store per cache, one backend per distinct model."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, ExitStack, closing
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, Self

from prism_engine.api.build.code_trust import require_trust
from prism_engine.backends.base import Backend
from prism_engine.backends.factory import build_backend
from prism_engine.backends.load import WaitReason
from prism_engine.budget import BudgetController, ModelBudget
from prism_engine.cache import Store
from prism_engine.engine.turns import EngineUse, Turns
from prism_engine.stage import STAGES
from prism_engine.stages.meter import Meter

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from types import TracebackType

    from prism_engine.backends.load import Load
    from prism_engine.config import ModelSpec
    from prism_engine.records import Call, Completion, ModelIdentity
    from prism_engine.stage import StageKey
    from prism_engine.stages.cached import CachedModel


class BoundModel(NamedTuple):
    """A model that has a backend, with its identity and registry entry."""

    model: CachedModel
    identity: ModelIdentity
    spec: ModelSpec


class CallGate:
    """Whether new calls may be given to backends: closed while the user has paused the runs."""

    def __init__(self) -> None:
        self._open = asyncio.Event()
        self._open.set()

    @property
    def closed(self) -> bool:
        """Whether calls wait."""
        return not self._open.is_set()

    def close(self) -> None:
        """Let calls wait from now on."""
        self._open.clear()

    def open(self) -> None:
        """Let calls through again."""
        self._open.set()

    async def passed(self) -> None:
        """Wait until calls may pass."""
        await self._open.wait()


class BorrowedBackend(Backend):
    """A shared backend as lent to one run, which does not close it.

    Args:
        gate: holds the calls back while it is closed; None holds none back.
    """

    def __init__(self, backend: Backend, gate: CallGate | None = None) -> None:
        self.owned = backend
        self._gate = CallGate() if gate is None else gate

    def __repr__(self) -> str:
        return f"<Borrowed {self.owned!r}>"

    @property
    def capacity(self) -> int:  # noqa: D102 - the contract says it
        return self.owned.capacity

    @property
    def load(self) -> Load:  # noqa: D102
        load = self.owned.load
        return replace(load, waiting_for=WaitReason.HELD) if self._gate.closed else load

    async def generate(self, call: Call) -> Completion:  # noqa: D102
        if self._gate.closed:
            await self._gate.passed()
        return await self.owned.generate(call)

    def remember(self, call: Call) -> None:  # noqa: D102 - see Backend
        self.owned.remember(call)

    def drain(self) -> None:  # noqa: D102
        self.owned.drain()

    async def aclose(self) -> None:
        """Do nothing: the owner closes it."""


class Workbench:
    """Shared stores, budget controllers and backends; stores and controllers close when the block ends.

    One store per file, because claims on calls belong to the process. One backend per model, because an engine or a
    server takes minutes to start and most of a GPU, and because an API has one quota.

    Args:
        engines_at_once: maximum number of perceiver engines running at once; the others wait for their turn.

    Attributes:
        meters: the meter of each stage, over all runs.
        gate: holds back the calls of all runs while they are paused.
    """

    def __init__(self, engines_at_once: int = 1) -> None:
        self.meters: dict[StageKey, Meter] = {stage.key: Meter() for stage in STAGES}
        self.gate = CallGate()
        self._turns = Turns(engines_at_once)
        self._stores: dict[Path, Store] = {}
        self._controllers: dict[tuple[Path, int | None], BudgetController] = {}
        self._backends: dict[tuple[str, BudgetController | None], Backend] = {}
        self._opened = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._opened.close()

    def store(self, path: Path) -> Store:
        """Return the store of a file.

        Raises:
            StoreError: it cannot be opened.
        """
        if path not in self._stores:
            self._stores[path] = self._opened.enter_context(Store(path))
        return self._stores[path]

    def controller(self, path: Path, cap: int | None) -> BudgetController:
        """Return the budget controller of a ledger file under a cost cap (nano-dollars).

        Raises:
            StoreError: it cannot be opened.
        """
        key = (path, cap)
        if key not in self._controllers:
            self._controllers[key] = self._opened.enter_context(closing(BudgetController(path, cap)))
        return self._controllers[key]

    def lend(self, name: str, spec: ModelSpec, cache_dir: Path, budget: ModelBudget | None = None) -> Backend:
        """Return the backend of a registry entry; equal entries share one, whatever their names.

        Args:
            budget: pays for its requests; a backend is shared only among users of the same budget controller.

        Raises:
            ConfigError: as `build_backend` and `require_trust`.
        """
        require_trust(name, spec)
        key = (spec.model_dump_json(exclude={"about"}), budget.controller if budget is not None else None)
        if key not in self._backends:
            self._backends[key] = build_backend(name, spec, cache_dir, budget)
        return BorrowedBackend(self._backends[key], self.gate)

    @staticmethod
    def owner(backend: Backend | None) -> Backend | None:
        """Return the shared backend behind a borrowed one; any other backend as it is."""
        return backend.owned if isinstance(backend, BorrowedBackend) else backend

    def enlist(self, perceivers_by_run: Sequence[Sequence[BoundModel]]) -> list[tuple[EngineUse, ...]]:
        """Register each run's perceivers that are engines on this machine; return them per run, in order of turns.

        Engines take turns in the order in which the runs name them.
        """
        order: list[Backend] = []
        claims = []
        for models in perceivers_by_run:
            uses = []
            for model, identity, spec in models:
                backend = self.owner(model.backend)
                if backend is None or not spec.runs_locally:
                    continue
                turn = self._turns.enlist(id(backend), partial(self._close, backend))
                order += [backend] if backend not in order else []
                uses.append((order.index(backend), EngineUse(model, identity, turn)))
            claims.append(tuple(use for _, use in sorted(uses, key=lambda pair: pair[0])))
        return claims

    def hold(self, *, on: bool) -> None:
        """Send no further call of any run (on), or go on (off); calls in flight are not affected."""
        if on:
            self.gate.close()
        else:
            self.gate.open()
        for backend in self._backends.values():
            backend.hold(on=on)

    async def _close(self, backend: Backend) -> None:
        self._backends = {key: other for key, other in self._backends.items() if other is not backend}
        await backend.aclose()

    async def close_backends(self) -> None:
        """Stop every backend and wait until it is gone.

        One after another, because two vLLM engines that shut down at once on a busy machine miss vLLM's own deadline
        and leave shared memory behind. All are closed even if closing one is cancelled.
        """
        async with AsyncExitStack() as closing:
            for backend in reversed(self._backends.values()):
                closing.push_async_callback(backend.aclose)
            closing.push_async_callback(self._turns.settle)
