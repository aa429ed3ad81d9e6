"""Precomputed descriptions, checked against a benchmark."""

from __future__ import annotations

import json
from zipfile import ZIP_DEFLATED, ZipFile

import polars as pl
import pytest

from prism_engine.datasets import GivenTable, open_benchmark
from prism_engine.datasets.given_table import MOST_CHARACTERS
from prism_engine.errors import DatasetError
from prism_engine.records import Draw, Image, Sample
from tests.shapes import write_shapes

SAMPLES = 10


@pytest.fixture
def benchmark(tmp_path):
    write_shapes(tmp_path / "shapes.tsv", SAMPLES, 0)
    with open_benchmark(tmp_path / "shapes.tsv", tmp_path / "cache") as opened:
        yield opened


def table(folder, rows, name="given.jsonl"):
    path = folder / name
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return GivenTable(path)


def by_index(count=SAMPLES):
    return [{"index": at, "description": f"Row {at}."} for at in range(count)]


def texts(given, benchmark):
    return [given.texts(sample) for sample in benchmark]


EXPECTED = [(f"Row {at}.",) for at in range(SAMPLES)]


@pytest.mark.parametrize(
    "row",
    [
        lambda at: {"index": at, "description": f"Row {at}."},
        lambda at: {"index": str(at), "question": "?", "prediction": f" Row {at}.\n"},  # VLMEvalKit, Prism
        lambda at: {
            "doc_id": at,
            "target": "A",
            "resps": [[f"Row {at}."]],
            "filtered_resps": [f"Row {at}."],
        },  # lmms-eval
        lambda at: {"question_id": at, "caption": f"Row {at}."},
        lambda at: {"INDEX": float(at), "Text": f"Row {at}."},
    ],
)
def test_tables_of_other_tools_are_read_by_their_columns(tmp_path, benchmark, row):
    given = table(tmp_path, map(row, range(SAMPLES)))
    assert texts(given, benchmark) == EXPECTED
    coverage = given.check(benchmark, SAMPLES, skip=False)
    assert (coverage.samples, coverage.missing, coverage.unknown) == (SAMPLES, 0, 0)


def test_by_picture_every_picture_of_a_sample_has_its_own_and_other_pictures_do_no_harm(tmp_path, benchmark):
    digests = dict.fromkeys(image.digest for sample in benchmark for image in sample.images)
    rows = [{"image_digest": digest, "caption": digest[:4]} for digest in [*digests, "0" * 64]]
    given = table(tmp_path, rows)
    assert given.by == "picture"
    assert given.check(benchmark, SAMPLES, skip=False).missing == 0
    pair = tuple(Image(digest, tmp_path) for digest in list(digests)[:2])
    assert given.texts(Sample(0, "x", pair, "?")) == tuple(digest[:4] for digest in list(digests)[:2])
    assert given.texts(Sample(0, "x", (*pair, Image("1" * 64, tmp_path)), "?")) is None


def test_every_draw_of_a_question_has_its_description(tmp_path):
    given = table(tmp_path, [{"doc_id": 4, "text": "four"}])
    assert given.texts(Sample(13, "x", (), "?", draw=Draw(4, None, 1))) == ("four",)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "has no rows"),
        ([{"a": 1}], "has no column for what a row describes: expected one of index, .*; found a$"),
        ([{"index": 1, "a": 1}], "has no column for the description: expected one of description, .*; found index, a$"),
        ([{"index": 1, "text": "x"}, {"index": None, "text": "x"}], r"row 2, column 'index': the cell is empty"),
        ([{"index": 1, "text": "x"}, {"index": 1, "text": "y"}], r"row 2: contradicts row 1 for index '1'"),
        ([{"doc_id": 1, "filtered_resps": ["x", "y"]}], r"row 1, column 'filtered_resps': holds 2 values"),
        ([{"image": "cat.jpg", "caption": "x"}], r"row 1, column 'image': 'cat.jpg' is not a picture digest"),
    ],
)
def test_an_incomplete_or_contradictory_table_is_refused_with_the_row(tmp_path, rows, message):
    with pytest.raises(DatasetError, match=message) as caught:
        table(tmp_path, rows)
    assert "given.jsonl" in str(caught.value)


@pytest.mark.parametrize("name", ["given.jsonl", "given.csv", "given.xlsx"])
def test_a_cell_that_is_no_description_is_named(tmp_path, name):
    path, longest = tmp_path / name, "x" * (MOST_CHARACTERS + 1)
    match path.suffix:
        case ".jsonl":
            path.write_text(json.dumps({"index": 0, "description": longest}))
        case ".csv":
            path.write_text(f"index,description\n0,{longest}\n")
        case _:
            pl.DataFrame({"index": ["0"], "description": ["CELL"]}).write_excel(path)
            parts = {part: ZipFile(path).read(part) for part in ZipFile(path).namelist()}
            with ZipFile(path, "w", ZIP_DEFLATED) as book:
                for part, content in parts.items():
                    book.writestr(part, content.replace(b"CELL", longest.encode()))
    with pytest.raises(DatasetError, match=r"row 1, column 'description'.*4,194,305 characters"):
        GivenTable(path)


