"""A check reports all problems at once."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import numpy as np
import pytest
from PIL import Image as Picture

from prism_engine.datasets import check_benchmark, open_benchmark
from prism_engine.errors import DatasetError
from prism_engine.records import AnswerKind
from tests.imaging.shades import GREY, RGB, encoded, saved

from .conftest import encode, payload, text_of

SOUND = {"question": "Which?", "A": "red", "B": "blue", "answer": "B", "category": "c"}


def row(index, image=None, **cells):
    return {"index": str(index), "image": payload(7) if image is None else image, **SOUND, **cells}


def test_a_sound_benchmark_has_no_findings(tables, cache):
    path = tables.write(*(row(at, image=payload(at), gold_description="x") for at in range(9)), row(9, image=""))
    found = check_benchmark(path, cache)
    assert (found.errors, found.warnings, found.name, found.kind) == (0, 0, "Toy", None)
    assert (found.rows, found.samples, found.with_options, found.scorable, found.described) == (10, 9, 9, 9, 9)
    assert found.categories == {"c": 9}
    assert len(found.sha256) == 64


def test_all_broken_rows_are_found_in_one_pass(tables, cache):
    path = tables.write(
        row(1),
        row(2, image="x" * 80 + "!"),
        row(3, image=text_of(encode(64)[:-50])),
        row(1),
        row(4, image="77"),
        row(5, answer="C"),
        row(6, question=" "),
        row("", question="no index"),
        row(7, answer=""),
        row(8, A="nan"),
    )
    with path.open("a", encoding="utf-8") as file:
        file.write("9\ttoo few\n")
    found = check_benchmark(path, cache)
    assert dict(found.counts) == {
        ("error", "broken picture"): 2,
        ("error", "duplicate index"): 1,
        ("error", "dangling reference"): 1,
        ("error", "answer not among the options"): 1,
        ("error", "empty question"): 1,
        ("error", "unreadable row"): 2,
        ("warning", "row without an answer"): 1,
        ("warning", "leaked NA word"): 1,
    }
    assert (found.errors, found.warnings, found.samples) == (8, 2, 9)
    assert all(str(path) in line for line in found.kept["error"])
    assert any("row 2 (index 2), column 'image': is broken base64" in line for line in found.kept["error"])
    assert any("row 4 (index 1), column 'index': row 1 has the same" in line for line in found.kept["error"])


def test_an_error_that_ends_reading_is_reported_along_with_earlier_findings(tables, cache):
    path = tables.write(row(1, answer="C"), row(2))
    with path.open("a", encoding="utf-8") as file:
        file.write('3\t"never closed\t')
    found = check_benchmark(path, cache)
    assert dict(found.counts) == {
        ("error", "answer not among the options"): 1,
        ("error", "unreadable rest of the file"): 1,
    }


def test_all_are_counted_and_messages_are_kept_up_to_the_limit(tables, cache):
    found = check_benchmark(tables.write(row(99), *(row(at, answer="Z") for at in range(30))), cache, limit=4)
    assert (found.errors, len(found.kept["error"])) == (30, 4)


def test_rotations_are_counted_by_the_benchmark_s_name(tables, cache):
    rows = [row(at) for at in (1, 1_000_001, 2)]
    found = check_benchmark(tables.write(*rows, name="MMBench_MINE"), cache)
    assert found.kind is AnswerKind.CIRCULAR
    assert dict(found.counts) == {("warning", "question without rotations"): 1}
    found = check_benchmark(tables.write(*rows, name="Other"), cache)
    assert found.counts == {}


def test_options_in_the_question_count_as_options(tables, cache):
    cells = {"A": "", "B": "", "question": "Which? Options: A: red, B: blue"}
    found = check_benchmark(tables.write(row(1, **cells), name="MMStar_MINI"), cache)
    assert (found.errors, found.with_options, found.scorable) == (0, 1, 1)


def test_differences_from_the_published_file_are_warnings(tables, cache):
    found = check_benchmark(tables.write(row(1), name="MMStar"), cache)
    assert dict(found.counts) == {
        ("warning", "row count differs from the published file"): 1,
        ("warning", "file differs from the published one"): 1,
    }


def test_a_benchmark_that_cannot_be_scored_is_a_warning(tables, cache):
    path = tables.write({"index": "1", "question": "?", "image": payload()})
    assert dict(check_benchmark(path, cache).counts) == {("warning", "benchmark that is not scored"): 1}


def test_a_file_that_is_no_benchmark_is_refused_and_one_without_rows_an_error(tables, cache):
    with pytest.raises(DatasetError, match="has no column 'question'"):
        check_benchmark(tables.raw("index\timage\n1\tx\n"), cache)
    assert dict(check_benchmark(tables.write(columns=("index", "question", "image")), cache).counts) == {
        ("error", "empty benchmark"): 1,
    }  # fmt: skip


def test_a_missing_column_is_one_finding_and_not_one_per_row(tables, cache):
    def counts(name):
        rows = [{key: cell for key, cell in row(at, image=payload(at)).items() if key != "answer"} for at in range(3)]
        path = tables.write(*({**cells, name: "B"} for cells in rows), name="MMStar_MINE")
        return dict(check_benchmark(path, cache).counts)

    assert counts("anwser") == {("error", "misspelt column"): 1}
    assert counts("label") == {("warning", "no answers"): 1}
    assert counts("level") == {("warning", "row without an answer"): 1}


def test_numbers_as_answers_are_right_or_each_an_error(tables, cache):
    def checked(*answers):
        return check_benchmark(
            tables.write(*(row(at, answer=answer) for at, answer in enumerate(answers))), cache, limit=2
        )

    found = checked("0", "1", "1", "0")
    assert (found.errors, found.scorable) == (0, 4)
    found = checked("1", "1", "1", "1")
    assert (found.counts["error", "answer not among the options"], found.scorable) == (4, 0)
    assert "option B if the first is 0, A if it is 1" in found.kept["error"][0]


def test_a_table_of_text_is_checked_like_one_with_pictures(tables, cache):
    found = check_benchmark(tables.write(row(1, image=""), row(2, image="", answer="C")), cache)
    assert dict(found.counts) == {("error", "answer not among the options"): 1, ("warning", "no pictures"): 1}
    assert (found.rows, found.samples, found.scorable) == (2, 2, 1)


def test_records_are_checked_like_tables(jsonl, cache):
    found = check_benchmark(
        jsonl("{", {"question": "?", "image": "gone.png"}, {"question": "", "image": payload()}), cache
    )
    assert sorted(what for level, what in found.counts if level == "error") == [
        "broken picture", "empty question", "unreadable row",
    ]  # fmt: skip


def indexed(cache):
    """Return the content of the one index in a cache."""
    (path,) = (cache / "benchmarks").glob("*.sqlite")
    with closing(sqlite3.connect(path)) as db:
        return list(db.iterdump())


@pytest.mark.parametrize("answer", ["B", "Z"])  # a wrong answer is an error, and yet a run can read the row
def test_the_next_command_uses_the_index_that_a_check_leaves(tables, cache, tmp_path, answer):
    rows = [row(at, image=payload(at), answer=answer) for at in range(9)]
    path = tables.write(*rows, row(9, image=""), row(10, image="3"))
    assert check_benchmark(path, cache).rows == 11
    read = []
    with open_benchmark(path, cache, progress=read.append) as found:
        assert (len(found), found.dropped) == (10, 1)
    assert read == []
    with open_benchmark(path, tmp_path / "another", progress=read.append):
        assert len(read) == 11
    assert indexed(cache) == indexed(tmp_path / "another")


def test_a_text_only_table_leaves_its_index_too(tables, cache, tmp_path):
    path = tables.write(*(row(at, image="", answer=str(at % 2 + 1)) for at in range(5)))
    check_benchmark(path, cache)
    read = []
    with open_benchmark(path, cache, progress=read.append) as found:
        assert (len(found), read) == (5, [])
    open_benchmark(path, tmp_path / "another").close()
    assert indexed(cache) == indexed(tmp_path / "another")


def test_records_leave_their_index_too(jsonl, cache):
    path = jsonl({"question": "?", "image": payload()}, {"question": "Which?", "image": payload(2)})
    check_benchmark(path, cache)
    read = []
    open_benchmark(path, cache, progress=read.append).close()
    assert read == []


@pytest.mark.parametrize(
    "broken", [[row(1, image="gone.png")], [row(0)], [row(1, image="7")], [row(1, image="8"), row(8, image="0")]]
)
def test_a_file_that_no_run_could_read_leaves_no_index(tables, cache, broken):
    path = tables.write(row(0), *broken)
    assert check_benchmark(path, cache).errors
    assert list((cache / "benchmarks").iterdir()) == []
    with pytest.raises(DatasetError):
        open_benchmark(path, cache)


def test_pictures_that_an_api_gets_converted_are_counted_once_and_pages_are_a_warning(tables, cache):
    pages = saved(Picture.fromarray(RGB), "TIFF", save_all=True, append_images=[Picture.fromarray(255 - RGB)])
    pictures = [encoded(RGB, "BMP"), encoded(RGB, "BMP"), pages, encoded(GREY.astype(np.uint16) * 257, "PNG"), encode()]
    found = check_benchmark(tables.write(*(row(at, text_of(data)) for at, data in enumerate(pictures))), cache)
    assert sorted(found.converted.values()) == [
        ("16-bit or float, scaled to 8 bits",),
        ("BMP as PNG",),
        ("TIFF as PNG",),
    ]
    assert dict(found.counts) == {("warning", "picture with more than one page"): 1}
    assert (
        "row 3 (index 2): is a TIFF with more than one page; models get the first page only" in found.kept["warning"][0]
    )


def test_an_option_that_is_not_read_is_the_only_error_of_its_row(tables, cache):
    path = tables.write(row(0, option_c="green", image=payload()))
    found = check_benchmark(path, cache)
    assert {what: count for (level, what), count in found.counts.items() if level == "error"} == {
        "option that is not read": 1
    }
    assert "column 'option_c': looks like an option, but is not read with A, B" in found.kept["error"][0]
