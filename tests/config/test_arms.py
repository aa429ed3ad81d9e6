"""Arms by name, with and without a parameter."""

from __future__ import annotations

import pytest

from prism_engine.config import Arm, RunConfig, load_run_configs
from prism_engine.config.arms import ARMS, PARAMETERISED
from prism_engine.errors import ConfigError


@pytest.fixture
def look(monkeypatch):
    """An arm with a parameter, as a later one will be: `look-2` looks twice."""

    def make(parameter):
        if parameter not in ("1", "2", "3"):
            raise ValueError(f"mode look-{parameter}: give 1 to 3 rounds")
        return Arm("look", "reasoner", "descriptions")

    monkeypatch.setitem(PARAMETERISED, "look", make)


@pytest.mark.parametrize("mode", list(ARMS.values()), ids=str)
def test_a_mode_needs_the_model_that_answers_and_no_other(mode):
    assert mode.needs_reasoner == (mode.answers and mode != Arm.DIRECT)
    assert mode.needs_perceiver == (mode.describes or mode == Arm.DIRECT)
    assert mode.answers == (mode not in (Arm.PERCEPTION, Arm.PROMPTS))


@pytest.mark.parametrize("name", list(ARMS))
def test_an_arm_is_read_from_its_name_and_written_as_it(name):
    config = RunConfig(benchmark="b.tsv", perceiver="p", reasoner="r", mode=name, instruction="query-specific_r")
    assert config.mode is ARMS[name]
    assert config.model_dump(mode="json")["mode"] == name
    assert RunConfig.model_validate_json(config.model_dump_json()) == config


@pytest.mark.parametrize(
    ("name", "message"), [("direkt", "did you mean 'direct'"), ("look-2", "known: all, "), ("", "known: all, ")]
)
def test_an_unknown_name_is_an_error_that_names_the_nearest(name, message):
    with pytest.raises(ConfigError, match=message):
        load_run_configs(None, {"benchmark": "b.tsv", "perceiver": "p", "reasoner": "r", "mode": name})


@pytest.mark.usefixtures("look")
def test_an_arm_with_a_parameter_needs_no_edit_of_a_list():
    options = {"benchmark": "b.tsv", "perceiver": "p", "reasoner": "r", "mode": ["all", "look-1", "look-2"]}
    modes = [config.mode for config in load_run_configs(None, options)]
    assert [mode.name for mode in modes] == ["all", "look-1", "look-2"]
    assert [mode.parameter for mode in modes] == ["", "1", "2"]
    assert len(set(modes)) == 3
    with pytest.raises(ConfigError, match="look-9: give 1 to 3 rounds"):
        load_run_configs(None, {**options, "mode": "look-9"})
