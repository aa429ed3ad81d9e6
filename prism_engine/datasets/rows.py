"""What every reader of benchmark files gives: rows of text with their pictures, and its contract."""

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
"""Bound on one line, and on one cell, in bytes and characters: 256 MiB, about 190 MB of pictures in a row."""

OPTION = re.compile(r"[A-Z]")
"""Names of columns that hold an option."""


class FileName(str):
    """The name of a picture's file, as a row gives it."""

    __slots__ = ()


EncodedPicture = bytes | str
"""An encoded picture; a `FileName`; or text as in an `image` cell: a payload, or the index of another row."""


@dataclass(frozen=True, slots=True)
class Row:
    """One data row, every cell as written; an empty cell means that the row has no such value."""

    number: int
    """1-based; neither the header nor blank lines are counted."""
    cells: dict[str, str]
    pictures: tuple[EncodedPicture, ...] | None = None
    """The row's pictures; None where the source's picture column holds them as text."""

    @property
    def index(self) -> str:
        """The benchmark's own id of the row."""
        return self.cells["index"]


Broken = Callable[["DatasetError"], None]
"""Told of a row that cannot be read and is left out. It may raise."""


def refuse(error: DatasetError) -> None:
    """Raise: a broken row is no benchmark to run on."""
    raise error


class Source(Protocol):
    """One pass over the rows of a benchmark, holding few at a time.

    Opening raises, and so does iterating:
        DatasetError: what is wrong with the file; a row that cannot be read is told to `Broken` first.
    """

    @property
    def path(self) -> Path:
        """The file that was asked for, absolute."""

    @property
    def name(self) -> str:
        """What the benchmark is called."""

    @property
    def kind(self) -> AnswerKind | None:
        """What a right answer is, where the file itself says so."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Normalised names, in file order; complete once the iteration has ended."""

    @property
    def picture_column(self) -> str:
        """`image` (payloads and references) or `image_path` (file names)."""

    @property
    def folders(self) -> tuple[Path, ...]:
        """Where picture files are looked for, first ones first."""

    @property
    def files(self) -> tuple[Path, ...]:
        """Other files that the rows were read from."""

    @property
    def bytes_read(self) -> int:
        """How much was taken in so far, of `bytes_total`."""

    @property
    def bytes_total(self) -> int:
        """Roughly how much there is to read."""

    @property
    def sha256(self) -> str:
        """Digest of what was read, whole once the iteration has ended (64 hex digits)."""

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
    """Where the picture files of a benchmark in a folder may lie, first ones first: as VLMEvalKit puts them.

    Args:
        names: what the benchmark and its file are called.
    """
    found = [known.spec.images or known.name for name in names if (known := known_benchmark(name))]
    pictures = folder / "images"
    return (folder, *(pictures / root for root in dict.fromkeys((*found, *names))), pictures)
