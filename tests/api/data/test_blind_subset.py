"""The part of a benchmark that needs seeing, from blind runs."""

from __future__ import annotations

import hashlib

import pytest

from prism_engine.api.data.blind_subset import make_subset
from prism_engine.errors import UserError
from tests.finished import write_run
from tests.shapes import write_shapes


@pytest.fixture
def bench(tmp_path):
    write_shapes(tmp_path / "Bench.tsv", 6, 0)
    digest = hashlib.sha256((tmp_path / "Bench.tsv").read_bytes()).hexdigest()
    for name, scores in (("one", [1, 1, 0, 0, None]), ("two", [1, 0, 0, 1, None])):
        write_run(tmp_path / "runs", scores, mode="blind", reasoner=name, sha256=digest)
    return tmp_path / "Bench.tsv"


def test_rows_that_enough_blind_runs_solve_are_dropped_and_the_kept_indexes_are_listed(bench, tmp_path):
    done = make_subset(bench, [tmp_path / "runs"], tmp_path / "part.tsv", solved_by=1)
    assert (done.kept, done.dropped, done.unasked, done.needed, done.runs) == (3, 3, 2, 1, 2)
    assert (tmp_path / "part.indexes.txt").read_text().split() == ["2", "4", "5"]
    assert make_subset(bench, [tmp_path / "runs"], tmp_path / "half.tsv").dropped == 1


def test_mistakes_are_reported_before_anything_is_written(bench, tmp_path):
    runs = [tmp_path / "runs"]
    (tmp_path / "there.tsv").write_text("precious")
    for out, message in (
        (tmp_path / "part.csv", r"must end in \.tsv"),
        (bench, "this is the benchmark itself"),
        (tmp_path / "no" / "part.tsv", "there is no folder"),
        (tmp_path / "there.tsv", "already exists"),
    ):
        with pytest.raises(UserError, match=message):
            make_subset(bench, runs, out)
    with pytest.raises(UserError, match="not a TSV"):
        make_subset(tmp_path / "b.parquet", runs, tmp_path / "part.tsv")
    assert (tmp_path / "there.tsv").read_text() == "precious"
    make_subset(bench, runs, tmp_path / "there.tsv", force=True)
    write_run(tmp_path / "other", [1], mode="blind", sha256="0" * 64)
    with pytest.raises(UserError, match="this run used another file"):
        make_subset(bench, [tmp_path / "other"], tmp_path / "part.tsv")
    assert not (tmp_path / "part.tsv").exists()


def test_nothing_left_is_an_error(bench, tmp_path):
    digest = hashlib.sha256(bench.read_bytes()).hexdigest()
    write_run(tmp_path / "sure", [1] * 6, mode="blind", sha256=digest)
    with pytest.raises(UserError, match="no row is left"):
        make_subset(bench, [tmp_path / "sure"], tmp_path / "part.tsv")
