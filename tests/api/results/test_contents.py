"""Hints as files that an original checkout could have written."""

from __future__ import annotations

import orjson
import polars as pl

from prism_engine.api.results.run_folder import hints_file_name, write_hints


def row(index, hints):
    fate = {"status": "done", "failure": None} if hints else {"status": "failed", "failure": "instruction: error: x"}
    given = {
        "schema": 2,
        "index": index,
        "position": 0,
        "question": "Q?",
        "contents": hints,
        "score": None,
        "steps": [],
    }
    return orjson.dumps(given | fate)


def test_written_hints_are_in_the_json_and_missing_ones_in_the_table_with_the_reason(tmp_path):
    path = tmp_path / hints_file_name("MMStar", "gpt-4o")
    write_hints(path, [row("3", "the sky"), row("7", None)])
    assert path.name == "MMStar_gpt-4o.json"
    assert orjson.loads(path.read_bytes()) == {"3": "the sky"}
    table = pl.read_parquet(tmp_path / "contents.parquet")
    assert table.select("index", "contents", "failure").rows() == [
        ("3", "the sky", None),
        ("7", None, "instruction: error: x"),
    ]
