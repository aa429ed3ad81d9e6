from __future__ import annotations

import pytest

from prism_engine.datasets.jsonl import JsonLines
from prism_engine.errors import DatasetError


def test_records_come_one_by_one_and_blank_lines_do_not_count(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"a": 1}\n\n  \n{"a": "ä"}\n', encoding="utf-8")
    records = JsonLines(path)
    assert list(records) == [{"a": 1}, {"a": "ä"}]
    assert records.bytes_read == records.bytes_total == path.stat().st_size


@pytest.mark.parametrize("line", ["{", "[1]", "7", "[" * 5000, '{"a": 1}]'])
def test_a_line_that_is_no_record_is_an_error_in_its_place(tmp_path, line):
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"a": 1}\n' + line.encode("latin-1") + b'\n{"a": 2}')
    first, error, last = JsonLines(path)
    assert (first, last) == ({"a": 1}, {"a": 2})
    assert isinstance(error, DatasetError)
    assert f"{path}, row 2: the line is not " in str(error)


def test_a_missing_file_is_reported(tmp_path):
    with pytest.raises(DatasetError, match=r"gone\.jsonl: cannot be opened: No such file"):
        list(JsonLines(tmp_path / "gone.jsonl"))


def test_a_line_without_an_end_does_not_fill_the_memory(tmp_path, monkeypatch):
    monkeypatch.setattr("prism_engine.datasets.jsonl.MAX_CELL", 10)
    path = tmp_path / "a.jsonl"
    path.write_text('{"a": 1}\n{"a": "0123456789"}\n')
    records = iter(JsonLines(path))
    assert next(records) == {"a": 1}
    with pytest.raises(DatasetError, match="row 2: a line is longer"):
        next(records)
