"""A subset of a table, with the pictures that its rows share."""

from __future__ import annotations

import base64
import csv

import pytest

from prism_engine.datasets import open_benchmark
from prism_engine.datasets.subset import write_subset
from prism_engine.errors import DatasetError
from tests.shapes import write_shapes


def pictures(path, cache):
    with open_benchmark(path, cache) as benchmark:
        return {sample.index: tuple(image.digest for image in sample.images) for sample in benchmark}


def table(path, rows, columns=("index", "image", "question", "l2-category")):
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter="\t")
        writer.writerow(columns)
        writer.writerows(rows)
    return path


def cells(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file, delimiter="\t"))


@pytest.fixture
def payloads(tmp_path):
    write_shapes(tmp_path / "s.tsv", 3, 0)
    return [row[1] for row in cells(tmp_path / "s.tsv")[1:]]


def test_kept_rows_have_their_pictures_even_if_shared_with_dropped_rows(tmp_path):
    write_shapes(tmp_path / "all.tsv", 20, 0)
    whole = pictures(tmp_path / "all.tsv", tmp_path / "cache")
    keep = {"4", "5", "9", "12"}  # 4 and 9 borrow from 3 and 8
    done = write_subset(tmp_path / "all.tsv", tmp_path / "part.tsv", keep)
    assert (done.kept, done.dropped) == (4, 16)
    assert pictures(tmp_path / "part.tsv", tmp_path / "cache") == {
        index: whole[index] for index in sorted(keep, key=int)
    }


def test_a_picture_shared_by_multiple_rows_is_written_once(tmp_path, payloads):
    rows = [["3", "7", "early", "x"], ["7", payloads[0], "lender", "x"], ["8", "7", "a", "x"], ["9", "7", "b", "x"]]
    table(tmp_path / "all.tsv", rows)
    write_subset(tmp_path / "all.tsv", tmp_path / "part.tsv", {"3", "8", "9"})
    assert cells(tmp_path / "part.tsv") == [
        ["index", "image", "question", "l2-category"],
        ["3", payloads[0], "early", "x"],
        ["8", "3", "a", "x"],
        ["9", "3", "b", "x"],
    ]


def test_lists_of_pictures_are_completed_and_text_stays_as_it_is(tmp_path, payloads):
    odd = 'a "quoted"\ttext\nin two lines'
    rows = [
        ["1", repr([payloads[0], payloads[1]]), odd, ""],
        ["2", repr(["1", payloads[2]]), odd, ""],
        ["4", payloads[2], odd, ""],
        ["5", repr(["4", "4"]), odd, ""],
    ]
    table(tmp_path / "all.tsv", rows)
    write_subset(tmp_path / "all.tsv", tmp_path / "part.tsv", {"2", "4", "5"})
    found = cells(tmp_path / "part.tsv")
    assert found[1][1] == repr(payloads)
    assert [row[1] for row in found[2:]] == [payloads[2], repr(["4", "4"])]
    assert found[1][2] == odd
    whole, part = (pictures(tmp_path / name, tmp_path / "cache") for name in ("all.tsv", "part.tsv"))
    assert part == {index: whole[index] for index in ("2", "4", "5")}


def test_file_names_become_absolute(tmp_path, payloads):
    (tmp_path / "images" / "all").mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "images" / "all" / "p.png").write_bytes(base64.b64decode(payloads[0]))
    table(
        tmp_path / "all.tsv",
        [["1", "p.png", "q"], ["2", "['p.png', 'gone.png']", "q"]],
        ("index", "image_path", "question"),
    )
    target = tmp_path / "elsewhere" / "part.tsv"
    write_subset(tmp_path / "all.tsv", target, {"1", "2"})
    here = str(tmp_path / "images" / "all" / "p.png")
    assert [row[1] for row in cells(target)[1:]] == [here, repr([here, "gone.png"])]


def test_a_reference_to_a_missing_row_is_an_error_with_the_row(tmp_path, payloads):
    table(tmp_path / "all.tsv", [["1", payloads[0], "q", ""], ["2", "77", "q", ""]])
    with pytest.raises(DatasetError, match=r"row 2.*index 77"):
        write_subset(tmp_path / "all.tsv", tmp_path / "part.tsv", {"2"})
