"""Where a table may take picture files from: a table that was received must not name any file of the machine."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from prism_engine.datasets.catalogue import data_roots

if TYPE_CHECKING:
    from collections.abc import Sequence

ALLOWED: Final = "PRISM_IMAGES"
"""Environment variable: other folders that tables may take pictures from, separated as in PATH."""


class PicturePlaces:
    """The folders below which a table's picture files may be, symbolic links followed.

    These are its own folder, folders that its mapping names, the folders of benchmarks (`$LMUData`), and those that the
    user allows.

    Args:
        folders: where the table's pictures are searched for.
    """

    def __init__(self, table: Path, folders: Sequence[Path]) -> None:
        own = table.absolute().parent
        roots = [root.absolute() for root in data_roots(os.environ)]
        named = [folder for folder in folders if own in roots or not folder.absolute().is_relative_to(own)]
        given = [Path(text).expanduser() for text in os.environ.get(ALLOWED, "").split(os.pathsep) if text]
        self._allowed = tuple(dict.fromkeys(place.resolve() for place in (own, *roots, *named, *given)))

    def refusal(self, path: Path) -> str:
        """Return why a picture file may not be read; empty if it may."""
        actual = path.resolve()
        if any(actual.is_relative_to(place) for place in self._allowed):
            return ""
        return (
            f"names {path}, which is outside the benchmark's folder; if you trust this file, allow that folder "
            f"with {ALLOWED}={actual.parent} in the environment"
        )
