"""A partial download: a locked hidden file next to its target, with the validator of its version."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from prism_engine.errors import UserError

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType


class Digests(NamedTuple):
    """Checksums of a whole file, as hex digits."""

    md5: str
    sha256: str


class PartFile:
    """The first bytes of a download. One process at a time can open it; it is kept for resuming until `publish`ed.

    Args:
        target: path of the complete file.

    Raises:
        UserError: the folder cannot be written, or another process is downloading the same file.
    """

    def __init__(self, target: Path) -> None:
        self._target = target
        self._path = target.with_name(f".{target.name}.part")
        self._validator_path = target.with_name(f".{target.name}.part.json")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._path.open("ab")
        except OSError as error:
            raise UserError(f"{target.parent}: cannot be written: {error.strerror}") from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._file.close()
            raise UserError(f"{target}: another process is downloading it; wait for that one") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    @property
    def size(self) -> int:
        """Bytes downloaded so far."""
        return self._file.tell()

    def validator(self, url: str) -> str | None:
        """ETag or date the server gave for this version of the file; None if it gave none, or for another URL."""
        try:
            stored: Any = json.loads(self._validator_path.read_bytes())
        except (OSError, ValueError):
            return None
        validator = stored.get("validator") if isinstance(stored, dict) and stored.get("url") == url else None
        return validator if isinstance(validator, str) and validator.isprintable() else None

    def begin(self, url: str, validator: str | None) -> None:
        """Discard the content and start over.

        Raises:
            UserError: the file cannot be written.
        """
        try:
            self._file.truncate(0)
            self._file.seek(0)
            self._validator_path.write_text(json.dumps({"url": url, "validator": validator}), encoding="utf-8")
        except OSError as error:
            raise UserError(f"{self._path}: cannot be written: {error.strerror}") from error

    def write(self, data: bytes) -> None:
        """Append data.

        Raises:
            UserError: the file cannot be written; earlier data is kept.
        """
        try:
            self._file.write(data)
            self._file.flush()
        except OSError as error:
            raise UserError(f"{self._path}: cannot be written: {error.strerror}; rerun to resume") from error

    def digests(self) -> Digests:
        """Checksums of the bytes downloaded so far."""
        return file_digests(self._path)

    def publish(self) -> None:
        """Move the file to its target, atomically.

        Raises:
            UserError: the file cannot be written.
        """
        try:
            os.fsync(self._file.fileno())
            self._path.replace(self._target)
            self._validator_path.unlink(missing_ok=True)
        except OSError as error:
            raise UserError(f"{self._target}: cannot be written: {error.strerror}") from error

    def discard(self) -> None:
        """Delete the partial file."""
        self._path.unlink(missing_ok=True)
        self._validator_path.unlink(missing_ok=True)


def file_digests(path: Path) -> Digests:
    """Return a file's checksums, computed in one pass.

    Raises:
        UserError: the file cannot be read.
    """
    md5, sha256 = hashlib.md5(usedforsecurity=False), hashlib.sha256()
    try:
        with path.open("rb") as file:
            while chunk := file.read(1 << 20):
                md5.update(chunk)
                sha256.update(chunk)
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from error
    return Digests(md5.hexdigest(), sha256.hexdigest())
