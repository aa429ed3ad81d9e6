from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from prism_engine.datasets import open_benchmark

GOLDEN = Path(__file__).parents[1] / "golden"
CHOICE = sorted(GOLDEN.glob("mcq_tables/*.tsv"))
YES_NO = sorted(GOLDEN.glob("yesno_tables/*.tsv"))


def expected(path: Path) -> dict[str, Any]:
    table: dict[str, Any] = json.loads(path.with_suffix(".expected.json").read_text())
    return table


def test_the_tables_are_there():
    assert (len(CHOICE), len(YES_NO)) == (8, 3)


@pytest.mark.parametrize("path", CHOICE, ids=lambda path: path.stem)
def test_choice_tables_load_as_upstream_loads_them(path, cache):
    table = expected(path)
    loader = table["loader"]
    with open_benchmark(path, cache) as benchmark:
        assert len(benchmark) == loader["rows"]
        assert len(benchmark) + benchmark.dropped == table["rows_in_tsv"]
        assert benchmark.facts.integer_ids == (loader["index_type"] == "int")
        images = {sample.index: [image.digest[:16] for image in sample.images] for sample in benchmark}
    assert images == loader["images"]
    assert list(images) == list(loader["images"])


@pytest.mark.parametrize("path", CHOICE, ids=lambda path: path.stem)
def test_choice_tables_have_the_answers_that_upstream_scores_against(path, cache):
    truth = expected(path)["ground_truth"]
    with open_benchmark(path, cache) as benchmark:
        answers = {sample.index: sample.answer for sample in benchmark if sample.options}
    assert answers == {index: truth[index] for index in answers}
    open_rows = expected(path)["results"][0].get("open_rows", [])
    assert len(answers) == len(truth) - len(open_rows)


@pytest.mark.parametrize("path", YES_NO, ids=lambda path: path.stem)
def test_yes_no_tables_keep_the_rows_that_upstream_keeps(path, cache):
    table = expected(path)
    rows = [row["index"] for row in table["rows"]]
    with open_benchmark(path, cache) as benchmark:
        assert {sample.index for sample in benchmark} >= {str(index) for index in rows}
        assert len(benchmark) + benchmark.dropped == table.get("rows_in_tsv", len(rows))
        assert len(benchmark) == table.get("rows_after_noimg_drop", len(rows))
        assert benchmark.facts.integer_ids == isinstance(rows[0], int)
