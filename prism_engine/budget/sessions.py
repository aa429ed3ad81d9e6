"""Ledger sessions: each process holds a lock file, which the kernel unlocks when the process dies."""

from __future__ import annotations

import errno
import fcntl
import os
import uuid
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from pathlib import Path


class LedgerSession:
    """One process's use of a ledger, from opening to closing it.

    Args:
        ledger: the ledger's file; the lock file is next to it, and is removed when the session ends.

    Attributes:
        token: globally unique identifier of the session.
    """

    def __init__(self, ledger: Path) -> None:
        self.token = uuid.uuid4().hex
        self._path = _lock_path(ledger, self.token)
        self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
        fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the session. Idempotent."""
        if self._descriptor >= 0:
            self._path.unlink(missing_ok=True)
            os.close(self._descriptor)
            self._descriptor = -1


def is_alive(ledger: Path, token: str) -> bool:
    """Whether the session's process is alive; if it is not, its lock file is removed.

    Raises:
        OSError: the file system does not support locks.
    """
    path = _lock_path(ledger, token)
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EACCES, errno.EAGAIN):
            return True
        raise
    else:
        path.unlink(missing_ok=True)
        return False
    finally:
        os.close(descriptor)


def _lock_path(ledger: Path, token: str) -> Path:
    return ledger.with_name(f"{ledger.name}-{token}.lock")
