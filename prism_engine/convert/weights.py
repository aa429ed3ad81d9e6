"""A checkpoint's tensors, read and written one at a time: models larger than memory pass through."""

from __future__ import annotations

import contextlib
from pickle import UnpicklingError
from typing import TYPE_CHECKING, Any, Self

import orjson
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from prism_engine.errors import ConfigError, UserError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import TracebackType

SHARD_BYTES = 4_000_000_000
"""A file of weights is closed when it holds this much."""


def read_json(path: Path) -> dict[str, Any]:
    """Return a JSON object.

    Raises:
        ConfigError: the file is absent, or holds none.
    """
    try:
        content = orjson.loads(path.read_bytes())
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror}); is this the right folder?") from error
    except orjson.JSONDecodeError as error:
        raise ConfigError(f"{path}: is not JSON ({error}); was it downloaded whole?") from error
    if not isinstance(content, dict):
        raise ConfigError(f"{path}: must hold a JSON object")
    return content


class Weights:
    """The tensors of a folder, by name, read when they are asked for: `*.safetensors`, else `*.bin`.

    Raises:
        ConfigError: the folder holds no weights, or a file of them is damaged.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        files = sorted(folder.glob("*.safetensors")) or sorted(folder.glob("*.bin"))
        self._opened = contextlib.ExitStack()
        self._files: dict[str, Any] = {}
        for path in files:
            held = self._open(path)
            self._files.update(dict.fromkeys(held.keys(), held))
        if not self._files:
            raise ConfigError(f"{folder}: no weights here (*.safetensors or *.bin); was it downloaded whole?")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._files.clear()
        self._opened.close()

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._files))

    def __contains__(self, name: str) -> bool:
        return name in self._files

    def __getitem__(self, name: str) -> torch.Tensor:
        held = self._files.get(name)
        if held is None:
            raise ConfigError(f"{self.folder}: there is no tensor {name!r}; is this the layout that was named?")
        tensor: torch.Tensor = held[name] if isinstance(held, dict) else held.get_tensor(name)
        return tensor

    def _open(self, path: Path) -> Any:
        try:
            if path.suffix == ".bin":
                # weights_only: a pickle from elsewhere is data here, never code.
                return torch.load(path, map_location="cpu", weights_only=True, mmap=True)
            return self._opened.enter_context(safe_open(path, framework="pt"))
        except (OSError, RuntimeError, SafetensorError, ValueError, UnpicklingError) as error:
            reason = str(error).partition("\n")[0][:200]
            raise ConfigError(f"{path}: no weights can be read from it ({reason}); was it downloaded whole?") from error


class Shards:
    """Writes `model-*.safetensors` and their index into a folder, holding a few GB at most.

    Raises:
        UserError: the folder cannot be written.
    """

    def __init__(self, folder: Path, dtype: torch.dtype, most: int = SHARD_BYTES) -> None:
        self._folder = folder
        self._dtype = dtype
        self._most = most
        self._held: dict[str, torch.Tensor] = {}
        self._parts: list[list[str]] = []
        self._bytes = 0
        self.total = 0
        """Bytes so far."""

    def add(self, name: str, tensor: torch.Tensor) -> None:
        """Take one tensor; it is rounded to the dtype."""
        rounded = tensor.to(self._dtype).contiguous().clone()
        size = rounded.numel() * rounded.element_size()
        if self._held and self._bytes + size > self._most:
            self._write()
        self._held[name] = rounded
        self._bytes += size
        self.total += size

    def finish(self) -> None:
        """Write what is left, and the index where there are several files."""
        self._write()
        count = len(self._parts)
        if count == 1:
            self._part(1).rename(self._folder / "model.safetensors")
            return
        places: dict[str, str] = {}
        for number, names in enumerate(self._parts, start=1):
            path = self._folder / f"model-{number:05}-of-{count:05}.safetensors"
            self._part(number).rename(path)
            places |= dict.fromkeys(names, path.name)
        index = {"metadata": {"total_size": self.total}, "weight_map": places}
        (self._folder / "model.safetensors.index.json").write_bytes(orjson.dumps(index, option=orjson.OPT_INDENT_2))

    def _write(self) -> None:
        self._parts.append(list(self._held))
        path = self._part(len(self._parts))
        try:
            save_file(self._held, path, metadata={"format": "pt"})
            path.chmod(0o644)  # safetensors writes for the owner alone
        except (OSError, SafetensorError) as error:
            raise UserError(f"{path}: cannot be written ({error})") from error
        self._held, self._bytes = {}, 0

    def _part(self, number: int) -> Path:
        return self._folder / f"part-{number:05}"
