"""Predictions as Parquet: nothing lost, nothing retyped."""

from __future__ import annotations

import json

import polars as pl
import pytest

from prism_engine.errors import UserError
from prism_engine.report.scores import predictions, tables
from prism_engine.report.scores.predictions import USAGE_FIELDS
from prism_engine.report.scores.tables import export_parquet

STEP = {
    "stage": "perceive",
    "round": 0,
    "picture": 0,
    "model": "eye",
    "key": "ab" * 32,
    "text": "a\tb\x01\\frac \U0001f600",
    "outcome": "ok",
    "usage": {
        "prompt_tokens": 2**63 - 1,
        "completion_tokens": 2,
        "cached_tokens": None,
        "reasoning_tokens": None,
        "total_tokens": None,
    },
    "cost": 0.000000123,
    "detail": None,
}
ROW = {
    "schema": 2,
    "index": "007",
    "position": 0,
    "category": None,
    "l2_category": "1",
    "split": None,
    "question": "Which\n\u84dd\u8272 one?\u2028",
    "hint": None,
    "contents": None,
    "fell_back": None,
    "target": "B",
    "options": [{"letter": "A", "text": "None"}],
    "images": ["ab" * 32],
    "description": "a\tb\x01\\frac \U0001f600",
    "description_outcomes": ["ok", "truncated"],
    "reply": "null",
    "reply_outcome": "ok",
    "extracted": "NA",
    "score": 1.0,
    "status": "done",
    "failure": None,
    "steps": [
        STEP,
        STEP | {"stage": "reason", "key": None, "usage": None, "cost": None, "outcome": "error", "detail": "HTTP 500"},
    ],
}


def export(folder, rows, name="predictions.parquet"):
    source = folder / "predictions.jsonl"
    source.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    export_parquet(source, folder / name)
    return folder / name


def test_every_value_comes_back_as_it_was(tmp_path):
    lists: dict[str, object] = {"images": [], "options": [], "description_outcomes": [], "steps": []}
    other = {**dict.fromkeys(ROW), **lists, "index": "8", "position": 1, "score": 0}
    table = pl.read_parquet(export(tmp_path, [ROW, other]))
    assert table.to_dicts() == [ROW, other]
    assert set(table.columns) == set(ROW)


def test_types_do_not_depend_on_what_the_values_look_like(tmp_path):
    lists = dict.fromkeys(("images", "description_outcomes"), pl.List(pl.String()))
    options = pl.List(pl.Struct({"letter": pl.String(), "text": pl.String()}))
    usage = pl.Struct(dict.fromkeys(USAGE_FIELDS, pl.Int64()))
    numbers = dict.fromkeys(("round", "picture"), pl.Int64())
    fields: dict[str, pl.DataType] = {
        **dict.fromkeys(STEP, pl.String()),
        **numbers,
        "usage": usage,
        "cost": pl.Float64(),
    }
    steps = pl.List(pl.Struct(fields))
    integers = dict.fromkeys(("schema", "position"), pl.Int64())
    typed = {**integers, "score": pl.Float64(), "options": options, "steps": steps, **lists}
    schema = pl.read_parquet_schema(export(tmp_path, [{**dict.fromkeys(ROW), "index": "12"}]))
    assert schema == {name: typed.get(name, pl.String()) for name in schema}
    assert set(schema) == set(ROW)


def test_options_are_kept_in_order_to_the_last_character(tmp_path):
    texts = ['say "\u84dd"\n', "None", "2024-01-01", "\\frac{1}{2}\t\x01"]
    options = [{"letter": letter, "text": text} for letter, text in zip("DABC", texts, strict=True)]
    table = pl.read_parquet(export(tmp_path, [{**ROW, "options": options}, {**ROW, "options": []}]))
    assert table["options"].to_list() == [options, []]


def test_a_file_of_fewer_fields_gets_no_more_columns(tmp_path):
    table = pl.read_parquet(export(tmp_path, [{"index": "1", "images": []}, {"index": "02", "images": None}]))
    assert table.to_dicts() == [{"index": "1", "images": []}, {"index": "02", "images": None}]


def test_equal_input_gives_equal_bytes_in_the_order_of_the_lines(tmp_path):
    rows = [{**ROW, "index": str(number), "position": number, "reply": "x" * (number % 97)} for number in range(25_000)]
    first, second = export(tmp_path, rows, "a.parquet"), export(tmp_path, rows, "b.parquet")
    assert first.read_bytes() == second.read_bytes()
    assert pl.read_parquet(first)["position"].to_list() == list(range(25_000))


def test_an_empty_file_becomes_an_empty_table_with_all_columns(tmp_path):
    table = pl.read_parquet(export(tmp_path, []))
    assert (table.height, set(table.columns)) == (0, set(ROW))


def test_a_damaged_file_leaves_the_old_export_alone(tmp_path):
    old = export(tmp_path, [ROW])
    before = old.read_bytes()
    source = tmp_path / "predictions.jsonl"
    source.write_text(json.dumps(ROW) + '\n{"index": "2", ', encoding="utf-8")
    with pytest.raises(UserError, match=r"predictions\.jsonl: not a predictions file"):
        export_parquet(source, old)
    assert old.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["predictions.jsonl", "predictions.parquet"]


def test_an_absent_source_and_an_unwritable_target_are_each_named(tmp_path):
    with pytest.raises(UserError, match=r"none\.jsonl: no such file"):
        export_parquet(tmp_path / "none.jsonl", tmp_path / "out.parquet")
    with pytest.raises(UserError, match=r"out\.parquet: cannot be written"):
        export(tmp_path, [ROW], "absent/out.parquet")


def test_rows_with_long_texts_are_read_and_written_in_smaller_parts(tmp_path, monkeypatch):
    rows = [{**ROW, "index": str(number), "reply": "x" * 1_000} for number in range(50)]
    whole = pl.read_parquet(export(tmp_path, rows))
    monkeypatch.setattr(predictions, "_BATCH_BYTES", 3_000)
    monkeypatch.setattr(tables, "_GROUP_BYTES", 20_000)
    path = export(tmp_path, rows, "parts.parquet")
    assert pl.read_parquet(path).equals(whole)
    assert 1 < tables._rows_per_group(tmp_path / "predictions.jsonl") < len(rows)
