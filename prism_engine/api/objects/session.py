"""What several `Perception` and `Reasoning` objects share: cache, ledger, engines and servers, and their event loop."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

from prism_engine.api.build.parts import STORE_NAME
from prism_engine.api.build.payments import payment_for
from prism_engine.api.build.shared import SharedResources
from prism_engine.api.objects.loop_thread import LoopThread
from prism_engine.backends.factory import identify_model, pinned
from prism_engine.budget import Spending
from prism_engine.config import load_registry
from prism_engine.config.models import parse_models
from prism_engine.config.run_config import default_cache_dir
from prism_engine.datasets.images import ImageStore, PictureError
from prism_engine.errors import ConfigError, UserError
from prism_engine.stages.cached import CachedModel

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping, Sequence
    from types import TracebackType

    from prism_engine.budget import BudgetController
    from prism_engine.config import ModelSpec
    from prism_engine.records import Image, ModelIdentity

T = TypeVar("T")
ImageInput = str | Path | bytes
"""A picture: the path of its file, or the file's bytes."""


@dataclass(frozen=True)
class ConnectedModel:
    """A model that may be called."""

    model: CachedModel
    identity: ModelIdentity
    spec: ModelSpec
    unusable: ConfigError | None
    """Why it answers from the cache alone, such as a missing key; None where it is called."""


class Closeable(ABC):
    """What a `with` block closes at its end, blocking or awaited."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    @abstractmethod
    def close(self) -> None:
        """Stop what was started. Idempotent."""

    @abstractmethod
    async def aclose(self) -> None:
        """Do the same without holding up the caller's event loop."""


class Session(Closeable):
    """Opens everything at its first use and closes it once; engines and servers start with the first call they get.

    Models are connected once: two objects with the same model share its engine, its limits and its calls. Use it as a
    context manager, or call `close`; callable from several threads and event loops. A program that starts vLLM engines
    keeps its own code below `if __name__ == "__main__":`, since engines are processes that import it anew.

    Args:
        cache_dir: finished calls, shared with `prism run`; None takes the usual one.
        results_dir: where the ledger of what calls cost lies.
        max_cost: US dollars that all calls on that ledger may cost together; None keeps no limit.
        models: entries of the registry of one's own, by name; `configs/models.yaml` shows their shape.
        models_files: files of such entries, as `--models-file`.

    Raises:
        ConfigError: an entry or a file is wrong.
    """

    def __init__(
        self,
        *,
        cache_dir: str | Path | None = None,
        results_dir: str | Path = "results",
        max_cost: float | None = None,
        models: Mapping[str, Any] | None = None,
        models_files: Sequence[str | Path] = (),
    ) -> None:
        if max_cost is not None and max_cost < 0:
            raise ConfigError(f"max_cost: {max_cost} is below 0")
        self.registry = load_registry([Path(one) for one in models_files]).merged(
            parse_models(dict(models or {}), "models")
        )
        self._cache_dir = Path(cache_dir).expanduser() if cache_dir is not None else default_cache_dir()
        self._results_dir = Path(results_dir).expanduser()
        self._max_cost = None if max_cost is None else Decimal(str(max_cost))
        self._images = ImageStore(self._cache_dir / "images")
        self._thread = LoopThread()
        self._shared = SharedResources()
        self._connected: dict[str, ConnectedModel] = {}
        self._spending: Spending | None = None
        self._unpriced: list[str] = []

    def __repr__(self) -> str:
        return f"<Session {', '.join(self._connected) or 'with no model yet'}, cache {self._cache_dir}>"

    @property
    def spending(self) -> Spending:
        """What the calls of this session have cost so far."""
        return self._spending or Spending(None, self._unpriced)

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Wait for a coroutine that uses this session's models; see `LoopThread.run`."""
        return self._thread.run(coroutine)

    async def arun(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Do the same from an event loop."""
        return await self._thread.arun(coroutine)

    def connect(self, name: str) -> ConnectedModel:
        """Return the model of that name; call it in the session's loop.

        Raises:
            ConfigError: it cannot be identified, or its price is not known and there is a cap.
            StoreError: the cache or the ledger cannot be opened.
        """
        if name not in self._connected:
            self._connected[name] = self._connect(name)
        return self._connected[name]

    def pictures(self, given: ImageInput | Sequence[ImageInput]) -> tuple[Image, ...]:
        """Keep pictures in the cache and return what calls name them by.

        Raises:
            UserError: there is none, or one cannot be read as a picture.
            StoreError: the cache cannot be written.
        """
        many = [given] if isinstance(given, (str, Path, bytes)) else list(given)
        if not many:
            raise UserError("no picture is given")
        return tuple(self._picture(one, number) for number, one in enumerate(many, start=1))

    def close(self) -> None:
        """Stop engines and servers, and close the cache and the ledger; calls under way are given up. Idempotent."""
        try:
            self._thread.close(self._shared.close_backends)
        finally:
            self._shared.__exit__(None, None, None)

    async def aclose(self) -> None:
        """Do the same without holding up the event loop of the caller."""
        await asyncio.to_thread(self.close)

    def _connect(self, name: str) -> ConnectedModel:
        spec = self.registry.find(name)
        identity = identify_model(name, spec, self._cache_dir)
        model = CachedModel(None, self._shared.store(self._cache_dir / STORE_NAME))
        paying = payment_for(name, spec, self._results_dir, self._max_cost, self._controller)
        if paying.unpriced:
            self._unpriced.append(name)
        unusable = None
        try:
            model.backend = self._shared.lend(name, pinned(spec, identity), self._cache_dir, paying.budget)
        except ConfigError as error:  # what is in the cache is answered all the same
            unusable = error
        return ConnectedModel(model, identity, spec, unusable)

    def _controller(self, path: Path, cap: int | None) -> BudgetController:
        controller = self._shared.controller(path, cap)
        self._spending = self._spending or Spending(controller, self._unpriced)
        return controller

    def _picture(self, given: ImageInput, number: int) -> Image:
        where = f"picture {number}" if isinstance(given, bytes) else str(given)
        try:
            return self._images.put(given if isinstance(given, bytes) else Path(given).expanduser().read_bytes())
        except PictureError as error:
            raise UserError(f"{where}: {error}") from error
        except (OSError, ValueError) as error:
            hint = "; download it first" if where.startswith(("http://", "https://")) else ""
            raise UserError(f"{where}: cannot be read as a picture's file ({error}){hint}") from error
