"""What the runs of one command share: one store per cache, one backend per distinct model, each closed once."""

from __future__ import annotations

from contextlib import AsyncExitStack, ExitStack, closing
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, Self

from prism_engine.backends.base import Backend
from prism_engine.backends.factory import build_backend
from prism_engine.budget import BudgetController, ModelBudget
from prism_engine.cache import Store
from prism_engine.config import ApiModel, VllmModel
from prism_engine.engine.turns import EngineUse, Turns
from prism_engine.stages.meter import Meter

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from types import TracebackType

    from prism_engine.backends.load import Load
    from prism_engine.config import ModelSpec
    from prism_engine.records import Call, Completion, ModelIdentity
    from prism_engine.stages.cached import CachedModel


class BoundModel(NamedTuple):
    """A model that has a backend, with what identifies it."""

    model: CachedModel
    identity: ModelIdentity
    spec: ModelSpec


class BorrowedBackend(Backend):
    """A backend that outlives the run that uses it."""

    def __init__(self, backend: Backend) -> None:
        self.owned = backend

    def __repr__(self) -> str:
        return f"<Borrowed {self.owned!r}>"

    @property
    def capacity(self) -> int:  # noqa: D102 - the contract says it
        return self.owned.capacity

    @property
    def load(self) -> Load:  # noqa: D102
        return self.owned.load

    async def generate(self, call: Call) -> Completion:  # noqa: D102
        return await self.owned.generate(call)

    def drain(self) -> None:  # noqa: D102
        self.owned.drain()

    async def aclose(self) -> None:
        """Leave it to its owner."""


class SharedResources:
    """Stores and backends by what they stand for; the stores close when the block ends.

    One store per file, because claims on calls belong to the process; one backend per model, because an engine or a
    server takes minutes to start and most of a GPU, and because an API's quota is one.

    Args:
        engines_at_once: engines that see and may be up together; the others wait for their turn.

    Attributes:
        describing, answering, writing: what all runs do in this stage together.
    """

    def __init__(self, engines_at_once: int = 1) -> None:
        self.describing, self.answering, self.writing = Meter(), Meter(), Meter()
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
        """Return the till of a ledger's file under a cap (nano-dollars).

        Raises:
            StoreError: it cannot be opened.
        """
        key = (path, cap)
        if key not in self._controllers:
            self._controllers[key] = self._opened.enter_context(closing(BudgetController(path, cap)))
        return self._controllers[key]

    def lend(self, name: str, spec: ModelSpec, cache_dir: Path, budget: ModelBudget | None = None) -> Backend:
        """Return the backend of a registry entry, the same one for equal entries whatever their names.

        Args:
            purse: pays for its requests; a backend is shared only by those who pay from the same till.

        Raises:
            ConfigError: as `build_backend`.
        """
        key = (spec.model_dump_json(exclude={"about"}), budget.controller if budget is not None else None)
        if key not in self._backends:
            self._backends[key] = build_backend(name, spec, cache_dir, budget)
        return BorrowedBackend(self._backends[key])

    @staticmethod
    def owner(backend: Backend | None) -> Backend | None:
        """Return what stands behind a backend that was lent."""
        return backend.owned if isinstance(backend, BorrowedBackend) else backend

    def enlist(self, many: Sequence[Sequence[BoundModel]]) -> list[tuple[EngineUse, ...]]:
        """Let each run claim those of its seeing models that are engines on this machine, in the order of their turns.

        Runs claim in their order, so engines take turns in the order in which runs name them.
        """
        order: list[Backend] = []
        claims = []
        for models in many:
            mine = []
            for model, identity, spec in models:
                backend = self.owner(model.backend)
                if backend is None or not takes_a_gpu(spec):
                    continue
                turn = self._turns.enlist(id(backend), partial(self._close, backend))
                order += [backend] if backend not in order else []
                mine.append((order.index(backend), EngineUse(model, identity, turn)))
            claims.append(tuple(one for _, one in sorted(mine, key=lambda pair: pair[0])))
        return claims

    async def _close(self, backend: Backend) -> None:
        self._backends = {key: other for key, other in self._backends.items() if other is not backend}
        await backend.aclose()

    async def close_backends(self) -> None:
        """Stop whatever was started and wait until it is gone.

        One after another, because two vLLM engines that end at once on a busy machine miss vLLM's own deadline and
        leave shared memory behind; all of them, also where closing one is cancelled.
        """
        async with AsyncExitStack() as closing:
            for backend in reversed(self._backends.values()):
                closing.push_async_callback(backend.aclose)
            closing.push_async_callback(self._turns.settle)


def takes_a_gpu(spec: ModelSpec) -> bool:
    """Say whether a model runs on this machine, as an engine in this process or as a server of this run's own."""
    return isinstance(spec, VllmModel) or (isinstance(spec, ApiModel) and spec.server is not None)
