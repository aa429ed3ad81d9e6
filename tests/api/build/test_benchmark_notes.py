"""Notes about the benchmarks of runs."""

from __future__ import annotations

import pytest

from prism_engine.api import benchmark_notes
from prism_engine.config import Arm, RunConfig, load_registry
from prism_engine.errors import ConfigError


@pytest.fixture
def config(tmp_path):
    (tmp_path / "text.tsv").write_text("index\tquestion\tA\tB\tanswer\tcatgory\n1\t?\tx\ty\tA\tc\n2\t?\tx\ty\tE\tc\n")
    return RunConfig(
        benchmark=str(tmp_path / "text.tsv"), reasoner="scripted", mode=Arm.BLIND, cache_dir=tmp_path / "cache"
    )


def test_each_note_is_given_once_for_all_runs(config):
    column, answers = benchmark_notes([config, config], load_registry())
    assert "did you mean 'category'" in column
    assert "1 of 2 answers are none of their row's options" in answers


def test_only_the_run_s_own_samples_count(config):
    assert len(benchmark_notes([config.model_copy(update={"samples": 1})], load_registry())) == 1


def test_a_wrong_configuration_is_found_before_a_benchmark_is_read(config, tmp_path):
    with pytest.raises(ConfigError, match="nobody"):
        benchmark_notes([config.model_copy(update={"reasoner": "nobody"})], load_registry())
    assert not (tmp_path / "cache").exists()
