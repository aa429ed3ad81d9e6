"""What to say about a file that cannot be written: the cause, and what helps against it."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

_FIXES: Final = {
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT), "free some space"),
    **dict.fromkeys(
        (errno.EACCES, errno.EPERM, errno.EROFS), "fix the permissions or name another --results-dir or --out"
    ),
}
"""What helps against an error of the file system."""


def unwritable(path: Path, error: OSError) -> str:
    """Return a message about a file that a command could not write; repeating the command repeats no call."""
    fix = _FIXES.get(error.errno or 0, "name another --results-dir or --out")
    return (
        f"{path}: cannot be written ({error.strerror or error}); every answer is in the cache: {fix}, then rerun the "
        "same command to resume"
    )
