"""A file that is still being downloaded: hidden beside its place, locked, and with what tells its version."""

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
    """The first bytes of a download. One process at a time has it open; it stays for a later try unless `publish`ed.

    Args:
        target: where the whole file goes.

    Raises:
        UserError: the folder cannot be written, or another process is downloading the same file.
    """

    def __init__(self, target: Path) -> None:
        self._target = target
        self._path = target.with_name(f".{target.name}.part")
        self._proof = target.with_name(f".{target.name}.part.json")
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
        """Bytes that are here."""
        return self._file.tell()

    def proof(self, url: str) -> str | None:
        """What the server gave to tell this version of the file by; None where it gave nothing, or for another URL."""
        try:
            kept: Any = json.loads(self._proof.read_bytes())
        except (OSError, ValueError):
            return None
        proof = kept.get("validator") if isinstance(kept, dict) and kept.get("url") == url else None
        return proof if isinstance(proof, str) and proof.isprintable() else None

    def begin(self, url: str, validator: str | None) -> None:
        """Start from nothing.

        Raises:
            UserError: the disk refuses.
        """
        try:
            self._file.truncate(0)
            self._file.seek(0)
            self._proof.write_text(json.dumps({"url": url, "validator": validator}), encoding="utf-8")
        except OSError as error:
            raise UserError(f"{self._path}: cannot be written: {error.strerror}") from error

    def write(self, data: bytes) -> None:
        """Append.

        Raises:
            UserError: the disk refuses; what is here stays.
        """
        try:
            self._file.write(data)
            self._file.flush()
        except OSError as error:
            raise UserError(f"{self._path}: cannot be written: {error.strerror}; the same command goes on") from error

    def digests(self) -> Digests:
        """Checksums of what is here."""
        return file_digests(self._path)

    def publish(self) -> None:
        """Put the file in its place, at once.

        Raises:
            UserError: the disk refuses.
        """
        try:
            os.fsync(self._file.fileno())
            self._path.replace(self._target)
            self._proof.unlink(missing_ok=True)
        except OSError as error:
            raise UserError(f"{self._target}: cannot be written: {error.strerror}") from error

    def discard(self) -> None:
        """Forget what is here."""
        self._path.unlink(missing_ok=True)
        self._proof.unlink(missing_ok=True)


def file_digests(path: Path) -> Digests:
    """Checksums of a file, read once.

    Raises:
        UserError: it cannot be read.
    """
    md5, sha256 = hashlib.md5(usedforsecurity=False), hashlib.sha256()
    try:
        with path.open("rb") as file:
            while piece := file.read(1 << 20):
                md5.update(piece)
                sha256.update(piece)
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from error
    return Digests(md5.hexdigest(), sha256.hexdigest())
