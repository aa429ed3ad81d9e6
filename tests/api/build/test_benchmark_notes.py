"""Notes about the benchmarks of runs."""

from __future__ import annotations

import pytest

from prism_engine import api
from prism_engine.config import Arm, RunConfig, load_registry
from prism_engine.datasets import Benchmark
from prism_engine.errors import ConfigError


@pytest.fixture
def config(tmp_path):
    (tmp_path / "text.tsv").write_text("index\tquestion\tA\tB\tanswer\tcatgory\n1\t?\tx\ty\tA\tc\n2\t?\tx\ty\tE\tc\n")
    return RunConfig(
        benchmark=str(tmp_path / "text.tsv"), reasoner="scripted", mode=Arm.BLIND, cache_dir=tmp_path / "cache"
    )


def notes(*configs):
    noted = []
    api.plan_many(configs, load_registry(), noted=noted.append)
    return noted


def test_each_note_is_given_once_for_all_runs(config):
    column, answers = notes(config, config.model_copy(update={"results_dir": config.results_dir / "other"}))
    assert "did you mean 'category'" in column
    assert "1 of 2 answers are none of their row's options" in answers


def test_only_the_run_s_own_samples_count(config):
    assert len(notes(config.model_copy(update={"samples": 1}))) == 1


def test_a_wrong_configuration_is_found_before_a_benchmark_is_read(config, tmp_path):
    with pytest.raises(ConfigError, match="nobody"):
        notes(config.model_copy(update={"reasoner": "nobody"}))
    assert not (tmp_path / "cache").exists()


def test_a_run_opens_and_counts_its_benchmark_once_and_notes_come_before_its_first_call(config, tmp_path, monkeypatch):
    opened, counted, noted = [], [], []
    own_init, own_shape = Benchmark.__init__, Benchmark._shape

    def init(benchmark, *given):
        opened.append(1)
        own_init(benchmark, *given)

    def shape(benchmark, count):
        counted.append(count)
        return own_shape(benchmark, count)

    monkeypatch.setattr(Benchmark, "__init__", init)
    monkeypatch.setattr(Benchmark, "_shape", shape)
    config = config.model_copy(update={"results_dir": tmp_path / "results"})
    (report,) = api.run_many([config], load_registry(), noted=lambda note: noted.append((note, len(opened))))
    assert report.status == "complete"
    assert (len(noted), opened, counted) == (2, [1], [2])
