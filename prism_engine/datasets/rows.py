"""Rows of a benchmark, and the contract of the readers that yield them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, Self

from prism_engine.config.benchmarks import known_benchmark

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator
    from pathlib import Path
    from types import TracebackType

    from prism_engine.errors import DatasetError
    from prism_engine.records import AnswerKind

MAX_CELL = 1 << 28
"""Maximum size of a line (bytes) and of a cell (characters): 256 MiB, about 190 MB of pictures in a row."""

MOST_COLUMNS = 10_000
"""Of a table, or of all its records. What looks for misspelt names takes a while per column."""

OPTION = re.compile(r"[A-Z]")
"""Names of columns that hold an option."""


class FileName(str):
    """The name of a picture file, as written in a row."""

    __slots__ = ()


EncodedPicture = bytes | str
"""An encoded picture, a `FileName`, or `image` cell text: a payload, or the index of another row."""


@dataclass(frozen=True, slots=True)
class Row:
    """One data row with every cell as written; an empty cell means no value."""

    number: int
    """1-based; neither the header nor blank lines are counted."""
    cells: dict[str, str]
    pictures: tuple[EncodedPicture, ...] | None = None
    """The row's pictures; None if they are text in the source's picture column."""

    @property
    def index(self) -> str:
        """The benchmark's own id of the row."""
        return self.cells["index"]


Broken = Callable[["DatasetError"], None]
"""Called for each unreadable row, which is left out. May raise."""


def refuse(error: DatasetError) -> None:
    """Raise the error: a benchmark with broken rows must not be run."""
    raise error


class Source(Protocol):
    """One pass over a benchmark's rows, with few in memory at a time.

    Opening and iterating raise:
        DatasetError: the file is malformed; an unreadable row is first passed to the `Broken` callback.
    """

    @property
    def path(self) -> Path:
        """Absolute path of the opened file."""

    @property
    def name(self) -> str:
        """The benchmark's name."""

    @property
    def kind(self) -> AnswerKind | None:
        """How answers are scored, if the file itself says so."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Normalised names, in file order; complete after iteration."""

    @property
    def picture_column(self) -> str:
        """`image` (payloads and references) or `image_path` (file names); empty if there is neither."""

    @property
    def folders(self) -> tuple[Path, ...]:
        """Folders to search for picture files, in order."""

    @property
    def files(self) -> tuple[Path, ...]:
        """Other files that the rows were read from."""

    @property
    def bytes_read(self) -> int:
        """Bytes read so far, of `bytes_total`."""

    @property
    def bytes_total(self) -> int:
        """Approximate total bytes to read."""

    @property
    def sha256(self) -> str:
        """Digest of the data read (64 hex digits); complete after iteration."""

    def status(self) -> os.stat_result:
        """Size and times of the file."""

    def __iter__(self) -> Iterator[Row]: ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def column_name(name: str) -> str:
    """Return a column's normalised name: lower case, except the single letters A-Z (options)."""
    name = name.strip()
    lower = name if OPTION.fullmatch(name) else name.lower()
    return "l2_category" if lower == "l2-category" else lower


def picture_folders(folder: Path, *names: str) -> tuple[Path, ...]:
    """Return the folders where VLMEvalKit may have put a benchmark's picture files, in search order.

    Args:
        folder: folder of the benchmark file.
        names: names of the benchmark and of its file.
    """
    found = [known.spec.images or known.name for name in names if (known := known_benchmark(name))]
    pictures = folder / "images"
    return (folder, *(pictures / root for root in dict.fromkeys((*found, *names))), pictures)
