"""Contents to observe as files: a table with what became of each question, and an original checkout's JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from prism_engine.report import export_parquet, replacing

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_COLUMNS = ("index", "position", "question", "contents", "status", "failure")


def contents_name(benchmark: str, writer: str) -> str:
    """Return how an original checkout calls its file of contents."""
    return f"{benchmark}_{writer}.json"


def write_contents(path: Path, lines: Iterable[bytes]) -> None:
    """Write contents by index as one JSON object, and beside it `contents.jsonl` and `contents.parquet`.

    Args:
        lines: of the journal; one without contents is in the table alone, with the reason.

    Raises:
        UserError: a file cannot be written.
    """
    found = {}
    table = path.with_name("contents.jsonl")
    with replacing(table) as draft, draft.open("wb") as file:
        for row in map(orjson.loads, lines):
            file.write(orjson.dumps({name: row[name] for name in _COLUMNS}, option=orjson.OPT_APPEND_NEWLINE))
            if row["contents"] is not None:
                found[row["index"]] = row["contents"]
    export_parquet(table, table.with_suffix(".parquet"))
    with replacing(path) as draft:
        draft.write_bytes(orjson.dumps(found, option=orjson.OPT_INDENT_2))
