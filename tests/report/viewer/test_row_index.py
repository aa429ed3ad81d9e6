"""The index of a server finds the same samples as the filters of the page."""

from __future__ import annotations

from contextlib import closing, contextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, ClassVar, cast

import pytest
from pydantic import ValidationError

from prism_engine.report.viewer.row_index import RowFilter, RowIndex, haystack, write_index
from tests.finished import write_run
from tests.report.viewer.shown_runs import data_of, three_arms

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from prism_engine.report.viewer.report_data import ReportData

FILTERS: list[tuple[dict[str, Any], str]] = [
    ({}, "0 1 2 3"),
    ({"flip": [1, 2, False]}, ""),
    ({"flip": [2, 1]}, "1 2"),
    ({"flip": [1, 2, True]}, "1 2"),
    ({"any": "unanswered"}, "1"),
    ({"any": "missing"}, ""),
    ({"runs": {"0": "unanswered"}}, "1"),
    ({"runs": {"1": "unanswered"}}, ""),
    ({"runs": {"0": "right", "2": "right"}}, "0 2"),
    ({"runs": {"77": "missing"}}, "0 1 2 3"),
    ({"runs": {"77": "right"}}, ""),
    ({"verdict": [1, "reasoning"]}, "3"),
    ({"verdict": [77, "reasoning"]}, ""),
    ({"category": "seeing"}, "0 2"),
    ({"category": ""}, ""),
    ({"l2_category": "none"}, ""),
    ({"text": " WHAT "}, "0 1 2 3"),
    ({"text": "a red square."}, "0 1 2 3"),
    ({"text": "wh.t"}, ""),
    ({"text": "what? 2", "category": "seeing"}, "2"),
]


@contextmanager
def index_of(results: Path, folder: Path) -> Iterator[RowIndex]:
    """Index runs."""
    data, _ = data_of(results)
    data.__post_init__()  # its samples can be read once
    folder.mkdir()
    write_index(data, folder)
    with closing(RowIndex(folder)) as index:
        yield index


@pytest.mark.parametrize(("wanted", "shown"), FILTERS)
def test_a_filter_finds_what_the_page_finds(tmp_path, wanted, shown):
    three_arms(tmp_path / "results")
    file = tmp_path / "results" / "direct" / "Bench" / "eye" / "predictions.jsonl"
    file.write_text(file.read_text().replace('"extracted":"B"', '"extracted":null', 1))
    with index_of(tmp_path / "results", tmp_path / "index") as index:
        page = index.page(RowFilter(benchmark=0, **wanted), 0, 10)
    assert " ".join(row.decode().partition('"index":"')[2][0] for row in page.rows) == shown


def test_a_run_that_lacks_a_sample_has_the_state_missing(tmp_path):
    write_run(tmp_path / "results", [1, 0])
    write_run(tmp_path / "results", [1], mode="direct")
    with index_of(tmp_path / "results", tmp_path / "index") as index:
        found = {run: index.page(RowFilter(benchmark=0, runs={run: "missing"}), 0, 10).total for run in ("0", "1")}
        assert sorted(found.values()) == [0, 1]
        assert index.page(RowFilter(benchmark=0, any="missing"), 0, 10).total == 0, "as in the page: no answer has it"


def test_filters_are_remembered_up_to_a_number_of_them(tmp_path):
    write_run(tmp_path / "results", [1] * 30)
    with index_of(tmp_path / "results", tmp_path / "index") as index:
        for _ in range(2):
            for number in range(30):
                assert index.page(RowFilter(benchmark=0, text=f"what? {number}"), 0, 50).total >= 1
        assert len(index._found) == 16


def test_the_searched_text_has_every_text_of_a_sample(tmp_path):
    write_run(tmp_path, [0], rows=[{"hint": "HINTED", "contents": "Noted", "failure": "Broke"}])
    _, (sample,) = data_of(tmp_path)
    assert {"hinted", "noted", "broke", "what? 0"} <= set(haystack(sample).split("\n"))


@pytest.mark.parametrize("wanted", [{}, {"benchmark": -1}, {"benchmark": 0, "more": 1}, {"benchmark": True}])
def test_a_malformed_filter_is_refused(wanted):
    with pytest.raises(ValidationError):
        RowFilter(**wanted)


class Many:
    """The data of a report of 100,000 samples, made as they are read."""

    header: ClassVar[dict[str, Any]] = {"runs": [{}]}
    templates = SimpleNamespace(all=[])

    def samples(self) -> Iterator[dict[str, Any]]:
        """Yield samples, every tenth of them right."""
        for number in range(100_000):
            reply = {"outcome": "right" if number % 10 == 0 else "wrong", "text": f"I say {number}."}
            yield {
                "id": number, "benchmark": 0, "index": str(number), "question": "What is it? " * 40, "images": [],
                "descriptions": [], "answers": {"0": {"outcome": reply["outcome"], "replies": [reply]}},
            }  # fmt: skip


def test_with_100_000_rows_a_page_is_as_small_as_any_and_memory_stays_flat(tmp_path):
    write_index(cast("ReportData", Many()), tmp_path)
    with closing(RowIndex(tmp_path)) as index:
        for offset in (0, 49_900, 99_800):
            page = index.page(RowFilter(benchmark=0), offset, 200)
            assert (page.total, len(page.rows)) == (100_000, 200)
            assert sum(map(len, page.rows)) < 100_000, "500 bytes a row"
        for number in range(40):
            assert index.page(RowFilter(benchmark=0, text=f"say {number}", runs={"0": "right"}), 0, 200).total > 0
            assert index.place(RowFilter(benchmark=0, text=f"say {number}"), str(number)) == 0
        assert index.place(RowFilter(benchmark=0, runs={"0": "right"}), "99990") == 9_999
        assert len(index.sample(0, "99999") or b"") < 1000
        assert sum(found.nbytes for found in index._found.values()) <= 16 * 4 * 100_000
