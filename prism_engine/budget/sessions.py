"""Which processes still live: each holds a lock on a small file of its own, which the kernel frees when it dies."""

from __future__ import annotations

import errno
import fcntl
import os
import uuid
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from pathlib import Path


class LedgerSession:
    """One process at a ledger, from its first look at it to its end.

    Args:
        ledger: the ledger's file; the lock lies beside it, and goes when the session ends.

    Attributes:
        token: tells it from all others, for ever.
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
        """End it. Idempotent."""
        if self._descriptor >= 0:
            self._path.unlink(missing_ok=True)
            os.close(self._descriptor)
            self._descriptor = -1


def is_alive(ledger: Path, token: str) -> bool:
    """Whether the session's process lives; its lock is cleared away where it does not.

    Raises:
        OSError: the file system has no locks.
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
