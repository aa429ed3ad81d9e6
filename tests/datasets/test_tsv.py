from __future__ import annotations

import csv
import hashlib
import io
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prism_engine.datasets import tsv
from prism_engine.datasets.tsv import Table
from prism_engine.errors import DatasetError

HEAD = "index\tquestion\timage\n"


def rows_of(path: Path) -> list[list[str]]:
    with Table(path) as table:
        return [list(row.cells.values()) for row in table]


def test_cells_stay_as_written(tables):
    path = tables.raw('index\tquestion\timage\tA\tB\tC\n1\tNA\tnull\t007\t3\t1e5\n"2"\t None \t""\tnan\t-0\tTRUE\n')
    assert rows_of(path) == [["1", "NA", "null", "007", "3", "1e5"], ["2", " None ", "", "nan", "-0", "TRUE"]]


def test_column_names_are_normalised_but_for_options(tables):
    path = tables.raw("Index\tQUESTION\t A \ta\tImage\tL2-Category\tZ\n")
    with Table(path) as table:
        assert table.columns == ("index", "question", "A", "a", "image", "l2_category", "Z")


def test_a_byte_order_mark_crlf_and_blank_lines_are_accepted(tables):
    path = tables.raw(b"\xef\xbb\xbfindex\tquestion\timage\r\n\r\n1\tq\tx\r\n \n2\tr\ty")
    assert rows_of(path) == [["1", "q", "x"], ["2", "r", "y"]]


def test_quotes_follow_the_rules_of_pandas(tables):
    path = tables.raw(HEAD + '1\t"a ""b""\tc\nd"\tx\n2\t5" disc\t"y"z\n')
    assert rows_of(path) == [["1", 'a "b"\tc\nd', "x"], ["2", '5" disc', "yz"]]


def test_digest_and_bytes_cover_the_whole_file(tables):
    path = tables.raw("\ufeff" + HEAD + "1\tq\tx\n\n\n")
    with Table(path) as table:
        list(table)
        assert table.bytes_read == path.stat().st_size
        assert table.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is empty"),
        (b"\n\n", "is empty"),
        (b"index\tquestion\timagepath\n", "no column 'image' or 'image_path'; did you mean 'imagepath'?"),
        (b"index\tqestion\timage\n", "no column 'question'; did you mean 'qestion'?"),
        (b"uid\tquestion\timage\n", "no column 'index'; did you mean 'uid'?"),
        (b"a\tb\n", "its first line is no header: it has 'a', 'b', but none of prism's columns (index, question"),
        (b'[{"index": 1, "question": "q"}]', "is JSON, not a table; call it .json"),
        (b"<table>\n<tr>", "is HTML or XML, not a table; save it as TSV or CSV"),
        (b"question\tA\nq\tx\ty\tz\n", "row 1: the row has 4 cells, the header 2"),
        (b"index\tquestion\timage\tAnswer\tanswer\n", "column 'answer': the header names this column twice"),
        (b"index\tquestion\timage\tl2-category\tl2_category\n", "twice"),
        (HEAD.encode() + b"1\tq\tx\n2\tq\n", "row 2 (index 2): the row has 2 cells, the header 3"),
        (HEAD.encode() + b"1\tq\tx\n2\tq\tx\ty\n", "row 2 (index 2): the row has 4 cells, the header 3"),
        (HEAD.encode() + b"1\tq\tx\n\tq\tx\n", "row 2, column 'index': the cell is empty"),
        (HEAD.encode() + b"1\tq\tx\n2\t\xe9t\xe9\tx\n", "row 2: byte 0xe9 is not UTF-8"),
        (HEAD.encode("utf-16") + b"\0\xd8\0", "is not valid UTF-16-LE"),
        (b"PK\x03\x04 and more", "is a zip archive or an Excel workbook"),
        (HEAD.encode() + b"1\tq\0\tx\n", "row 1: contains a NUL byte"),
        (HEAD.encode() + b'1\tq\tx\n2\t"q\tx\n3\tq\tx\n', "row 2: a quote is opened here and never closed"),
        (HEAD.encode() + b'1\tq\tx\n2\tq\t"x', "row 2: a quote is opened here and never closed"),
        (HEAD.encode() + b"1\tq\rq\tx\n", "row 1 (index 1): the row has 2 cells, the header 3"),
    ],
)
def test_a_malformed_table_is_refused_with_its_place(tables, data, message):
    path = tables.raw(data)
    with pytest.raises(DatasetError) as caught:
        rows_of(path)
    assert str(caught.value).startswith(str(path))
    assert message in str(caught.value)


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    for path in (tmp_path / "none.tsv", tmp_path):
        with pytest.raises(DatasetError, match="cannot be opened"):
            Table(path)


def test_an_endless_line_is_refused_before_it_fills_memory(tables, monkeypatch):
    monkeypatch.setattr(tsv, "MAX_CELL", 1000)
    with pytest.raises(DatasetError, match="row 1: a line is longer than"):
        rows_of(tables.raw(HEAD + "1\tq\t" + "x" * 2000 + "\n"))


def test_an_endless_quoted_cell_is_refused_before_it_fills_memory(tables, monkeypatch):
    path = tables.raw(HEAD + '1\tq\t"' + "x\n" * 400_000)
    limit = csv.field_size_limit(1000)
    monkeypatch.setattr(tsv, "MAX_CELL", 1000)
    try:
        with pytest.raises(DatasetError, match=r"row 1: .*field larger than field limit"):
            rows_of(path)
    finally:
        csv.field_size_limit(limit)


CELLS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)


@settings(max_examples=150, deadline=None)
@given(
    rows=st.lists(st.tuples(CELLS, CELLS, CELLS, CELLS), max_size=6),
    quoting=st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
    end=st.sampled_from(["\n", "\r\n"]),
)
def test_any_table_of_texts_reads_back_unchanged(rows, quoting, end):
    lines = io.StringIO()
    writer = csv.writer(lines, delimiter="\t", quoting=quoting, lineterminator="\r\n")
    writer.writerow(["index", "question", "image", "A"])
    written = [[f"i{number}{row[0]}", *row[1:]] for number, row in enumerate(rows)]
    writer.writerows(written)
    text = lines.getvalue()
    if not any("\r" in cell or "\n" in cell for row in written for cell in row):
        text = text.replace("\r\n", end)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "any.tsv"
        path.write_bytes(text.encode())
        assert rows_of(path) == written


def test_rows_of_a_table_without_an_index_are_numbered_and_r_s_row_names_are_one(tables):
    def read(text):
        with Table(tables.raw(text)) as table:
            return [(row.index, row.cells["question"], row.cells["answer"]) for row in table]

    assert read("question,answer\nq,x\n\nr,y\n") == [("0", "q", "x"), ("1", "r", "y")]
    assert read('"question"\t"answer"\n"7"\t"q"\t"x"\n"9"\t"r"\t"y"\n') == [("7", "q", "x"), ("9", "r", "y")]


def test_rows_of_separators_only_are_left_out(tables):
    with Table(tables.raw("index,question,image\n1,q,x\n,,\n , ,\n2,r,y\n,,\n")) as table:
        assert [row.index for row in table] == ["1", "2"]


def test_a_table_of_a_million_columns_is_refused_at_its_header(tmp_path):
    (tmp_path / "wide.tsv").write_text("index\tquestion\t" + "\t".join(map(str, range(1_000_000))) + "\n")
    with pytest.raises(DatasetError, match=r"wide\.tsv.*1,000,002 columns"):
        Table(tmp_path / "wide.tsv")
