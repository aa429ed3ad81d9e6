"""The user's own files: what prism remembers on this machine, outside caches and results."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Final

import platformdirs

TRUST_ALL: Final = "PRISM_TRUST_REMOTE_CODE"
"""Environment variable: `1` lets every checkpoint that asks for it run its own Python code, for batch jobs."""
_SECRET: Final = "stamp-secret"  # noqa: S105 - the name of the file
_SECRET_BYTES: Final = 32


def user_data_dir() -> Path:
    """Return the folder of the user's own files; it may not exist yet."""
    return Path(platformdirs.user_data_dir("prism-engine", appauthor=False))


def user_secret(*, create: bool) -> bytes | None:
    """Return the user's secret, which never leaves this machine; None if there is none or it cannot be read.

    Args:
        create: make one if there is none.
    """
    path = user_data_dir() / _SECRET
    if create and not path.exists():
        with suppress(OSError):  # a read-only home: runs work, but are not recognised as this user's later
            _write_once(path)
    try:
        content = path.read_bytes()
    except OSError:
        return None
    return content if len(content) == _SECRET_BYTES else None


def _write_once(path: Path) -> None:
    """Create the file complete, readable by its owner alone; the first of several processes wins."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f"{path.name}-{os.getpid()}-{secrets.token_hex(4)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_bytes(_SECRET_BYTES))
        with suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink()
