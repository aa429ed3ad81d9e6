"""Reads the main result file of a run: lazily as dicts, or as a polars frame."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from prism_engine.errors import UserError
from prism_engine.report.scores.manifest import check_schema
from prism_engine.report.scores.predictions import ROW_SCHEMA, reading, scan

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import polars as pl

    from prism_engine.config import Arm


def result_file(folder: Path, mode: Arm) -> Path:
    """Return the file with a run's rows: predictions, or descriptions or hints if it does not answer.

    Raises:
        UserError: the run has written none.
    """
    answered = "contents.jsonl" if mode.hints_only else "descriptions.jsonl"
    path = folder / ("predictions.jsonl" if mode.answers else answered)
    if not path.is_file():
        raise UserError(f"{path}: the run has written no results; rerun it to finish")
    return path


def read_rows(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the rows of a JSON lines file, one at a time.

    Raises:
        UserError: the file cannot be read, or a line is not a JSON object.
        NewerFileError: a newer version of prism wrote a line, in a format that this one does not know.
    """
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                row = orjson.loads(line)
                if not isinstance(row, dict):
                    raise UserError(f"{path}, line {number}: not a JSON object; rerun the run to rewrite the file")
                check_schema(path, row, ROW_SCHEMA, number)
                yield row
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error})") from error
    except orjson.JSONDecodeError as error:
        raise UserError(f"{path}, line {number}: not a JSON object ({error}); rerun the run to rewrite it") from error
    except ValueError as error:
        raise UserError(f"{path}, line {number}: {error}; rerun the run to rewrite it") from error


def read_frame(path: Path) -> pl.DataFrame:
    """Return the rows as a table with the columns of the Parquet file next to it.

    Raises:
        UserError: the file cannot be read, or is damaged.
    """
    with reading(path):
        return scan(path).collect()
