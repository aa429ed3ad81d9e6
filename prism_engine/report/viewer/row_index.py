"""The samples of a report on disk, for a server: filtered and paged without reading them again."""

from __future__ import annotations

import gzip
import os
from collections import OrderedDict
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, NamedTuple, cast

import orjson
from pydantic import BaseModel, ConfigDict, Field

from prism_engine.report.viewer.contract import Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

    from prism_engine.report.viewer.contract import ShownSample
    from prism_engine.report.viewer.report_data import ReportData

HEADER: Final = "header.json"
_TEMPLATES: Final = "templates.json"
_ROWS: Final = "rows.ipc"
_SAMPLES: Final = "samples.bin"
_LISTED: Final = ("index", "category", "l2_category", "images")
_QUESTION: Final = 300
"""Characters of a question that the list shows."""
_STATES: Final = {
    state: 1 << place
    for place, state in enumerate(
        (
            *("right", "wrong", "unscored", "failed", "not_run"),
            *("unanswered", "refused", "truncated"),
            "missing",
        )
    )
}
_REMEMBERED: Final = 16
"""Filters whose matches are kept: at most 4 bytes per sample each."""

State = Outcome | Literal["unanswered", "refused", "truncated", "missing"]
Run = Annotated[int, Field(ge=0)]
Words = Annotated[str, Field(max_length=2000)]


class RowFilter(BaseModel):
    """Which samples are shown, as `filters.js` has it: what it does not name does not matter."""

    model_config = ConfigDict(extra="forbid", strict=True)

    benchmark: Annotated[int, Field(ge=0)]
    category: Words | None = None
    l2_category: Words | None = None
    text: Words | None = None
    runs: dict[Annotated[str, Field(pattern=r"^\d{1,6}$")], State] = Field(default={}, max_length=500)
    any: State | None = None
    flip: list[Run | bool | None] | None = Field(default=None, min_length=2, max_length=3)
    verdict: list[Run | str] | None = Field(default=None, min_length=2, max_length=2)


class Page(NamedTuple):
    """Some of the samples that match a filter."""

    total: int
    rows: list[bytes]
    """Each as JSON: what the list shows of a sample."""


def write_index(data: ReportData, folder: Path) -> None:
    """Write everything that the report page asks a server for.

    Args:
        data: of the report; its samples are read here.
        folder: it exists.

    Raises:
        UserError: a file of a run is missing or damaged.
    """
    import polars as pl  # noqa: PLC0415 - heavy, and most commands need no table

    rows: list[dict[str, Any]] = []
    with (folder / _SAMPLES).open("wb") as file:
        for sample in data.samples():
            packed = gzip.compress(orjson.dumps(sample), compresslevel=1, mtime=0)
            rows.append({**_columns(sample), "start": file.tell(), "bytes": len(packed)})
            file.write(packed)
    runs = range(len(data.header["runs"]))
    schema = {
        **{name: pl.String() for name in ("index", "category", "l2_category", "row", "text")},
        **{name: pl.Int64() for name in ("benchmark", "start", "bytes")},
        **{f"states {run}": pl.Int16() for run in runs},
        **{f"verdict {run}": pl.String() for run in runs},
    }
    pl.DataFrame(rows, schema).write_ipc(folder / _ROWS)
    (folder / _TEMPLATES).write_bytes(orjson.dumps(data.templates.all))
    (folder / HEADER).write_bytes(orjson.dumps(data.header))


def _columns(sample: Mapping[str, Any]) -> dict[str, Any]:
    answers = sample["answers"]
    row = {
        **{name: sample[name] for name in _LISTED if name in sample},
        "question": sample["question"][:_QUESTION],
        "outcomes": {run: answer["outcome"] for run, answer in answers.items()},
    }
    states = {
        f"states {run}": sum(_STATES[state] for state in (answer["outcome"], *answer.get("flags", ())))
        for run, answer in answers.items()
    }
    return {
        **{name: sample.get(name) for name in ("index", "benchmark", "category", "l2_category")},
        "row": orjson.dumps(row).decode(),
        "text": haystack(cast("ShownSample", sample)),
        **states,
        **{f"verdict {run}": answer.get("verdict") for run, answer in answers.items()},
    }


def haystack(sample: ShownSample) -> str:
    """Return every text of a sample in lower case, for the free-text filter; `filters.js` has the same."""
    parts: list[str | None] = [sample["index"], sample["question"], sample.get("hint"), sample.get("target")]
    parts += sample["descriptions"]
    parts += [f"{letter}. {text}" for letter, text in sample.get("options", ())]
    for answer in sample["answers"].values():
        for reply in answer["replies"]:
            parts += [reply.get("text"), reply.get("extracted"), reply.get("hints"), reply.get("failure")]
            parts.append(reply.get("review", {}).get("review"))
    return "\n".join(part for part in parts if part is not None).lower()


