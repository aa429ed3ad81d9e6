"""Cross-process claims on calls: one locked byte per key, which the kernel releases when its owner dies."""

from __future__ import annotations

import errno
import fcntl
import os
from typing import TYPE_CHECKING

from prism_engine.cache.schema import store_error, translated
from prism_engine.errors import StoreError

if TYPE_CHECKING:
    from pathlib import Path


def lock_path(path: Path) -> Path:
    """Return the path of a store's lock file."""
    return path.with_name(path.name + ".locks")


class Claims:
    """Byte-range locks in one empty file.

    POSIX record locks belong to the process, which has three consequences. Within one process every claim
    succeeds, so callers in it must coordinate by themselves. The locks vanish when the process ends in any way,
    including kill -9. And closing *any* descriptor of the file releases all of them, so this object keeps exactly
    one and nothing else may open the file: use one `Store` per file and process.
    """

    def __init__(self, path: Path) -> None:
        """Open or create the lock file.

        Raises:
            StoreError: it cannot be opened.
        """
        self._path = path
        with translated(path):
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)

    def try_claim(self, key: str) -> bool:
        """Claim a key without waiting; False while another process holds it.

        Two keys that share a byte (one pair in 2**62) only wait for each other.

        Raises:
            StoreError: the claims are closed, or the file system does not support locks.
        """
        return self._try_lock(length=1, start=_offset(key))

    def try_claim_all(self) -> bool:
        """Claim every key at once without waiting; False while another process holds any of them.

        Until `close` releases them, other processes wait before they make a call, and so store nothing.

        Raises:
            StoreError: as for `try_claim`.
        """
        return self._try_lock(length=0, start=0)  # a length of 0 means to the end of the file

    def release(self, key: str) -> None:
        """Release a claim; does nothing if there is none.

        Raises:
            StoreError: as for `try_claim`.
        """
        self._require_open()
        try:
            fcntl.lockf(self._descriptor, fcntl.LOCK_UN, 1, _offset(key))
        except OSError as error:
            raise store_error(self._path, error) from error

    def close(self) -> None:
        """Release all claims. Idempotent."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _try_lock(self, *, length: int, start: int) -> bool:
        self._require_open()
        try:
            fcntl.lockf(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, length, start)
        except OSError as error:
            if error.errno in (errno.EACCES, errno.EAGAIN):
                return False
            raise store_error(self._path, error) from error
        return True

    def _require_open(self) -> None:
        if self._descriptor < 0:
            raise StoreError(f"{self._path}: the cache is closed")


def _offset(key: str) -> int:
    return int(key[:16], 16) >> 2  # 62 bits: file offsets are signed 64-bit numbers
