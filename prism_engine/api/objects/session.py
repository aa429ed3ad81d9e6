"""Resources shared by `Perception` and `Reasoning` objects: cache, ledger, engines, servers, event loop."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeAlias, TypeVar

from PIL import Image as PillowImage
from pydantic import TypeAdapter

from prism_engine.api.build.parts import STORE_NAME
from prism_engine.api.build.payments import payment_for
from prism_engine.api.build.resolve import resolve_model
from prism_engine.api.build.workbench import Workbench
from prism_engine.api.objects.loop_thread import LoopThread
from prism_engine.backends.factory import pinned
from prism_engine.budget import Spending
from prism_engine.config import load_registry
from prism_engine.config.bounds import Dollars
from prism_engine.config.models import parse_models
from prism_engine.config.run_config import default_cache_dir
from prism_engine.config.yaml_files import validated
from prism_engine.datasets.images import ImageStore, PictureError
from prism_engine.datasets.pixels import encode_pixels
from prism_engine.errors import ConfigError, UserError
from prism_engine.stages.cached import CachedModel

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping, Sequence
    from types import TracebackType

    import numpy as np

    from prism_engine.budget import BudgetController
    from prism_engine.config import ModelSpec
    from prism_engine.records import Image, ModelIdentity

T = TypeVar("T")
_MAX_COST: TypeAdapter[dict[str, Dollars | None]] = TypeAdapter(dict[str, Dollars | None])
ImageInput: TypeAlias = "str | Path | bytes | PillowImage.Image | np.ndarray[Any, Any]"
"""A picture: its file's path or bytes, a PIL image, or an array of uint8: (H, W, 3), RGB, or (H, W), grey."""


@dataclass(frozen=True)
class ConnectedModel:
    """A model ready to be called through its cache."""

    model: CachedModel
    identity: ModelIdentity
    spec: ModelSpec
    unusable: ConfigError | None
    """Why it answers only from the cache, such as a missing key; None if it can be called."""


class Closeable(ABC):
    """A context manager, sync or async, that closes itself on exit."""

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
        """Stop everything that was started. Idempotent."""

    @abstractmethod
    async def aclose(self) -> None:
        """Like `close`, without blocking the caller's event loop."""


class Session(Closeable):
    """Opens each resource on first use and closes it once; an engine or server starts with its first call.

    Models are connected once: two objects with the same model share its engine, limits and calls. Use it as a context
    manager, or call `close`; safe to call from multiple threads and event loops. A program that starts vLLM engines
    must guard its own code with `if __name__ == "__main__":`, because engine processes import it again.

    Args:
        cache_dir: folder of finished calls, shared with `prism run`; None takes the default one.
        results_dir: folder of the cost ledger.
        max_cost: cost cap in US dollars for all calls on that ledger together; None means no cap.
        models: your own registry entries by name, in the format of `configs/models.yaml`.
        models_files: files of such entries, as `--models-file`.

    Raises:
        ConfigError: an entry or a file is invalid.
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
        self._max_cost = validated(_MAX_COST, {"max_cost": max_cost}, "Session")["max_cost"]
        self.registry = load_registry([Path(file) for file in models_files]).merged(
            parse_models(dict(models or {}), "models")
        )
        self._cache_dir = Path(cache_dir).expanduser() if cache_dir is not None else default_cache_dir()
        self._results_dir = Path(results_dir).expanduser()
        self._images = ImageStore(self._cache_dir / "images")
        self._thread = LoopThread()
        self._shared = Workbench()
        self._connected: dict[str, ConnectedModel] = {}
        self._spending: Spending | None = None
        self._unpriced: list[str] = []

    def __repr__(self) -> str:
        return f"<Session {', '.join(self._connected) or 'with no model yet'}, cache {self._cache_dir}>"

    @property
    def spending(self) -> Spending:
        """Cost of this session's calls so far."""
        return self._spending or Spending(None, self._unpriced)

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine that uses this session's models and block until it returns; see `LoopThread.run`."""
        return self._thread.run(coroutine)

    async def arun(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Like `run`, awaited from an event loop."""
        return await self._thread.arun(coroutine)

    def connect(self, name: str) -> ConnectedModel:
        """Return the model of that name; call it in the session's loop.

        Raises:
            ConfigError: it cannot be identified, or there is a cost cap and its price is unknown.
            StoreError: the cache or the ledger cannot be opened.
        """
        if name not in self._connected:
            self._connected[name] = self._connect(name)
        return self._connected[name]

    def pictures(self, given: ImageInput | Sequence[ImageInput]) -> tuple[Image, ...]:
        """Store pictures in the cache and return the references that calls use.

        Files and bytes are used exactly as they are. PIL images and arrays are encoded as PNG (see `encode_pixels`), so
        the same pixels make the same calls.

        Raises:
            UserError: there is none, or one cannot be read as a picture.
            StoreError: the cache cannot be written.
        """
        is_one = isinstance(given, (str, Path, bytes, PillowImage.Image)) or hasattr(given, "shape")  # an array
        pictures: list[Any] = list(given) if isinstance(given, Iterable) and not is_one else [given]
        if not pictures:
            raise UserError("no picture was given")
        return tuple(self._picture(picture, number) for number, picture in enumerate(pictures, start=1))

    def close(self) -> None:
        """Cancel calls in flight, stop engines and servers, and close the cache and the ledger. Idempotent."""
        try:
            self._thread.close(self._shared.close_backends)
        finally:
            self._shared.__exit__(None, None, None)

    async def aclose(self) -> None:
        """Like `close`, without blocking the caller's event loop."""
        await asyncio.to_thread(self.close)

    def _connect(self, name: str) -> ConnectedModel:
        resolved = resolve_model(name, self.registry.find(name), self._cache_dir)
        spec, identity = resolved.spec, resolved.identity
        model = CachedModel(None, self._shared.store(self._cache_dir / STORE_NAME))
        payment = payment_for(resolved, self._results_dir, self._max_cost, self._controller)
        if payment.unpriced:
            self._unpriced.append(name)
        unusable = None
        try:
            model.backend = self._shared.lend(name, pinned(spec, identity), self._cache_dir, payment.budget)
        except ConfigError as error:  # cached calls can still be answered
            unusable = error
        return ConnectedModel(model, identity, spec, unusable)

    def _controller(self, path: Path, cap: int | None) -> BudgetController:
        controller = self._shared.controller(path, cap)
        self._spending = self._spending or Spending(controller, self._unpriced)
        return controller

    def _picture(self, given: ImageInput, number: int) -> Image:
        where = str(given) if isinstance(given, (str, Path)) else f"picture {number}"
        try:
            return self._images.put(_encoded(given))
        except PictureError as error:
            raise UserError(f"{where}: {error}") from error
        except (OSError, ValueError) as error:
            hint = "; download it first" if where.startswith(("http://", "https://")) else ""
            raise UserError(f"{where}: cannot be read as a picture file ({error}){hint}") from error


def _encoded(picture: ImageInput) -> bytes:
    if isinstance(picture, bytes):
        return picture
    if isinstance(picture, (str, Path)):
        return Path(picture).expanduser().read_bytes()
    import numpy as np  # noqa: PLC0415 - only for pixels in memory

    if isinstance(picture, (PillowImage.Image, np.ndarray)):
        return encode_pixels(picture)
    raise PictureError(
        f"is of type {type(picture).__name__}; it must be a path, bytes, a PIL image or a NumPy array of uint8"
    )
