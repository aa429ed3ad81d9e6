"""Reads the predictions file, one JSON object per line and sample, as rows or typed columns."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import orjson

from prism_engine.errors import UserError
from prism_engine.records import Image, Option, Sample, SampleStatus
from prism_engine.report.scores.manifest import check_schema
from prism_engine.scoring import Scored

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import BinaryIO

    import polars as pl

ROW_SCHEMA: Final = 2
"""Version of a row's format; a row without one has version 1, which has no `steps`."""

USAGE_FIELDS: Final = ("prompt_tokens", "completion_tokens", "cached_tokens", "reasoning_tokens", "total_tokens")
"""Fields of a step's usage."""

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
"""Fields that are always text, including ids that look like numbers."""

LISTS: Final = ("images", "description_outcomes")
"""Fields that are lists of text."""

DRAW_FIELDS: Final = ("description_draw", "answer_draw")
"""Fields that only files of draws and rotations have: number of the description and of its answer, from 0; null if only
one."""

ROTATION_FIELDS: Final = ("rotation", "order_kept")
"""Fields that only files of rotations have: number of places that the options are moved up, and why this question keeps
their order, if it does."""

_STATUSES: Final = frozenset(SampleStatus)

_BATCH_BYTES: Final = 4 << 20
"""Bytes of lines parsed at once; otherwise polars would map the whole file, and memory would grow with it."""


@contextmanager
def reading(predictions: Path) -> Iterator[None]:
    """Convert errors from reading a predictions file to user errors.

    Raises:
        UserError: the file is missing, unreadable or not a predictions file.
    """
    from polars.exceptions import PolarsError  # noqa: PLC0415 - heavy, and most runs need no table

    try:
        yield
    except FileNotFoundError as error:
        raise UserError(f"{predictions}: no such file; name a run that has predictions.") from error
    except OSError as error:
        raise UserError(f"{predictions}: cannot be read ({error}).") from error
    except (PolarsError, orjson.JSONDecodeError, TypeError, KeyError, AttributeError) as error:
        raise UserError(
            f"{predictions}: not a predictions file ({error}); rerun the same command to rewrite it."
        ) from error


def rows_of(predictions: Path, *needed: str) -> Iterator[dict[str, Any]]:
    """Read a predictions file row by row.

    Args:
        needed: fields that each row must have, in addition to `index`, `status`, `score` and `extracted`.

    Raises:
        UserError: the file is missing or unreadable, or a line is not a row of predictions.
        NewerFileError: a newer version of prism wrote a line, in a format that this one does not know.
    """
    fields = ("index", "status", "score", "extracted", *needed)

    def problem_of(row: object, number: int) -> str | None:
        if not isinstance(row, dict):
            return "not a JSON object"
        try:
            check_schema(predictions, row, ROW_SCHEMA, number)
        except ValueError as error:
            return str(error)
        if lacking := [name for name in fields if name not in row]:
            return f"it lacks {', '.join(lacking)}"
        if not isinstance(row["index"], str):
            return "its index is not text"
        if not _are_options(row.get("options") or []):
            return "its options are no list of letters and texts"
        return None if row["status"] in _STATUSES else f"unknown status {row['status']!r}"

    with reading(predictions), predictions.open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                row = orjson.loads(line)
            except orjson.JSONDecodeError:
                row = None
            if problem := problem_of(row, number):
                raise _invalid_row(predictions, number, problem)
            yield row


def _are_options(options: object) -> bool:
    return isinstance(options, list) and all(
        isinstance(option, dict) and isinstance(option.get("letter"), str) and isinstance(option.get("text"), str)
        for option in options
    )


def _invalid_row(predictions: Path, number: int, problem: str) -> UserError:
    return UserError(
        f"{predictions}, line {number}: not a row of predictions ({problem}); rerun the same command to rewrite it."
    )


