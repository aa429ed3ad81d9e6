"""A table and its formats: CSV and Parquet at full precision, Markdown, LaTeX and lines of text for people."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from io import StringIO
from itertools import chain
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from prism_engine.report.atomic import replacing
from prism_engine.report.neutral import csv_cell, latex_cell, markdown_cell

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from typing import TextIO

    from prism_engine.report.scores.aligned import AlignedRuns

ColumnKind = Literal["text", "count", "share", "points", "effect", "number", "rating", "p"]
Cell = str | int | float | None
Format = Literal["csv", "md", "parquet", "tex"]
_WORDS: Final[dict[ColumnKind, str]] = {
    "text": "{}",
    "count": "{:,}",
    "share": "{:.1f}",
    "points": "{:+.1f}",
    "effect": "{:+.2f}",
    "number": "{:.2f}",
    "rating": "{:.0f}",
    "p": "{:.3f}",
}
FORMATS: Final[tuple[Format, ...]] = ("csv", "md", "parquet")
BOARD_FORMATS: Final[tuple[Format, ...]] = (*FORMATS, "tex")


class Column(NamedTuple):
    """One column: its name for machines, its heading for people, and the kind of its cells."""

    name: str
    heading: str
    kind: ColumnKind = "text"
    """`share` is from 0 to 1 and shown in %; `points` is a difference of two shares; `effect` is a signed number."""


@dataclass(frozen=True)
class Sheet:
    """Columns and rows; a cell without a value is None."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def header(self) -> tuple[str, ...]:
        """Return the headings."""
        return tuple(column.heading for column in self.columns)

    def lines(self) -> list[tuple[str, ...]]:
        """Return the rows formatted for people."""
        return list(self._lines())

    def _lines(self) -> Iterator[tuple[str, ...]]:
        kinds = [column.kind for column in self.columns]
        return (tuple(map(_shown, row, kinds)) for row in self.rows)

    def markdown_lines(self) -> Iterator[str]:
        """Yield the lines of a Markdown table; text is left-aligned, numbers right-aligned."""
        rule = tuple("---" if column.kind == "text" else "---:" for column in self.columns)
        for row in chain((self.header(), rule), self._lines()):
            yield f"| {' | '.join(map(markdown_cell, row))} |\n"

    def latex_lines(self) -> Iterator[str]:
        """Yield the lines of a LaTeX table that needs the package booktabs; columns without any value are left out."""
        empty = [
            column.name
            for place, column in enumerate(self.columns)
            if column.kind != "text" and all(row[place] is None for row in self.rows)
        ]
        shown = self.without(*empty)
        places = "".join("l" if column.kind == "text" else "r" for column in shown.columns)
        yield f"\\begin{{tabular}}{{{places}}}\n\\toprule\n"
        yield f"{' & '.join(map(latex_cell, shown.header()))} \\\\\n\\midrule\n"
        for row in shown._lines():  # noqa: SLF001 - another sheet of this class
            yield f"{' & '.join(map(latex_cell, row))} \\\\\n"
        yield "\\bottomrule\n\\end{tabular}\n"

    def csv_text(self) -> str:
        """Return the sheet as CSV: names as header, numbers at full precision."""
        text = StringIO(newline="")
        _write_csv(self, text)
        return text.getvalue()

    def without(self, *names: str) -> Sheet:
        """Return a copy without some columns."""
        kept = [position for position, column in enumerate(self.columns) if column.name not in names]
        return Sheet(
            tuple(self.columns[position] for position in kept),
            tuple(tuple(row[position] for position in kept) for row in self.rows),
        )


def write_sheet(sheet: Sheet, stem: Path, formats: Sequence[Format] = FORMATS) -> list[Path]:
    """Write `stem`.csv, .md, ..., each atomically; equal sheets give equal bytes.

    Returns:
        The files written.

    Raises:
        UserError: a file cannot be written.
    """
    written = []
    for kind in formats:
        path = stem.with_name(f"{stem.name}.{kind}")
        with replacing(path) as draft:
            if kind == "parquet":
                _write_parquet(sheet, draft)
            else:
                with draft.open("w", encoding="utf-8", newline="") as file:
                    if kind == "csv":
                        _write_csv(sheet, file)
                    else:
                        file.writelines(sheet.markdown_lines() if kind == "md" else sheet.latex_lines())
        written.append(path)
    return written


def markdown(sheet: Sheet) -> str:
    """Return the sheet as a Markdown table."""
    return "".join(sheet.markdown_lines())


def _write_csv(sheet: Sheet, file: TextIO) -> None:
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(column.name for column in sheet.columns)
    writer.writerows(map(csv_cell, row) for row in sheet.rows)


def _write_parquet(sheet: Sheet, path: Path) -> None:
    import polars as pl  # noqa: PLC0415 - heavy, and most runs need no table

    types = {"text": pl.String(), "count": pl.Int64()}
    schema = {column.name: types.get(column.kind, pl.Float64()) for column in sheet.columns}
    pl.DataFrame(list(sheet.rows), schema=schema, orient="row").write_parquet(path)


def _shown(cell: Cell, kind: ColumnKind) -> str:
    if cell is None or isinstance(cell, str):
        return cell or "-"
    if kind == "p" and cell < 0.001:
        return "<0.001"
    return _WORDS[kind].format(100 * cell if kind in ("share", "points") else cell)


_SAMPLE: Final = ("index", "l2_category", "category", "question", "target")


def flips(aligned: AlignedRuns) -> Sheet:
    """List the samples on which the first two runs score differently, worsened ones first.

    Samples that only one run has a score for are left out.
    """
    import polars as pl  # noqa: PLC0415 - heavy, and most runs need no table

    first, second = (run.table.select("index", "extracted") for run in aligned.runs[:2])
    table = (
        aligned.samples.select(_SAMPLE)
        .with_columns(first_score=pl.Series(aligned.scores[0]), second_score=pl.Series(aligned.scores[1]))
        .join(first.rename({"extracted": "first_answer"}), on="index", how="left", maintain_order="left")
        .join(second.rename({"extracted": "second_answer"}), on="index", how="left", maintain_order="left")
        .filter(pl.col("first_score").is_not_nan() & pl.col("second_score").is_not_nan())
        .filter(pl.col("first_score") != pl.col("second_score"))
        .with_columns(
            change=pl.when(pl.col("second_score") < pl.col("first_score"))
            .then(pl.lit("right to wrong"))
            .otherwise(pl.lit("wrong to right"))
        )
        .sort("change", maintain_order=True)
    )
    shown = ("change", *_SAMPLE, "first_answer", "second_answer", "first_score", "second_score")
    columns = tuple(
        Column(name, name.replace("_", " ").capitalize(), "number" if name.endswith("score") else "text")
        for name in shown
    )
    return Sheet(columns, tuple(table.select(shown).rows()))
