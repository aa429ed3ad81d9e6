"""Atomic file replacement: readers see the old file or the new one, never a partial one."""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from secrets import token_hex
from stat import S_IFDIR, S_IFMT, S_IFREG
from typing import TYPE_CHECKING

from prism_engine.errors import UserError
from prism_engine.unwritable import unwritable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path next to `path`; it replaces `path` at the end, or is deleted if the body raises.

    The file is not synced to disk: reports can be recomputed from the predictions at any time.

    Raises:
        UserError: the file cannot be written, or `path` is a device or a pipe, which a file would replace.
    """
    if _is_special(path):
        raise UserError(f"{path}: is a device or a pipe; name a file")
    draft = path.with_name(f".{path.name}.{token_hex(4)}.tmp")
    try:
        yield draft
        os.replace(draft, path)  # noqa: PTH105 - the name of the guarantee
    except OSError as error:
        raise UserError(unwritable(path, error)) from error
    finally:
        with suppress(OSError):  # its folder may be read-only or gone
            draft.unlink(missing_ok=True)


def _is_special(path: Path) -> bool:
    """Whether something is there that is neither a file nor a folder, such as /dev/null or /dev/stdout."""
    try:
        kind = S_IFMT(path.stat().st_mode)
    except (OSError, ValueError):  # not there, or writing it will say why not
        return False
    return kind not in (S_IFREG, S_IFDIR)


def write_lines(path: Path, lines: Iterable[bytes]) -> None:
    """Write lines (which include their line ends) atomically.

    Raises:
        UserError: the file cannot be written.
    """
    with replacing(path) as draft, draft.open("wb") as file:
        file.writelines(lines)