def steps_of(row: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return a row's steps; none if its version has none."""
    return row.get("steps") or []


def require_known(rows: Path) -> None:
    """Check that this version of prism knows the format of a file's rows, by the first one; a missing file passes.

    Raises:
        NewerFileError: it does not.
    """
    try:
        with rows.open("rb") as file:
            row = orjson.loads(file.readline())
        if isinstance(row, dict):
            check_schema(rows, row, ROW_SCHEMA, 1)
    except (OSError, ValueError):
        return


def as_wrong(row: dict[str, Any]) -> dict[str, Any]:
    """Return a failed row that has a target as a wrong answer; any other row unchanged."""
    target, letters = row.get("target"), [option["letter"] for option in row.get("options") or ()]
    if row.get("status") != SampleStatus.FAILED or target is None or (letters and target.strip() not in letters):
        return row
    return row | {"status": SampleStatus.DONE.value, "reply": "", "extracted": None, "score": 0.0}


def draw_of(row: Mapping[str, Any]) -> tuple[int, int, int]:
    """Return a row's numbers, all from 0: of the description, of its answer, and of the rotation of the options."""
    return row.get("description_draw") or 0, row.get("answer_draw") or 0, row.get("rotation") or 0


def first_draws(draws: Path) -> Iterator[dict[str, Any]]:
    """Yield the first draw of each question, its options as they are, as rows without the fields of draws.

    Args:
        draws: a file of draws or of rotations.

    Raises:
        UserError: as `rows_of`.
    """
    return (_without(row, DRAW_FIELDS) for row in unrotated(draws) if draw_of(row) == (0, 0, 0))


def unrotated(rotations: Path) -> Iterator[dict[str, Any]]:
    """Yield the rows whose options are as they are, without the fields of rotations.

    Raises:
        UserError: as `rows_of`.
    """
    return (_without(row, ROTATION_FIELDS) for row in rows_of(rotations) if not row.get("rotation"))


def _without(row: Mapping[str, Any], fields: Sequence[str]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in fields}


def sample_of(row: Mapping[str, Any]) -> Sample:
    """Return a row's sample as far as scoring needs it; pictures are represented by their digests only."""
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
    """Return the part of a row that scorers use."""
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
    """Yield the part of each row that aggregation needs.

    Args:
        failed_as_wrong: see `as_wrong`.

    Raises:
        UserError: as `rows_of`, and if a field has the wrong type.
    """
    for number, row in enumerate(rows_of(predictions), start=1):
        try:
            scored = scored_of(as_wrong(row) if failed_as_wrong else row)
        except (AttributeError, KeyError, TypeError) as error:
            raise _invalid_row(predictions, number, repr(error)) from error
        yield scored


def schema() -> dict[str, pl.DataType]:
    """Return the type of every field that a line may have."""
    import polars as pl  # noqa: PLC0415 - the same

    return {
        **dict.fromkeys(TEXTS, pl.String()),
        **dict.fromkeys(LISTS, pl.List(pl.String())),
        **dict.fromkeys(("schema", "position", *DRAW_FIELDS, "rotation"), pl.Int64()),
        "order_kept": pl.String(),
        "score": pl.Float64(),
        "options": pl.List(pl.Struct({"letter": pl.String(), "text": pl.String()})),
        "steps": pl.List(
            pl.Struct(
                {
                    "stage": pl.String(),
                    "round": pl.Int64(),
                    "picture": pl.Int64(),
                    "model": pl.String(),
                    "key": pl.String(),
                    "text": pl.String(),
                    "outcome": pl.String(),
                    "usage": pl.Struct(dict.fromkeys(USAGE_FIELDS, pl.Int64())),
                    "cost": pl.Float64(),
                    "detail": pl.String(),
                }
            )
        ),
    }


def scan(predictions: Path, columns: Iterable[str] | None = None) -> pl.LazyFrame:
    """Read columns lazily and in batches; a field that a line lacks is null.

    Args:
        predictions: the file; collect the frame inside `reading`.
        columns: the fields to read; None means those of the first line (all lines have the same fields), or all known
            fields except those of draws and rotations if the file is empty.

    Raises:
        NewerFileError: while the frame is collected, as `rows_of`.
    """
    import polars as pl  # noqa: PLC0415 - the same
    from polars.exceptions import PolarsError  # noqa: PLC0415
    from polars.io.plugins import register_io_source  # noqa: PLC0415

    known = schema()
    if columns is None:
        with predictions.open("rb") as file:
            first = file.readline()
        columns = (
            [name for name in orjson.loads(first) if name in known]
            if first
            else [name for name in known if name not in (*DRAW_FIELDS, *ROTATION_FIELDS)]
        )
    typed = {name: known[name] for name in columns}

    def batches(
        wanted: list[str] | None, predicate: pl.Expr | None, n_rows: int | None, _size: int | None
    ) -> Iterator[pl.DataFrame]:
        names = typed if wanted is None else {name: typed[name] for name in wanted}
        remaining = n_rows
        with predictions.open("rb") as file:
            for start, lines in _line_batches(file):
                try:
                    frame = _parsed(lines, names)
                except (PolarsError, AttributeError, TypeError):  # fields of a newer version may have other types
                    _check_schemas(predictions, lines.split(b"\n"), start)
                    raise
                if (frame["schema"] > ROW_SCHEMA).any():
                    _check_schemas(predictions, lines.split(b"\n"), start)
                frame = frame.select(list(names))
                if remaining is not None:
                    frame = frame.head(remaining)
                    remaining -= len(frame)
                yield frame if predicate is None else frame.filter(predicate)
                if remaining == 0:
                    return

    return register_io_source(batches, schema=pl.Schema(typed))


def _line_batches(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Yield lines in batches, each with the number of its first line, from 1."""
    start, rest = 1, b""
    while chunk := file.read(_BATCH_BYTES):
        end = chunk.rfind(b"\n") + 1
        if not end:  # a line that is longer than that
            rest += chunk
            continue
        lines = rest + chunk[:end]
        yield start, lines
        start, rest = start + lines.count(b"\n"), chunk[end:]
    if rest:
        yield start, rest


def _parsed(lines: bytes, names: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """Return the columns of JSON lines, and their `schema`."""
    import polars as pl  # noqa: PLC0415 - the same

    flat = {"schema": pl.Int64(), **{name: kind for name, kind in names.items() if name != "steps"}}
    frame = pl.read_ndjson(lines, schema=flat)
    if "steps" not in names:
        return frame
    return frame.with_columns(_steps_column(list(filter(bytes.strip, lines.split(b"\n")))))


def _steps_column(lines: Sequence[bytes]) -> pl.Series:
    """Return the steps of lines, parsed with orjson: polars takes four times as long and more memory for such lists."""
    import polars as pl  # noqa: PLC0415 - the same

    step_type: pl.Struct = schema()["steps"].inner  # type: ignore[attr-defined]
    kinds = {name: kind for name, kind in step_type.to_schema().items() if name != "usage"}
    values: dict[str, list[Any]] = {name: [] for name in (*kinds, *USAGE_FIELDS)}
    owners: list[int] = []
    counted: list[bool] = []
    known: list[bool] = []
    for number, line in enumerate(lines):
        steps = orjson.loads(line).get("steps")
        known.append(steps is not None)
        for step in steps or ():
            owners.append(number)
            for name in kinds:
                values[name].append(step.get(name))
            usage = step.get("usage")
            counted.append(usage is not None)
            for name in USAGE_FIELDS:
                values[name].append(None if usage is None else usage.get(name))
    typed = {**kinds, **dict.fromkeys(USAGE_FIELDS, pl.Int64())}
    usage = pl.when("counted").then(pl.struct(*USAGE_FIELDS)).alias("usage")
    step = pl.struct(*(usage if field.name == "usage" else pl.col(field.name) for field in step_type.fields))
    flat = pl.DataFrame(
        {**values, "counted": counted, "row": owners}, {**typed, "counted": pl.Boolean, "row": pl.Int64}
    )
    lists = flat.group_by("row", maintain_order=True).agg(step.alias("steps"))
    rows = pl.DataFrame({"row": range(len(known)), "known": known}, {"row": pl.Int64, "known": pl.Boolean})
    joined = rows.join(lists, on="row", how="left", maintain_order="left")
    empty = pl.lit(pl.Series([[]], dtype=pl.List(step_type))).first()
    filled = pl.when(pl.col("known") & pl.col("steps").is_null()).then(empty).otherwise("steps")
    return joined.select(steps=filled).to_series()


def _check_schemas(path: Path, lines: Sequence[bytes], start: int) -> None:
    """Check the version of each line; the first one has number `start`.

    Raises:
        NewerFileError: as `check_schema`.
    """
    for number, line in enumerate(lines, start):
        try:
            row = orjson.loads(line)
            if isinstance(row, dict):
                check_schema(path, row, ROW_SCHEMA, number)
        except ValueError:  # a damaged line; the caller reports it
            continue