def test_equal_texts_for_one_key_are_no_contradiction(tmp_path):
    assert len(table(tmp_path, [{"index": 1, "text": "x"}, {"index": 1, "text": "x "}])) == 1


def test_rows_without_a_sample_are_an_error_with_their_number_or_counted(tmp_path, benchmark):
    given = table(tmp_path, [*by_index(), {"index": 77, "description": "x"}, {"index": 78, "description": "x"}])
    with pytest.raises(DatasetError, match=r"row 11: .*no sample with index '77' \(and 1 more such rows\)"):
        given.check(benchmark, SAMPLES, skip=False)
    assert given.check(benchmark, SAMPLES, skip=True).unknown == 2


def test_samples_without_a_description_are_an_error_that_names_them_or_counted(tmp_path, benchmark):
    given = table(tmp_path, [*by_index(6), {"index": 6, "description": "  "}])
    with pytest.raises(
        DatasetError, match=r"4 of 10 samples of shapes have no description here \(index 6, 7, 8, \.\.\."
    ):
        given.check(benchmark, SAMPLES, skip=False)
    assert given.check(benchmark, SAMPLES, skip=True).missing == 4
    assert given.check(benchmark, 6, skip=False).missing == 0  # those beyond the run do not matter


@pytest.mark.parametrize("key", ["{}.0", "00{}", "+{}.000"])
def test_indexes_that_are_the_same_number_match_where_that_is_unambiguous(tmp_path, benchmark, key):
    given = table(tmp_path, [{"index": key.format(at), "description": f"Row {at}."} for at in range(SAMPLES)])
    assert given.check(benchmark, SAMPLES, skip=False).missing == 0
    assert texts(given, benchmark) == EXPECTED


def test_two_ways_of_writing_a_number_are_never_guessed(tmp_path, benchmark):
    given = table(tmp_path, [*by_index(), {"index": "0.0", "description": "another"}])
    with pytest.raises(DatasetError, match=r"row 11: .*no sample with index '0\.0'; it has index 0, 1, 2, \.\.\."):
        given.check(benchmark, SAMPLES, skip=False)


def test_a_word_for_a_missing_value_is_no_description(tmp_path, benchmark):
    given = table(tmp_path, [*by_index(9), {"index": 9, "description": "NA"}])
    assert given.check(benchmark, SAMPLES, skip=True).missing == 1


@pytest.mark.parametrize(
    "content",
    [
        "index;description\n0;Row 0.\n",
        "index\tdescription\r0\tRow 0.\r",
        "sep=;\r\nindex;description\r\n0;Row 0.\r\n",
        '"","index","description"\n"1",0,"Row 0."\n',
        "index,description\n0.0,Row 0.\n",
    ],
)
@pytest.mark.parametrize("codec", ["utf-8", "utf-16"])
def test_tables_as_excel_and_r_write_them_are_read(tmp_path, benchmark, content, codec):
    path = tmp_path / "given.csv"
    path.write_bytes(content.encode(codec))
    given = GivenTable(path)
    assert given.check(benchmark, 1, skip=False).missing == 0
    assert given.texts(benchmark.sample(0)) == EXPECTED[0]


@pytest.mark.parametrize(
    "content",
    [
        {"0": "Row 0."},
        {"index": {"0": 0}, "description": {"0": "Row 0."}},
        {"0": {"description": "Row 0."}},
        {"columns": ["index", "description"], "index": [0], "data": [[0, "Row 0."]]},
        {"schema": {}, "data": [{"index": 0, "text": "Row 0."}]},
    ],
)
@pytest.mark.parametrize("ending", [".json", ".jsonl"])
def test_json_in_pandas_layouts_is_read(tmp_path, benchmark, content, ending):
    path = tmp_path / f"given{ending}"
    path.write_text(json.dumps(content, indent=1))
    assert GivenTable(path).texts(benchmark.sample(0)) == EXPECTED[0]


@pytest.mark.parametrize(
    ("header", "meant"),
    [("indx,description", "indx"), ("index,descripton", "descripton"), ("index,Captoin", "captoin")],
)
def test_a_misspelt_column_is_named(tmp_path, header, meant):
    path = tmp_path / "given.csv"
    path.write_text(f"{header}\n0,a\n", encoding="utf-8")
    with pytest.raises(DatasetError, match=f"Did you mean '{meant}'"):
        GivenTable(path)
