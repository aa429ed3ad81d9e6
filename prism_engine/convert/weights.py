"""Reads and writes a checkpoint's tensors one at a time, so that models larger than memory can be converted."""

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
"""Maximum bytes of tensors per weight file, unless a single tensor is larger."""


def read_json(path: Path) -> dict[str, Any]:
    """Return a JSON object.

    Raises:
        ConfigError: the file is missing, is not JSON, or holds no JSON object.
    """
    try:
        content = orjson.loads(path.read_bytes())
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror}); is this the right folder?") from error
    except orjson.JSONDecodeError as error:
        raise ConfigError(f"{path}: is not JSON ({error}); was the download complete?") from error
    if not isinstance(content, dict):
        raise ConfigError(f"{path}: must hold a JSON object")
    return content


class Weights:
    """The tensors of a folder by name, read on access from `*.safetensors`, or else from `*.bin`.

    Raises:
        ConfigError: the folder holds no weights, or a weight file is damaged.
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
            raise ConfigError(f"{folder}: no weights here (*.safetensors or *.bin); was the download complete?")

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
            raise ConfigError(f"{self.folder}: no tensor {name!r}; does the folder have the layout you named?")
        tensor: torch.Tensor = held[name] if isinstance(held, dict) else held.get_tensor(name)
        return tensor

    def _open(self, path: Path) -> Any:
        try:
            if path.suffix == ".bin":
                # weights_only: a downloaded pickle is read as data, never run as code.
                return torch.load(path, map_location="cpu", weights_only=True, mmap=True)
            return self._opened.enter_context(safe_open(path, framework="pt"))
        except (OSError, RuntimeError, SafetensorError, ValueError, UnpicklingError) as error:
            reason = str(error).partition("\n")[0][:200]
            raise ConfigError(f"{path}: weights cannot be read ({reason}); was the download complete?") from error


class Shards:
    """Writes `model-*.safetensors` and their index into a folder; buffers at most one file of tensors.

    Args:
        max_bytes: maximum size of a file, unless a single tensor is larger.

    Raises:
        UserError: the folder cannot be written.
    """

    def __init__(self, folder: Path, dtype: torch.dtype, max_bytes: int = SHARD_BYTES) -> None:
        self._folder = folder
        self._dtype = dtype
        self._max_bytes = max_bytes
        self._buffered: dict[str, torch.Tensor] = {}
        self._parts: list[list[str]] = []
        self._bytes = 0
        self.total = 0
        """Bytes of tensors added so far."""

    def add(self, name: str, tensor: torch.Tensor) -> None:
        """Add one tensor, rounded to the dtype."""
        rounded = tensor.to(self._dtype).contiguous().clone()
        size = rounded.numel() * rounded.element_size()
        if self._buffered and self._bytes + size > self._max_bytes:
            self._write()
        self._buffered[name] = rounded
        self._bytes += size
        self.total += size

    def finish(self) -> None:
        """Write the remaining tensors, and the index if there is more than one file."""
        self._write()
        count = len(self._parts)
        if count == 1:
            self._part(1).rename(self._folder / "model.safetensors")
            return
        weight_map: dict[str, str] = {}
        for number, names in enumerate(self._parts, start=1):
            path = self._folder / f"model-{number:05}-of-{count:05}.safetensors"
            self._part(number).rename(path)
            weight_map |= dict.fromkeys(names, path.name)
        index = {"metadata": {"total_size": self.total}, "weight_map": weight_map}
        (self._folder / "model.safetensors.index.json").write_bytes(orjson.dumps(index, option=orjson.OPT_INDENT_2))

    def _write(self) -> None:
        self._parts.append(list(self._buffered))
        path = self._part(len(self._parts))
        try:
            save_file(self._buffered, path, metadata={"format": "pt"})
            path.chmod(0o644)  # safetensors makes files readable by the owner only
        except (OSError, SafetensorError) as error:
            raise UserError(f"{path}: cannot be written ({error})") from error
        self._buffered, self._bytes = {}, 0

    def _part(self, number: int) -> Path:
        return self._folder / f"part-{number:05}"
