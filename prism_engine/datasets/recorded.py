"""Reads benchmarks made of records: JSONL, Parquet or Hugging Face datasets, directly or via a mapping."""

from __future__ import annotations

import glob
import hashlib
import json
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Protocol, Self

from prism_engine.config.benchmarks import answer_kind, known_benchmark
from prism_engine.config.mapping import load_mapping
from prism_engine.datasets.fields import FieldError, mapped_row, plain_row
from prism_engine.datasets.hub import HubDataset
from prism_engine.datasets.jsonl import JsonLines
from prism_engine.datasets.parquet import Parquet
from prism_engine.datasets.records_files import JsonFile
from prism_engine.datasets.rows import MOST_COLUMNS, picture_folders, refuse
from prism_engine.errors import DatasetError
from prism_engine.scoring import SCORERS

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from types import TracebackType

    from prism_engine.config.mapping import Mapping as MappingSpec
    from prism_engine.datasets.rows import Broken, Row
    from prism_engine.records import AnswerKind


class Records(Protocol):
    """One pass over records; an unreadable record yields an error instead."""

    @property
    def bytes_read(self) -> int: ...  # noqa: D102

    @property
    def bytes_total(self) -> int: ...  # noqa: D102

    def __iter__(self) -> Iterator[dict[str, Any] | DatasetError]: ...


RECORD_READERS: Final[Mapping[str, Callable[[Path], Records]]] = MappingProxyType(
    {".jsonl": JsonLines, ".parquet": Parquet, ".json": JsonFile, ".ndjson": JsonLines}
)
"""By suffix in lower case, as in `config.file_types.RECORD_FILES`."""


class Recorded:
    """One pass over records as rows; implements `Source`.

    Args:
        make: converts a record, given its row number, to a row.
        files: files that the records are read from; None if they are not user files.
    """

    picture_column = "image"

    def __init__(
        self,
        path: Path,
        name: str,
        records: Sequence[Records],
        make: Callable[[int, dict[str, Any]], Row],
        *,
        files: Sequence[Path] | None,
        folders: Sequence[Path],
        kind: AnswerKind | None = None,
        broken: Broken = refuse,
    ) -> None:
        self.path = path
        self.name = name
        self.kind = kind
        self.folders = tuple(dict.fromkeys((*folders, *picture_folders(path.parent, name))))
        self._records = tuple(records)
        self._make = make
        self._files = files
        self._broken = broken
        self._columns: dict[str, None] = {}
        self._content = hashlib.sha256()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of all cells so far; complete after iteration."""
        return tuple(self._columns)

    @property
    def files(self) -> tuple[Path, ...]:
        """Files that records were read from, other than `path`."""
        return tuple(file for file in self._files or () if file != self.path)

    @property
    def bytes_read(self) -> int:
        """Bytes read so far."""
        return sum(records.bytes_read for records in self._records)

    @property
    def bytes_total(self) -> int:
        """Total bytes to read."""
        return sum(records.bytes_total for records in self._records)

    @property
    def sha256(self) -> str:
        """Digest of the single file, of the mapping and all its files, or of all rows if there are no files."""
        if self._files is None:
            return self._content.hexdigest()
        digests = [file_digest(file) for file in dict.fromkeys((self.path, *self._files))]
        return digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()

    def status(self) -> os.stat_result:
        """Size and times of `path`."""
        return self.path.stat()

    def __iter__(self) -> Iterator[Row]:
        number = 0
        for records in self._records:
            for record in records:
                number += 1
                row = record if isinstance(record, DatasetError) else self._row(number, record)
                if isinstance(row, DatasetError):
                    self._broken(row)
                    continue
                self._columns |= dict.fromkeys((*row.cells, "image") if row.pictures else row.cells)
                if self._files is None:
                    self._hash_row(row)
                yield row

    def _row(self, number: int, record: dict[str, Any]) -> Row | DatasetError:
        if len(record) + len(self._columns) > MOST_COLUMNS and len(record.keys() | self._columns) > MOST_COLUMNS:
            raise DatasetError(
                f"has fields beyond the {MOST_COLUMNS:,} columns that prism reads", path=self.path, row=number
            )
        try:
            return self._make(number, record)
        except FieldError as error:
            return DatasetError(str(error), path=self.path, row=number, column=error.column)

    def _hash_row(self, row: Row) -> None:
        self._content.update(json.dumps(row.cells, sort_keys=True).encode())
        for picture in row.pictures or ():
            self._content.update(picture if isinstance(picture, bytes) else picture.encode())


def open_records(path: Path, broken: Broken = refuse) -> Recorded:
    """Open a file of records whose fields are named like a benchmark's columns.

    Raises:
        DatasetError: there is no such file.
    """
    if not path.is_file():
        raise DatasetError("cannot be opened: there is no such file", path=path)
    name = path.stem
    kind = answer_kind(name)
    lettered = kind is None or not SCORERS[kind].keeps_choices
    known = known_benchmark(name)
    default = {"question": known.spec.question} if known and known.spec.question else {}

    def make(number: int, record: dict[str, Any]) -> Row:
        return plain_row(number, default | record, lettered=lettered)

    return Recorded(
        path, name, [RECORD_READERS[path.suffix.lower()](path)], make, files=[path], folders=(), broken=broken
    )


def open_mapping(path: Path, broken: Broken = refuse) -> Recorded:
    """Open the dataset or files that a mapping file names.

    Raises:
        ConfigError: the mapping is invalid.
        DependencyError: the package that the dataset needs is not installed.
        DatasetError: there is no such dataset or file.
    """
    spec = load_mapping(path)
    folders = [path.parent / spec.images] if spec.images else []
    files: list[Path] | None = None
    records: list[Records]
    if spec.is_files:
        files = _files(path, spec)
        records = [RECORD_READERS[file.suffix.lower()](file) for file in files]
    else:
        hub = HubDataset(path, spec)
        records = [hub]
        if (path.parent / spec.places[0]).is_dir():
            files = [Path(file) for file in hub.local_files]
    folders += [file.parent for file in files or ()]
    name = spec.name or path.stem

    def make(number: int, record: dict[str, Any]) -> Row:
        return mapped_row(number, record, spec)

    return Recorded(path, name, records, make, files=files, folders=folders, kind=spec.kind, broken=broken)


def _files(mapping: Path, spec: MappingSpec) -> list[Path]:
    found: list[Path] = []
    for place in spec.places:
        matches = sorted(map(Path, glob.glob(str(mapping.parent / place))))  # noqa: PTH207 - it may be an absolute path
        if not matches:
            raise DatasetError(f"dataset: there is no file {place!r} in {mapping.parent}", path=mapping)
        found += matches
    return found


def file_digest(path: Path) -> str:
    """Return a file's SHA-256 in hexadecimal.

    Raises:
        DatasetError: the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise DatasetError(f"cannot be read: {error.strerror}", path=path) from error