class RowIndex:
    """Reads what `write_index` wrote.

    Memory: the texts that filters read, and what the list shows of each sample: about 2 kB per sample. The samples
    themselves stay on disk. A free-text filter takes about 0.3 microseconds per sample of 1.7 kB.

    Attributes:
        header: as JSON.
    """

    def __init__(self, folder: Path) -> None:
        import polars as pl  # noqa: PLC0415 - see `write_index`

        self.folder = folder
        self.header = (folder / HEADER).read_bytes()
        self._templates: list[Any] = orjson.loads((folder / _TEMPLATES).read_bytes())
        self._rows = pl.read_ipc(folder / _ROWS)
        self._samples = (folder / _SAMPLES).open("rb")
        self._found: OrderedDict[str, NDArray[np.uint32]] = OrderedDict()

    def page(self, wanted: RowFilter, offset: int, n: int) -> Page:
        """Return `n` of the samples that match, from the offset on."""
        found = self._matching(wanted)
        rows = self._rows["row"].gather(found[offset : offset + n].tolist())
        return Page(len(found), [row.encode() for row in rows])

    def place(self, wanted: RowFilter, index: str) -> int:
        """Return the position of a sample among those that match; -1 if it is none of them."""
        found, row = self._matching(wanted), self._row(wanted.benchmark, index)
        place = -1 if row is None else int(found.searchsorted(row))
        return place if 0 <= place < len(found) and found[place] == row else -1

    def sample(self, benchmark: int, index: str) -> bytes | None:
        """Return a sample in full, as gzipped JSON; None if there is none."""
        row = self._row(benchmark, index)
        if row is None:
            return None
        start, size = self._rows.select("start", "bytes").row(row)
        return os.pread(self._samples.fileno(), size, start)

    def prompt(self, number: int) -> Any:
        """Return the template of a prompt; None if there is none."""
        return self._templates[number] if 0 <= number < len(self._templates) else None

    def close(self) -> None:
        """Close its file. Idempotent."""
        self._samples.close()

    def _row(self, benchmark: int, index: str) -> int | None:
        import polars as pl  # noqa: PLC0415 - see `write_index`

        own = (pl.col("benchmark") == benchmark) & (pl.col("index") == index)
        rows = self._rows.select(own.arg_true()).to_series()
        return int(rows[0]) if len(rows) else None

    def _matching(self, wanted: RowFilter) -> NDArray[np.uint32]:
        key = wanted.model_dump_json()
        if key in self._found:
            self._found.move_to_end(key)
            return self._found[key]
        found = self._rows.select(_condition(wanted, self._rows.columns).arg_true()).to_series().to_numpy()
        self._found[key] = found
        if len(self._found) > _REMEMBERED:
            self._found.popitem(last=False)
        return found


def _condition(wanted: RowFilter, columns: Sequence[str]) -> pl.Expr:
    import polars as pl  # noqa: PLC0415 - see `write_index`

    known = [name for name in columns if name.startswith("states ")]
    conditions = [pl.col("benchmark") == wanted.benchmark]
    conditions += [
        (pl.col(level) == value).fill_null(value=False)
        for level, value in (("category", wanted.category), ("l2_category", wanted.l2_category))
        if value is not None
    ]
    conditions += [_has(f"states {run}", state, known) for run, state in wanted.runs.items()]
    if wanted.any is not None:
        either = [pl.lit(False), *(_has(name, wanted.any, known) for name in known if wanted.any != "missing")]
        conditions.append(pl.any_horizontal(either))
    if wanted.flip is not None:
        conditions.append(_flip(wanted.flip, known))
    if wanted.verdict is not None:
        name = f"verdict {wanted.verdict[0]}"
        own = (pl.col(name) == wanted.verdict[1]).fill_null(value=False) if name in columns else pl.lit(False)
        conditions.append(own)
    if words := (wanted.text or "").strip().lower():
        conditions.append(pl.col("text").str.contains(words, literal=True))
    return pl.all_horizontal(conditions)


def _has(column: str, state: str, known: Sequence[str]) -> pl.Expr:
    """Whether a run's answer has a state; one that lacks the sample has none but `missing`."""
    import polars as pl  # noqa: PLC0415 - see `write_index`

    if column not in known:
        return pl.lit(state == "missing")
    states = pl.col(column).fill_null(_STATES["missing"])
    return (states & _STATES[state]) != 0


def _flip(flip: Sequence[int | bool | None], known: Sequence[str]) -> pl.Expr:
    first, second = (f"states {run}" for run in flip[:2])
    lost = _has(first, "right", known) & _has(second, "wrong", known)
    reverse = _has(first, "wrong", known) & _has(second, "right", known)
    return lost | reverse if len(flip) > 2 and flip[2] else lost
