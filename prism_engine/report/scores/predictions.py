"""The predictions file as typed columns: one JSON object per sample and line, as the journal leaves it."""

from __future__ import annotations

from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import orjson

from prism_engine.errors import UserError
from prism_engine.records import Image, Option, Sample, SampleStatus
from prism_engine.scoring import Scored

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import polars as pl

TEXTS: Final = (
    "index",
    "category",
    "l2_category",
    "split",
    "question",
    "hint",
    "target",
    "contents",
    "fell_back",
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

DRAW_FIELDS: Final = ("description_draw", "answer_draw")
"""Fields of lines in a file of draws alone: which description, which answer to it, from 0; null where there is one."""

_STATUSES: Final = frozenset(SampleStatus)

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
    except (PolarsError, orjson.JSONDecodeError, TypeError, KeyError, AttributeError) as error:
        raise UserError(
            f"{predictions}: not a predictions file ({error}); start the same run again to write it anew."
        ) from error


def rows_of(predictions: Path, *needed: str) -> Iterator[dict[str, Any]]:
    """Read a predictions file row by row.

    Args:
        needed: fields that each row must have beside `index`, `status`, `score` and `extracted`.

    Raises:
        UserError: the file is absent or unreadable, or a line of it is no row of predictions.
    """
    fields = ("index", "status", "score", "extracted", *needed)

    def trouble(row: object) -> str | None:
        if not isinstance(row, dict):
            return "no JSON object"
        if lacking := [name for name in fields if name not in row]:
            return f"it lacks {', '.join(lacking)}"
        if not isinstance(row["index"], str):
            return "its index is no text"
        return None if row["status"] in _STATUSES else f"status {row['status']!r} is not known here"

    with reading(predictions), predictions.open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                row = orjson.loads(line)
            except orjson.JSONDecodeError:
                row = None
            if said := trouble(row):
                raise _no_row(predictions, number, said)
            yield row


def _no_row(predictions: Path, number: int, said: str) -> UserError:
    return UserError(f"{predictions}, line {number}: not a row of predictions ({said}); start its run again.")


def as_wrong(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row whose call failed as that of a wrong answer, where it has a target; any other one as it is."""
    target, letters = row.get("target"), [option["letter"] for option in row.get("options") or ()]
    if row.get("status") != SampleStatus.FAILED or target is None or (letters and target.strip() not in letters):
        return row
    return row | {"status": SampleStatus.DONE.value, "reply": "", "extracted": None, "score": 0.0}


def draw_of(row: Mapping[str, Any]) -> tuple[int, int]:
    """Return which draw of its question a row is: of the description, and of the answer to it, both from 0."""
    return row.get("description_draw") or 0, row.get("answer_draw") or 0


def first_draws(draws: Path) -> Iterator[dict[str, Any]]:
    """Read the first draw of each question out of a file of draws, as the row of a question that is asked once.

    Raises:
        UserError: as `rows_of`.
    """
    for row in rows_of(draws):
        if draw_of(row) == (0, 0):
            yield {name: value for name, value in row.items() if name not in DRAW_FIELDS}


def sample_of(row: Mapping[str, Any]) -> Sample:
    """Return the sample of a row, as far as scoring needs it: its pictures are known by their digests only."""
    return Sample(
        position=row.get("position", 0),
        index=row["index"],
        images=tuple(Image(digest, Path(digest)) for digest in row.get("images") or ()),
        question=row.get("question") or "",
        hint=row.get("hint"),
        options=tuple(Option(option["letter"], option["text"]) for option in row.get("options") or ()),
        answer=row.get("target"),
        category=row.get("category"),
        l2_category=row.get("l2_category"),
        split=row.get("split"),
        extra=row.get("extra") or {},
    )


def scored_of(row: Mapping[str, Any]) -> Scored:
    """Return what scorers see of a row."""
    return Scored(
        index=row["index"],
        status=SampleStatus(row["status"]),
        score=row["score"],
        extracted=row["extracted"],
        target=row.get("target"),
        options=len(row.get("options") or ()),
        category=row.get("category"),
        l2_category=row.get("l2_category"),
        split=row.get("split"),
        images=tuple(row.get("images") or ()),
        extra=row.get("extra") or {},
        reply=row.get("reply"),
    )


def scored_rows(predictions: Path, *, failed_as_wrong: bool = False) -> Iterator[Scored]:
    """Read what folding needs of each row, row by row.

    Args:
        failed_as_wrong: see `as_wrong`.

    Raises:
        UserError: as `rows_of`, and where a field is of another kind than in any row.
    """
    for number, row in enumerate(rows_of(predictions), start=1):
        try:
            scored = scored_of(as_wrong(row) if failed_as_wrong else row)
        except (AttributeError, KeyError, TypeError) as error:
            raise _no_row(predictions, number, repr(error)) from error
        yield scored


def schema() -> dict[str, pl.DataType]:
    """Return every field that a line may have, with its type."""
    import polars as pl  # noqa: PLC0415 - the same

    return {
        **dict.fromkeys(TEXTS, pl.String()),
        **dict.fromkeys(LISTS, pl.List(pl.String())),
        **dict.fromkeys(("position", *DRAW_FIELDS), pl.Int64()),
        "score": pl.Float64(),
        "options": pl.List(pl.Struct({"letter": pl.String(), "text": pl.String()})),
    }


def scan(predictions: Path, columns: Iterable[str] | None = None) -> pl.LazyFrame:
    """Read columns lazily and in batches, null where a line lacks one.

    Args:
        predictions: the file; collect the frame inside `reading`.
        columns: the fields to read; None takes those of the first line, which are those of every line, and all known
            ones but those of draws where there is no line.
    """
    import polars as pl  # noqa: PLC0415 - the same
    from polars.io.plugins import register_io_source  # noqa: PLC0415

    known = schema()
    if columns is None:
        with predictions.open("rb") as file:
            first = file.readline()
        columns = (
            [name for name in orjson.loads(first) if name in known]
            if first
            else [name for name in known if name not in DRAW_FIELDS]
        )
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
