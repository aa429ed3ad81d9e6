"""Atomic file replacement: readers see the old file or the new one, never a partial one."""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from secrets import token_hex
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
        UserError: the file cannot be written.
    """
    draft = path.with_name(f".{path.name}.{token_hex(4)}.tmp")
    try:
        yield draft
        os.replace(draft, path)  # noqa: PTH105 - the name of the guarantee
    except OSError as error:
        raise UserError(unwritable(path, error)) from error
    finally:
        with suppress(OSError):  # its folder may be read-only or gone
            draft.unlink(missing_ok=True)


def write_lines(path: Path, lines: Iterable[bytes]) -> None:
    """Write lines (which include their line ends) atomically.

    Raises:
        UserError: the file cannot be written.
    """
    with replacing(path) as draft, draft.open("wb") as file:
        file.writelines(lines)
