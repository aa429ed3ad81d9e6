"""The demo: one benchmark, three runs over it, and models that come with the package."""

from __future__ import annotations

from pathlib import Path

import pytest

from prism_engine.api import demo, demo_configs
from prism_engine.api.build.parts import assembled
from prism_engine.config import ApiModel, Arm, VllmModel, load_registry
from prism_engine.nano import CAPTIONER, REASONER

SAMPLES = 24


@pytest.fixture
def configs(tmp_path, monkeypatch):
    monkeypatch.setattr(demo, "DEMO_SAMPLES", SAMPLES)
    return demo_configs(tmp_path / "cache", tmp_path / "results")


def test_it_compares_prism_with_the_vlm_alone_and_the_reasoner_s_ceiling(configs):
    assert [config.mode for config in configs] == [Arm.ALL, Arm.DIRECT, Arm.ORACLE]
    assert [config.in_mode(Arm.ALL) for config in configs] == [configs[0]] * 3


def test_the_benchmark_is_drawn_once(configs, tmp_path):
    benchmark = Path(configs[0].benchmark)
    assert benchmark.name == "PrismScenes.tsv"
    assert len(benchmark.read_text(encoding="utf-8").splitlines()) == 1 + SAMPLES
    benchmark.write_text("kept")
    assert demo_configs(tmp_path / "cache", tmp_path / "results") == configs
    assert benchmark.read_text() == "kept"
    assert [path.name for path in benchmark.parent.iterdir()] == ["PrismScenes.tsv"]  # no draft is left


def test_its_models_are_those_that_come_with_the_package(configs):
    registry = load_registry()
    captioner, reasoner = registry.find(str(configs[0].perceiver)), registry.find(str(configs[0].reasoner))
    assert isinstance(captioner, VllmModel)
    assert isinstance(reasoner, ApiModel)
    assert reasoner.server is not None
    assert (captioner.model, reasoner.server.model) == (str(CAPTIONER), str(REASONER))
    for folder in (CAPTIONER, REASONER):
        assert {"config.json", "model.safetensors", "tokenizer.json"} <= {path.name for path in folder.iterdir()}


@pytest.mark.parametrize("arm", [0, 1, 2])
def test_every_run_can_be_assembled_without_a_key(configs, arm, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with assembled(configs[arm], load_registry(), look_only=False) as parts:
        assert parts.count == SAMPLES
        assert all(model.backend is not None for model in parts.models.values())
