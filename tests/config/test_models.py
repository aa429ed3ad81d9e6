"""The model registry: what ships, what users add, and what they get wrong."""

from __future__ import annotations

import pytest

from prism_engine.config import ApiModel, ScriptedModel, VllmModel, load_registry
from prism_engine.errors import ConfigError


def test_the_shipped_registry_is_valid_and_has_every_backend():
    kinds = {type(spec) for _, spec in load_registry()}
    assert kinds == {VllmModel, ApiModel, ScriptedModel}


def test_a_models_file_overrides_the_shipped_models_by_name(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text("models:\n  gpt-4o-mini: {backend: scripted, replies: [B]}\n")
    assert load_registry([file]).find("gpt-4o-mini") == ScriptedModel(replies=("B",))


def test_an_unknown_model_is_answered_with_the_nearest_names():
    with pytest.raises(ConfigError, match=r"unknown model 'gpt-4o-mni' - did you mean 'gpt-4o-mini'"):
        load_registry().find("gpt-4o-mni")


def test_the_folder_of_a_checkpoint_is_a_model(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    assert load_registry().find(str(tmp_path)) == VllmModel(model=str(tmp_path))


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("{backend: api, model: x, base_uri: http://x}", "unknown key 'mine.api.base_uri' - did you mean 'base_url'"),
        ("{backend: api}", "key 'mine.api.model' is missing"),
        ("{backend: vlm, model: x}", "mine"),
        ("{backend: api, model: x, base_url: localhost}", "must start with http"),
        ("{backend: api, model: x, limits: {concurrency: 0}}", "limits.concurrency"),
    ],
)
def test_a_wrong_entry_names_file_key_and_mend(tmp_path, entry, message):
    file = tmp_path / "mine.yaml"
    file.write_text(f"models:\n  mine: {entry}\n")
    with pytest.raises(ConfigError, match=message) as caught:
        load_registry([file])
    assert str(file) in str(caught.value)


def test_all_mistakes_are_told_at_once(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text("models:\n  a: {backend: api, modl: x}\n  b: {backend: vllm}\n")
    with pytest.raises(ConfigError, match=r"a\.api\.modl.*b\.vllm\.model"):
        load_registry([file])


def test_a_registry_file_has_only_models(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text("benchmark: x\n")
    with pytest.raises(ConfigError, match="unknown key 'benchmark'"):
        load_registry([file])


@pytest.mark.parametrize("url", ["http://host/v1", "http://host/v1/", "http://host/v1/chat/completions"])
def test_a_base_url_may_be_given_with_or_without_the_endpoint(url):
    assert ApiModel(model="x", base_url=url).base_url == "http://host/v1"
