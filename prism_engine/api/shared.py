"""What the runs of one command share: one store per cache, one backend per distinct model, each closed once."""

from __future__ import annotations

from contextlib import AsyncExitStack, ExitStack, closing
from typing import TYPE_CHECKING, Self

from prism_engine.backends.base import Backend
from prism_engine.backends.factory import build_backend
from prism_engine.budget import Purse, Till
from prism_engine.cache import Store

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path
    from types import TracebackType

    from prism_engine.backends.load import Load
    from prism_engine.config import ModelSpec
    from prism_engine.records import Call, Completion


class Lent(Backend):
    """A backend that outlives the run that uses it."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def __repr__(self) -> str:
        return f"<Lent {self._backend!r}>"

    @property
    def capacity(self) -> int:  # noqa: D102 - the contract says it
        return self._backend.capacity

    @property
    def load(self) -> Load:  # noqa: D102 - the contract says it
        return self._backend.load

    async def generate(self, call: Call) -> Completion:  # noqa: D102
        return await self._backend.generate(call)

    def drain(self) -> None:  # noqa: D102
        self._backend.drain()

    async def aclose(self) -> None:
        """Leave it to its owner."""


class Shared:
    """Stores and backends by what they stand for; the stores close when the block ends.

    One store per file, because claims on calls belong to the process; one backend per model, because an engine or a
    server takes minutes to start and most of a GPU, and because an API's quota is one.
    """

    def __init__(self) -> None:
        self._stores: dict[Path, Store] = {}
        self._tills: dict[tuple[Path, int | None], Till] = {}
        self._backends: dict[tuple[str, Till | None], Backend] = {}
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

    def till(self, path: Path, cap: int | None) -> Till:
        """Return the till of a ledger's file under a cap (nano-dollars).

        Raises:
            StoreError: it cannot be opened.
        """
        key = (path, cap)
        if key not in self._tills:
            self._tills[key] = self._opened.enter_context(closing(Till(path, cap)))
        return self._tills[key]

    def lend(self, name: str, spec: ModelSpec, cache_dir: Path, purse: Purse | None = None) -> Backend:
        """Return the backend of a registry entry, the same one for equal entries whatever their names.

        Args:
            purse: pays for its requests; a backend is shared only by those who pay from the same till.

        Raises:
            ConfigError: as `build_backend`.
        """
        key = (spec.model_dump_json(exclude={"about"}), purse.till if purse is not None else None)
        if key not in self._backends:
            self._backends[key] = build_backend(name, spec, cache_dir, purse)
        return Lent(self._backends[key])

    async def close_all_but(self, needed: Iterable[Backend]) -> None:
        """Stop what no later run uses: on one GPU the next engine needs its memory.

        Args:
            needed: lent backends that go on.
        """
        kept = {id(backend._backend) for backend in needed if isinstance(backend, Lent)}  # noqa: SLF001 - its owner
        for key, backend in list(self._backends.items()):
            if id(backend) not in kept:
                await backend.aclose()
                del self._backends[key]  # only now: where closing is cancelled, it is closed at the end

    async def close_backends(self) -> None:
        """Stop whatever was started and wait until it is gone.

        One after another, because two vLLM engines that end at once on a busy machine miss vLLM's own deadline and
        leave shared memory behind; all of them, also where closing one is cancelled.
        """
        async with AsyncExitStack() as closing:
            for backend in reversed(self._backends.values()):
                closing.push_async_callback(backend.aclose)
