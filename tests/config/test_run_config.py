"""Run files, options over them, and defaults."""

from __future__ import annotations

import pytest

from prism_engine.config import Arm, RunConfig, load_run_configs
from prism_engine.config.run_config import default_cache_dir
from prism_engine.errors import ConfigError
from prism_engine.records import Sampling

GIVEN = {"benchmark": "b.tsv", "perceiver": "p", "reasoner": "r"}


def load_run_config(path, options):
    (config,) = load_run_configs(path, options)
    return config


def write(tmp_path, text):
    file = tmp_path / "run.yaml"
    file.write_text(text)
    return file


def test_options_alone_make_a_run_with_the_paper_s_defaults():
    config = load_run_config(None, GIVEN)
    assert (config.instruction, config.mode) == ("generic", Arm.ALL)
    assert config.perception.to_sampling() == Sampling(max_tokens=512, temperature=0.0)


def test_options_override_the_file_and_none_leaves_it(tmp_path):
    file = write(tmp_path, "benchmark: a\nperceiver: p\nreasoner: r\nperception: {max_tokens: 64, temperature: 0.5}\n")
    config = load_run_config(file, {"benchmark": "b", "perceiver": None, "perception.max_tokens": 32})
    assert (config.benchmark, config.perceiver) == ("b", "p")
    assert (config.perception.max_tokens, config.perception.temperature) == (32, 0.5)


def test_an_unknown_key_is_an_error_with_the_nearest_name(tmp_path):
    file = write(tmp_path, "benchmark: a\nperceiver: p\nreasonr: r\nperception: {max_token: 3}\n")
    with pytest.raises(ConfigError, match=r"reasonr' - did you mean 'reasoner'") as caught:
        load_run_config(file, {})
    assert "did you mean 'max_tokens'" in str(caught.value)
    assert str(file) in str(caught.value)


@pytest.mark.parametrize(
    ("missing", "fix"),
    [
        ("benchmark", "no benchmark: give it as the argument"),
        ("perceiver", "'all' needs a perceiver: give it with --perceiver"),
        ("reasoner", "'all' needs a reasoner: give --reasoner"),
    ],
)
def test_a_missing_key_is_reported_with_its_option(missing, fix):
    with pytest.raises(ConfigError, match=fix):
        load_run_config(None, {**GIVEN, missing: None})


@pytest.mark.parametrize(
    ("mode", "perceiver", "reasoner"),
    [
        ("all", True, True),
        ("perception", True, False),
        ("reasoning", True, True),
        ("direct", True, False),
        ("blind", False, True),
        ("oracle", False, True),
    ],
)
def test_a_mode_asks_for_the_models_that_it_needs_and_for_no_other(mode, perceiver, reasoner):
    needed = {"perceiver": perceiver, "reasoner": reasoner}
    given = {name: name[0] for name, is_needed in needed.items() if is_needed}
    config = load_run_config(None, {"benchmark": "b", "mode": mode, **given})
    assert (config.perceiver, config.reasoner) == (given.get("perceiver"), given.get("reasoner"))
    for name in given:
        with pytest.raises(ConfigError, match=f"mode '{mode}' needs a {name}"):
            load_run_config(None, {"benchmark": "b", "mode": mode, **given, name: None})


def test_a_list_of_modes_makes_one_run_each_in_order(tmp_path):
    file = write(tmp_path, "benchmark: a\nperceiver: p\nreasoner: r\nmode: [all, direct]\n")
    assert [config.mode for config in load_run_configs(file, {})] == [Arm.ALL, Arm.DIRECT]
    assert [config.mode for config in load_run_configs(file, {"mode": [Arm.BLIND]})] == [Arm.BLIND]
    for wrong in ("[]", "[al]", "[[all]]"):
        with pytest.raises(ConfigError, match=r"run\.yaml: mode"):
            load_run_configs(write(tmp_path, f"benchmark: a\nperceiver: p\nreasoner: r\nmode: {wrong}\n"), {})


def test_a_run_in_another_mode_is_checked_again():
    config = RunConfig(benchmark="b", perceiver="p", mode=Arm.DIRECT)
    assert config.in_mode(Arm.PERCEPTION) == config.model_copy(update={"mode": Arm.PERCEPTION})
    with pytest.raises(ConfigError, match="mode 'oracle' needs a reasoner"):
        config.in_mode(Arm.ORACLE)


def test_a_scalar_where_a_mapping_belongs_is_named(tmp_path):
    file = write(tmp_path, "benchmark: a\nperceiver: p\nreasoner: r\nperception: 3\n")
    with pytest.raises(ConfigError, match="perception: must be"):
        load_run_config(file, {"perception.max_tokens": 5})


def test_the_cache_folder_comes_from_the_environment_or_the_checkout(monkeypatch, tmp_path):
    monkeypatch.setenv("PRISM_CACHE", str(tmp_path))
    assert default_cache_dir() == tmp_path
    monkeypatch.delenv("PRISM_CACHE")
    assert default_cache_dir().name == "cache"


@pytest.mark.parametrize(("bound", "most"), [(None, None), (0, 0), (0.05, 10), (1, 1), (20, 20), (0.999, 199)])
def test_failures_are_bounded_by_a_share_or_a_count(bound, most):
    config = RunConfig(benchmark="b.tsv", perceiver="p", reasoner="r", fail_on_error=bound)
    assert config.most_failures(200) == most


def test_a_time_of_day_that_yaml_reads_as_a_number_is_understood(tmp_path):
    (tmp_path / "run.yaml").write_text("benchmark: b.tsv\nperceiver: p\nreasoner: r\ndeadline: 7:00\n")
    (config,) = load_run_configs(tmp_path / "run.yaml", {})
    assert config.deadline in ("7:00", "7:0", "7:00:00")
