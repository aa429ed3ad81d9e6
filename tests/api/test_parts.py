"""From configuration to parts: what is built, what is left out, what is refused."""

from __future__ import annotations

import pytest

from prism_engine.api.parts import STORE_NAME, assembled
from prism_engine.config import ApiModel, Limits, Mode, RunConfig, ScriptedModel, load_registry
from prism_engine.demo.shapes import write_shapes
from prism_engine.errors import ConfigError


@pytest.fixture
def config(tmp_path):
    write_shapes(tmp_path / "shapes.tsv", 6, 0)
    return RunConfig(
        benchmark=str(tmp_path / "shapes.tsv"),
        perceiver="p",
        reasoner="r",
        cache_dir=tmp_path / "cache",
        models={
            "p": ScriptedModel(),
            "r": ApiModel(model="m", api_key_env=None, limits=Limits(requests_per_minute=7, concurrency=3)),
        },
    )


def build(config, *, look_only=False):
    return assembled(config, load_registry(), look_only=look_only)


def test_looking_builds_no_backend_and_creates_no_store(config):
    with build(config, look_only=True) as parts:
        assert (parts.perceiving.backend, parts.reasoning.backend) == (None, None)
        assert parts.count == 6
    assert not (config.cache_dir / STORE_NAME).exists()


def test_a_run_s_own_limits_override_the_registry_s_one_by_one(config):
    with build(config.model_copy(update={"concurrency": 5})) as parts:
        assert parts.reasoning.backend is not None
        assert parts.reasoning.backend.capacity == 5


def test_answering_only_builds_no_perceiver(config):
    with build(config.model_copy(update={"mode": Mode.REASONING})) as parts:
        assert parts.perceiving.backend is None
        assert parts.reasoning.backend is not None


def test_limits_on_a_model_that_has_none_are_refused(config):
    wrong = config.model_copy(update={"reasoner": "p", "requests_per_minute": 5})
    with pytest.raises(ConfigError, match="not behind an API"), build(wrong):
        pass


def test_no_more_samples_are_taken_than_there_are(config):
    with build(config.model_copy(update={"samples": 100})) as parts:
        assert parts.count == 6
    with build(config.model_copy(update={"samples": 2})) as parts:
        assert parts.count == 2
