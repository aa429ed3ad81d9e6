"""Reads Parquet files in slices of a few dozen megabytes, so memory does not grow with the file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prism_engine.errors import DatasetError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_SLICE = 32 << 20
"""Approximate bytes of the file read at once."""


class Parquet:
    """The records of a Parquet file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._share = 0.0

    @property
    def bytes_total(self) -> int:
        """Size of the file."""
        return self._path.stat().st_size

    @property
    def bytes_read(self) -> int:
        """Estimate, from the share of records yielded so far."""
        return int(self._share * self.bytes_total)

    def __iter__(self) -> Iterator[dict[str, Any] | DatasetError]:
        """Raise DatasetError if the file cannot be read."""
        import polars as pl  # noqa: PLC0415 - only needed for such files

        try:
            # Slices instead of polars' own batches, which read many row groups ahead.
            whole = pl.scan_parquet(self._path, glob=False)
            total = whole.select(pl.len()).collect().item()
            step = max(1, _SLICE * total // max(self.bytes_total, 1))
            for start in range(0, total, step):
                for number, record in enumerate(whole.slice(start, step).collect().iter_rows(named=True), start + 1):
                    self._share = number / total
                    yield record
        except (OSError, pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
            raise DatasetError(f"cannot be read as Parquet: {error}", path=self._path) from error
