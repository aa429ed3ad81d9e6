"""Notices that a stored picture is gone, and leaves a note, so that the next run reads its benchmark again.

Opening a benchmark does not look at each of its pictures; a picture that someone deleted is noticed when a model is to
see it.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from prism_engine.records import Image

_NOTE: Final = ".gone"
"""A file in the folder of the picture store. Its time says when a picture was last found to be gone."""


def gone(images: Iterable[Image]) -> str | None:
    """Return what to report about the first picture that is gone from its store, and leave a note; None if none is."""
    for image in images:
        is_stored = image.digest == image.path.parent.name + image.path.name
        if is_stored and not os.path.exists(image.path):  # noqa: PTH110 - Path's raises if a folder may not be read
            with suppress(OSError):
                _note(image.path.parent.parent).touch()
            return f"the picture {image.path} is gone; run the same command again: its benchmark is then read again"
    return None


def last_gone(store: Path) -> int:
    """Return when a picture of a store was last found to be gone (nanoseconds since the epoch); 0 if none was."""
    try:
        return _note(store).stat().st_mtime_ns
    except OSError:
        return 0


def _note(store: Path) -> Path:
    return store / _NOTE
