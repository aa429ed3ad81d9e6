"""The file name's suffix selects the reader."""

from __future__ import annotations

import json

import pytest

from prism_engine.datasets.recorded import Recorded
from prism_engine.datasets.sources import open_source
from prism_engine.datasets.tsv import Table
from prism_engine.errors import DatasetError

from .conftest import payload


def test_each_kind_of_file_has_its_reader(tables, jsonl, tmp_path):
    with open_source(tables.write({"index": "1", "question": "?", "image": payload()})) as source:
        assert isinstance(source, Table)
    data = jsonl({"question": "?", "image": payload()})
    (tmp_path / "m.yml").write_text("dataset: Toy.jsonl\ncolumns: {question: question, image: image}\n")
    for path in (data, data.rename(tmp_path / "Toy.JSONL"), tmp_path / "Toy.JSONL"):
        if path.is_file():
            with open_source(path) as source:
                assert isinstance(source, Recorded)
    with pytest.raises(DatasetError, match=r"there is no file 'Toy\.jsonl'"):
        open_source(tmp_path / "m.yml")
    with pytest.raises(DatasetError, match="no such file"):
        open_source(tmp_path / "gone.jsonl")


def test_broken_rows_are_reported_and_left_out(tables, jsonl):
    errors: list[DatasetError] = []
    table = tables.raw("index\tquestion\timage\n1\t?\n\t?\tx\n2\t?\tx\n")
    with open_source(table, errors.append) as source:
        assert [row.number for row in source] == [3]
    with open_source(jsonl("{", {"image": ""}, {"question": "?"}), errors.append) as source:
        assert [row.number for row in source] == [3]
    assert [error.row for error in errors] == [1, 2, 1, 2]


@pytest.mark.parametrize("rows", [[{str(n): n for n in range(20_000)}], [{str(n): 1} for n in range(10_010)]])
def test_more_columns_than_prism_reads_are_refused_in_one_record_and_in_all(tmp_path, rows):
    path = tmp_path / "wide.jsonl"
    path.write_text("".join(json.dumps({"index": n, "question": "q"} | row) + "\n" for n, row in enumerate(rows)))
    with pytest.raises(DatasetError, match="beyond the 10,000 columns"), open_source(path) as source:
        list(source)
