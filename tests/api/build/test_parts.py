"""From configuration to parts: what is built, what is left out, what is refused."""

from __future__ import annotations

import pytest

from prism_engine.api.build.parts import STORE_NAME, assembled
from prism_engine.backends.scripted import Scripted
from prism_engine.config import ApiModel, Arm, Limits, RunConfig, ScriptedModel, load_registry
from prism_engine.errors import ConfigError, DatasetError
from prism_engine.stage import ANSWERS
from tests.shapes import write_shapes


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
        assert (parts.models["perceiver"].backend, parts.models["reasoner"].backend) == (None, None)
        assert parts.count == 6
    assert not (config.cache_dir / STORE_NAME).exists()


def test_a_run_s_own_limits_override_the_registry_s_one_by_one(config):
    with build(config.model_copy(update={"concurrency": 5})) as parts:
        assert parts.models["reasoner"].backend.capacity == 5


def test_answering_only_builds_no_perceiver(config):
    with build(config.model_copy(update={"mode": Arm.REASONING})) as parts:
        assert parts.models["perceiver"].backend is None
        assert parts.models["reasoner"].backend is not None


@pytest.mark.parametrize(
    ("mode", "roles"),
    [
        (Arm.ALL, {"perceiver", "reasoner"}),
        (Arm.DIRECT, {"perceiver"}),
        (Arm.BLIND, {"reasoner"}),
        (Arm.PERCEPTION, {"perceiver"}),
    ],
)
def test_a_mode_builds_and_identifies_only_the_models_that_it_needs(config, mode, roles):
    with build(config.model_copy(update={"mode": mode})) as parts:
        assert set(parts.specs) == set(parts.identities) == roles
        assert set(parts.models) == roles
        assert ("perceive" in parts.stages, parts.stages.keys() & ANSWERS != set()) == (mode.describes, mode.answers)
        assert all(model.backend is not None for model in parts.models.values())


def test_missing_gold_descriptions_are_reported_before_anything_is_built(config):
    with pytest.raises(DatasetError, match="column 'gold_description'"), build(config.in_mode(Arm.ORACLE)):
        pass
    assert not (config.cache_dir / STORE_NAME).exists()


def test_a_model_in_both_roles_has_one_quota(config):
    with build(config.model_copy(update={"perceiver": "r", "concurrency": 5})) as parts:
        assert (parts.models["perceiver"].backend.capacity, parts.models["reasoner"].backend.capacity) == (5, 5)


def test_limits_are_the_reasoner_s_and_the_perceiver_s_where_no_reasoner_is_named(config):
    direct = config.model_copy(update={"mode": Arm.DIRECT, "perceiver": "r", "reasoner": None, "concurrency": 5})
    with build(direct) as parts:
        assert parts.models["perceiver"].backend.capacity == 5
    with build(direct.model_copy(update={"reasoner": "other"})) as parts:
        assert parts.models["perceiver"].backend.capacity == 3


def test_limits_on_a_model_that_has_none_are_refused(config):
    wrong = config.model_copy(update={"reasoner": "p", "requests_per_minute": 5})
    with pytest.raises(ConfigError, match="not behind an API"), build(wrong):
        pass


@pytest.mark.parametrize(("deadline", "patience"), [(None, 3600.0), ("8h", None)])
def test_a_run_with_a_deadline_waits_through_an_outage_until_then(config, monkeypatch, deadline, patience):
    built = {}

    def build_backend(name, spec, _cache_dir, _budget):
        built[name] = spec
        return Scripted(ScriptedModel())

    monkeypatch.setattr("prism_engine.api.build.parts.build_backend", build_backend)
    with build(config.model_copy(update={"deadline": deadline})) as parts:
        assert built["r"].outage_patience == patience
        assert parts.specs["r" if "r" in parts.specs else "reasoner"][1].outage_patience == 3600.0


def test_no_more_samples_are_taken_than_there_are(config):
    with build(config.model_copy(update={"samples": 100})) as parts:
        assert parts.count == 6
    with build(config.model_copy(update={"samples": 2})) as parts:
        assert parts.count == 2
