"""The original's keys in our words: defaults, modes, threads, flags, and what is none of its keys."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prism_engine.config import ApiModel, Registry, RunConfig, ScriptedModel
from prism_engine.errors import ConfigError
from prism_engine.original.translation import DEFAULTS, KEYS, is_original, read_original, translated

REGISTRY = Registry(
    {"GPT4V": ApiModel(model="v"), "chatgpt-0125": ApiModel(model="c"), "local": ScriptedModel(replies=("A",))}
)
SHIPPED = {
    "data": "MMStar", "model": "GPT4V", "prompt_version": "generic", "infer_model": "chatgpt-0125", "nproc": 4,
    "ignore": True, "verbose": True, "postproc": False,
}  # fmt: skip
"""The original's `config/default_config.json`."""


def written(tmp_path, content):
    path = tmp_path / "config.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_the_shipped_configuration_becomes_a_prism_run(tmp_path):
    found = translated(read_original(written(tmp_path, SHIPPED)) or {}, REGISTRY)
    config = RunConfig.model_validate(found.options)
    assert (config.benchmark, config.perceiver, config.reasoner) == ("MMStar", "GPT4V", "chatgpt-0125")
    assert (config.instruction, config.mode.name, config.concurrency) == ("generic", "all", 4)
    notes = " | ".join(found.notes)
    for key in ("data", "model", "infer_model", "prompt_version", "nproc", "ignore", "verbose", "mode"):
        assert f"{key}:" in notes
    assert "postproc" not in notes  # it is false


def test_missing_keys_get_the_original_s_default():
    found = translated({"model": "local"}, REGISTRY)
    assert found.options["perceiver"] == "local"
    assert found.options["benchmark"] == DEFAULTS["data"]
    assert "infer_model: reasoner chatgpt-0125, the original's default" in found.notes
    assert translated({"model": "local"}, REGISTRY, complete=False).options == {"perceiver": "local"}


def test_options_under_prism_s_names_take_precedence():
    named = {"benchmark": "X.tsv", "perceiver": None, "mode": ["blind"], "concurrency": 9}
    found = translated(SHIPPED, REGISTRY, named=named)
    assert set(found.options) == {"perceiver", "reasoner", "instruction"}


@pytest.mark.parametrize(("theirs", "ours"), [("all", "all"), ("perception", "perception"), ("reasoning", "all")])
def test_modes_keep_the_original_s_meaning(theirs, ours):
    found = translated({"mode": theirs}, REGISTRY)
    assert found.options["mode"] == ours
    assert ("reasoner" in found.options) == (theirs != "perception")
    assert any("scores the answers too" in note for note in found.notes) == (theirs == "reasoning")


def test_a_mode_that_the_original_lacks_is_an_error():
    with pytest.raises(ConfigError, match="did you mean 'reasoning'"):
        translated({"mode": "reasonning"}, REGISTRY)


@pytest.mark.parametrize(
    ("keys", "limit"),
    [
        ({"model": "local"}, 4),
        ({"infer_model": "chatgpt-0125-2048"}, 4),
        ({"infer_model": "local"}, None),
        ({"infer_model": "local-2048"}, None),
        ({"infer_model": "org/hub-id"}, None),
        ({"infer_model": "nobody"}, None),
        ({"mode": "perception"}, 4),
        ({"mode": "perception", "model": "local"}, None),
    ],
)
def test_threads_bound_the_requests_to_an_api_and_nothing_else(keys, limit):
    found = translated({"nproc": 4} | keys, REGISTRY)
    assert found.options.get("concurrency") == limit
    assert any(note.startswith("nproc: ") for note in found.notes)


def test_flags_that_are_set_are_explained():
    found = translated({"ignore": True, "verbose": True, "postproc": True, "model_type": "x"}, REGISTRY)
    for word in ("ignore: ", "verbose: ", "model_type: "):
        assert any(note.startswith(word) for note in found.notes)
    (note,) = (note for note in found.notes if note.startswith("postproc"))
    assert "accuracy_guessed" in note
    assert "If guessed %" in note


def test_joining_multiple_perceivers_is_noted_to_differ():
    assert any("--merge original" in note for note in translated({"model": "a~b"}, REGISTRY).notes)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"infer_modle": "x"}, "unknown key 'infer_modle' - did you mean 'infer_model'"),
        ({"benchmark": "x"}, "prism's own run files have other keys"),
        ({"data": ""}, "data: must be a non-empty string"),
        ({"nproc": True}, "nproc: must be a positive whole number"),
        ({"nproc": 0}, "nproc: must be a positive whole number"),
        ({"postproc": "no"}, "postproc: must be true or false"),
    ],
)
def test_mistakes_name_file_and_key(tmp_path, change, says):
    with pytest.raises(ConfigError, match=says) as caught:
        read_original(written(tmp_path, SHIPPED | change))
    assert "config.json" in str(caught.value)


@pytest.mark.parametrize("content", ['{"benchmark": "X", "mode": "all"}', "[1]", "not json", "{}"])
def test_other_files_are_not_taken_for_it(tmp_path, content):
    assert read_original(written(tmp_path, content)) is None


def test_no_key_of_prism_s_run_files_is_original_only():
    assert set(KEYS) & set(RunConfig.model_fields) == {"mode"}


@given(st.dictionaries(st.sampled_from([*KEYS, "benchmark", "perceiver"]), st.text(max_size=5)))
def test_a_file_is_the_original_s_by_its_keys_alone(data):
    assert is_original(data) == bool((set(KEYS) - {"mode"}) & set(data))
