"""Notices that a file in use was deleted, replaced or cut by someone else: SQLite would go on with what is left."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class SameFile:
    """A file as it was when it was opened.

    Args:
        path: an existing file.
        may_shrink: whether its owners make it smaller at times.
    """

    def __init__(self, path: Path, *, may_shrink: bool) -> None:
        status = path.stat()
        self._path = path
        self._identity = status.st_dev, status.st_ino
        self._size = 1 if may_shrink else status.st_size
        self._may_shrink = may_shrink

    def problem(self) -> str:
        """Return what happened to the file; empty if it is the same one and whole."""
        try:
            status = self._path.stat()
        except FileNotFoundError:
            return "it was deleted or moved while it was in use"
        if (status.st_dev, status.st_ino) != self._identity:
            return "it was replaced by another file while it was in use"
        if status.st_size < self._size:
            return f"it was cut to {status.st_size:,} bytes while it was in use"
        if not self._may_shrink:
            self._size = status.st_size
        return ""
