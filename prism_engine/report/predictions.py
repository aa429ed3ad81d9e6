"""The predictions file as typed columns: one JSON object per sample and line, as the journal leaves it."""

from __future__ import annotations

from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Final

import orjson

from prism_engine.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    import polars as pl

TEXTS: Final = (
    "index",
    "category",
    "l2_category",
    "split",
    "question",
    "hint",
    "target",
    "description",
    "reply",
    "reply_outcome",
    "extracted",
    "status",
    "failure",
)
"""Fields that are text whatever they look like, ids that could be numbers among them."""

LISTS: Final = ("images", "description_outcomes")
"""Fields that are lists of text."""

_BATCH: Final = 2_000
"""Lines parsed at once: polars would map the whole file otherwise, and memory would grow with it."""


@contextmanager
def reading(predictions: Path) -> Iterator[None]:
    """Translate what goes wrong while a predictions file is read.

    Raises:
        UserError: the file is absent, unreadable or not a predictions file.
    """
    from polars.exceptions import PolarsError  # noqa: PLC0415 - a run that needs no table starts without it

    try:
        yield
    except FileNotFoundError as error:
        raise UserError(f"{predictions}: no such file; name a run that has predictions.") from error
    except OSError as error:
        raise UserError(f"{predictions}: cannot be read ({error}).") from error
    except (PolarsError, orjson.JSONDecodeError) as error:
        raise UserError(
            f"{predictions}: not a predictions file ({error}); start the same run again to write it anew."
        ) from error


def schema() -> dict[str, pl.DataType]:
    """Return every field that a line may have, with its type."""
    import polars as pl  # noqa: PLC0415 - the same

    return {
        **dict.fromkeys(TEXTS, pl.String()),
        **dict.fromkeys(LISTS, pl.List(pl.String())),
        **dict.fromkeys(("position", "description_draw", "answer_draw"), pl.Int64()),
        "score": pl.Float64(),
        "options": pl.List(pl.Struct({"letter": pl.String(), "text": pl.String()})),
    }


def scan(predictions: Path, columns: Iterable[str] | None = None) -> pl.LazyFrame:
    """Read columns lazily and in batches, null where a line lacks one.

    Args:
        predictions: the file; collect the frame inside `reading`.
        columns: the fields to read; None takes those of the first line, which are those of every line, and all known
            ones where there is no line.
    """
    import polars as pl  # noqa: PLC0415 - the same
    from polars.io.plugins import register_io_source  # noqa: PLC0415

    known = schema()
    if columns is None:
        with predictions.open("rb") as file:
            first = file.readline()
        columns = [name for name in orjson.loads(first) if name in known] if first else known
    typed = {name: known[name] for name in columns}

    def batches(
        wanted: list[str] | None, predicate: pl.Expr | None, n_rows: int | None, _size: int | None
    ) -> Iterator[pl.DataFrame]:
        names = typed if wanted is None else {name: typed[name] for name in wanted}
        left = n_rows
        with predictions.open("rb") as file:
            while lines := b"".join(islice(file, _BATCH)):
                frame = pl.read_ndjson(lines, schema=names)
                if left is not None:
                    frame = frame.head(left)
                    left -= len(frame)
                yield frame if predicate is None else frame.filter(predicate)
                if left == 0:
                    return

    return register_io_source(batches, schema=pl.Schema(typed))
