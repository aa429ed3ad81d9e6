"""Reads and writes single-sheet Excel files as text: nothing is interpreted as a number, formula or link."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from prism_engine.errors import UserError
from prism_engine.report.atomic import replacing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

MOST_CHARACTERS: Final = 32_767
"""Maximum length of a cell's text, in UTF-16 code units."""


def read_workbook(path: Path) -> Iterator[dict[str, str | None]]:
    """Yield the rows of a workbook's first sheet as dicts by column name; an empty cell is None.

    Raises:
        UserError: the file cannot be read, or two columns have the same name.
    """
    import fastexcel  # noqa: PLC0415 - only needed for Excel files

    try:
        frame = fastexcel.read_excel(path).load_sheet(0, dtypes="string").to_polars()
    except (OSError, fastexcel.FastExcelError) as error:
        raise UserError(f"{path}: cannot be read as an Excel file ({error})") from error
    for row in frame.iter_rows(named=True):
        yield {name: None if text is None or not text.strip() else text for name, text in row.items()}


def write_workbook(path: Path, header: Sequence[str], rows: Iterable[Sequence[str | None]]) -> list[int]:
    """Write a single-sheet workbook; text too long for a cell is cut and ends with a note of its original length.

    Returns:
        The numbers (from 1) of the rows with cut text.

    Raises:
        UserError: the file cannot be written.
    """
    import xlsxwriter  # noqa: PLC0415 - the same

    cut = []
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_numbers": False,
        "strings_to_urls": False,
    }
    with replacing(path) as draft, draft.open("wb") as file, xlsxwriter.Workbook(file, options) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate((header, *rows)):
            for column, text in enumerate(row):
                if text is None:
                    continue
                fitting = _fitting(text)
                if fitting != text and number not in cut:
                    cut.append(number)
                sheet.write_string(number, column, fitting)
    return cut


def is_cut(text: str) -> bool:
    """Whether a cell's text has the maximum length, so its end was most likely cut off."""
    return _units(text) >= MOST_CHARACTERS - 1


def _fitting(text: str) -> str:
    if (length := _units(text)) <= MOST_CHARACTERS:
        return text
    note = f" [cut: {length:,} characters]"
    kept = text.encode("utf-16-le")[: 2 * (MOST_CHARACTERS - len(note))].decode("utf-16-le", "ignore")
    return kept + note


def _units(text: str) -> int:
    """Count UTF-16 code units, like Excel: a character above U+FFFF counts twice."""
    return len(text) + sum(character > "\uffff" for character in text)
