"""The perception side: its roles, and which of them may be called."""

from __future__ import annotations

import pytest

from prism_engine.api.build.parts import assembled
from prism_engine.api.build.perception_side import perceiver_roles, perception_roles
from prism_engine.config import Arm, RunConfig, ScriptedModel, VllmModel, load_registry
from prism_engine.errors import ConfigError
from prism_engine.stages.hint_sources import FileHints, ModelHints
from prism_engine.stages.merging import MergedContext
from tests.shapes import write_shapes

ENGINES = ("a", "b")


@pytest.fixture
def config(tmp_path):
    write_shapes(tmp_path / "shapes.tsv", 6, 0)
    engines = {name: VllmModel(model="embedded:captioner") for name in ENGINES}
    return RunConfig.model_validate(
        {
            "benchmark": str(tmp_path / "shapes.tsv"),
            "perceiver": "a~x~b",
            "reasoner": "r",
            "cache_dir": tmp_path / "cache",
            "models": {**engines, "x": ScriptedModel(), "r": ScriptedModel(), "w": ScriptedModel(replies=("w",))},
        }
    )


def test_roles_are_numbered_in_the_order_of_the_names_and_the_writer_has_one(config):
    registry = load_registry().merged(config.models)
    specific = config.model_copy(update={"instruction": "query-specific_w"})
    assert perception_roles(specific, registry) == {
        "perceiver": "a",
        "perceiver_2": "x",
        "perceiver_3": "b",
        "writer": "w",
    }
    assert perception_roles(config.in_mode(Arm.BLIND), registry) == {}
    prompts = specific.model_copy(update={"mode": Arm.PROMPTS})
    assert perception_roles(prompts, registry) == {"writer": "w"}
    with pytest.raises(ConfigError, match="takes one"):
        perception_roles(config.in_mode(Arm.DIRECT), registry)


def test_several_perceivers_are_all_called_and_count_together(config):
    with assembled(config, load_registry(), look_only=False) as parts:
        assert perceiver_roles(parts.specs) == ["perceiver", "perceiver_2", "perceiver_3"]
        called = {role for role, model in parts.models.items() if model.backend is not None}
        assert called == {"perceiver", "perceiver_2", "perceiver_3", "reasoner"}
        assert [identity.name for _, identity, _ in parts.bound_perceivers()] == ["a", "x", "b"]
        assert isinstance(parts.pipeline.context, MergedContext)
        assert len({id(model.meter) for role, model in parts.models.items() if role != "reasoner"}) == 1


def test_the_perception_side_is_not_called_if_descriptions_come_from_the_cache(config):
    reasoning = config.model_copy(update={"mode": Arm.REASONING, "instruction": "query-specific_w"})
    with assembled(reasoning, load_registry(), look_only=False) as parts:
        assert {role for role, model in parts.models.items() if model.backend is not None} == {"reasoner"}


def test_hints_are_written_or_listed_or_there_are_none(config, tmp_path):
    (tmp_path / "p.json").write_text('{"0": "the sky"}')
    kinds = {"generic": None, "query-specific_w": ModelHints, f"@{tmp_path / 'p.json'}": FileHints}
    for instruction, kind in kinds.items():
        with assembled(
            config.model_copy(update={"instruction": instruction}), load_registry(), look_only=True
        ) as parts:
            hint_source = parts.pipeline.hint_source
            assert hint_source is None if kind is None else isinstance(hint_source, kind)
            assert ("write" in parts.stages) == (kind is ModelHints)


def test_a_writer_behind_no_api_has_no_limits_to_override(config):
    wrong = config.model_copy(
        update={"mode": Arm.PROMPTS, "perceiver": None, "reasoner": None, "requests_per_minute": 5}
    )
    wrong = wrong.model_copy(update={"instruction": "query-specific_w"})
    with (
        pytest.raises(ConfigError, match="writer 'w' is not behind an API"),
        assembled(wrong, load_registry(), look_only=True),
    ):
        pass
