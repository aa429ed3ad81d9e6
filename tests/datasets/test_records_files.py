"""Tables in common formats."""

from __future__ import annotations

import json

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prism_engine.datasets.records_files import read_records
from prism_engine.errors import DatasetError

ROWS = [
    {"index": 1, "Description ": "a cat"},
    {"index": 2, "Description ": "None"},
    {"index": 3, "Description ": "ä, b"},
]


def write(path, rows):
    frame = pl.DataFrame(rows)
    match path.suffix:
        case ".xlsx":
            frame.write_excel(path)
        case ".parquet":
            frame.write_parquet(path)
        case ".csv":
            frame.write_csv(path)
        case ".tsv":
            frame.write_csv(path, separator="\t")
        case ".json":
            path.write_text(json.dumps(rows))
        case _:
            path.write_text("".join(json.dumps(row) + "\n\n" for row in rows))
    return path


@pytest.mark.parametrize("ending", [".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".xlsx", ".parquet"])
def test_every_format_gives_the_same_rows_with_their_numbers(tmp_path, ending):
    read = list(read_records(write(tmp_path / f"table{ending}", ROWS)))
    assert [number for number, _ in read] == [1, 2, 3]
    assert [str(row["index"]) for _, row in read] == ["1", "2", "3"]
    assert [row["description"] for _, row in read] == ["a cat", "None", "ä, b"]


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), min_size=1, max_size=5))
def test_json_lines_keep_every_text(tmp_path_factory, texts):
    path = write(tmp_path_factory.mktemp("t") / "t.jsonl", [{"text": text} for text in texts])
    assert [row["text"] for _, row in read_records(path)] == texts


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("t.odd", b"x", "unknown format; known endings: .jsonl"),
        ("t.jsonl", b'{"a": 1}\n[1]\n', "row 2: is not an object"),
        ("t.jsonl", b'{"a": 1}\n{"a":\n', "row 2: not JSON lines"),
        ("t.json", b'{"a": 1}', "must be a list of objects"),
        ("t.csv", b"a,b\n1,2,3\n", "row 1: has more cells than the header"),
        ("t.csv", b"a\n\xff\n", "row 1: byte 0xff is not UTF-8"),
        ("t.xlsx", b"no zip", "cannot be read as a table"),
        ("t.parquet", b"nothing", "cannot be read as a table"),
    ],
)
def test_an_unreadable_table_is_named_with_its_place(tmp_path, name, content, message):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(DatasetError, match=message) as caught:
        list(read_records(path))
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("ending", [".jsonl", ".json", ".csv", ".xlsx", ".parquet"])
def test_a_file_that_is_not_there_is_one_error(tmp_path, ending):
    with pytest.raises(DatasetError, match="absent"):
        list(read_records(tmp_path / f"absent{ending}"))


def test_rows_without_any_cell_are_left_out(tmp_path):
    path = tmp_path / "t.txt"
    path.write_text("index,description\n0,a\n,\n1,b\n,\n", encoding="utf-8")
    assert [row["index"] for _, row in read_records(path, ("index", "description"))] == ["0", "1"]
