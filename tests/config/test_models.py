"""The model registry: shipped entries, user entries, and mistakes in them."""

from __future__ import annotations

import pytest
import yaml
from pydantic import ValidationError

from prism_engine.config import ApiModel, ScriptedModel, ServerSpec, VllmModel, load_registry
from prism_engine.config.model_entry import ModelInfo
from prism_engine.config.models import parse_models
from prism_engine.errors import ConfigError
from prism_engine.nano import CAPTIONER, REASONER


def test_the_shipped_registry_is_valid_and_has_every_backend():
    kinds = {type(spec) for _, spec in load_registry()}
    assert kinds == {VllmModel, ApiModel, ScriptedModel}


def test_a_models_file_overrides_the_shipped_models_by_name(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text("models:\n  gpt-4o-mini: {backend: scripted, replies: [B]}\n")
    assert load_registry([file]).find("gpt-4o-mini") == ScriptedModel(replies=("B",))


def test_any_entry_may_have_facts_about_the_model(tmp_path):
    for backend in ("{backend: vllm, model: org/m", "{backend: api, model: m", "{backend: scripted"):
        entry = yaml.safe_load(f"m: {backend}, about: {{parameters: 0.5B, licence: MIT, type: open}}}}")
        about = parse_models(entry, "here")["m"].about
        assert about == ModelInfo(parameters="0.5B", licence="MIT", type="open")
    for wrong in ({"parameters": "seven"}, {"type": "free"}, {"license": "MIT"}):
        with pytest.raises(ConfigError, match="about"):
            parse_models({"m": {"backend": "scripted", "about": wrong}}, "here")


@pytest.mark.parametrize(
    "field", [{"model": "m\ud800"}, {"extra_body": {"a": ["\udc00"]}}, {"headers": {"x": "\ud800"}}]
)
def test_no_text_of_an_entry_has_half_a_character(field):
    with pytest.raises(ValidationError, match=r"surrogate|printable ASCII|valid string"):
        ApiModel(**{"model": "m", **field})


def test_an_unknown_model_is_answered_with_the_nearest_names():
    with pytest.raises(ConfigError, match=r"unknown model 'gpt-4o-mni' - did you mean 'gpt-4o-mini'"):
        load_registry().find("gpt-4o-mni")


def test_the_folder_of_a_checkpoint_is_a_model(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    assert load_registry().find(str(tmp_path)) == VllmModel(model=str(tmp_path))


@pytest.mark.parametrize(("name", "folder"), [("captioner", CAPTIONER), ("reasoner", REASONER)])
def test_a_model_in_the_package_is_found_by_the_engine_and_by_the_server(name, folder):
    assert VllmModel(model=f"embedded:{name}") == VllmModel(model=str(folder))
    assert ServerSpec(model=f"embedded:{name}") == ServerSpec(model=str(folder))


@pytest.mark.parametrize("name", ["nothing", "", ".", "captioner/config.json"])
def test_an_unknown_embedded_model_is_reported_with_the_known_ones(name):
    model = f"embedded:{name}"
    entries = {
        "a": {"backend": "vllm", "model": model},
        "b": {"backend": "api", "model": "m", "server": {"model": model}},
    }
    said = f"'{model}' is not part of the package; known: embedded:captioner, embedded:reasoner"
    with pytest.raises(ConfigError, match=rf"(?s)a\.model: {said}.*b\.server\.model: {said}"):
        parse_models(entries, "file")


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("{backend: api, model: x, base_uri: http://x}", "unknown key 'mine.base_uri' - did you mean 'base_url'"),
        ("{backend: api}", "key 'mine.model' is missing"),
        ("{backend: vlm, model: x}", "mine.backend: 'vlm' is not one of vllm, api, scripted - did you mean 'vllm'"),
        ("{model: x}", "key 'mine.backend' is missing: set it to one of vllm, api, scripted"),
        ("{backend: api, model: x, base_url: localhost}", "must start with http"),
        ("{backend: api, model: x, limits: {concurrency: 0}}", "limits.concurrency"),
        ("{backend: vllm, model: x, engine: {1: 2}}", r"mine\.engine\.1"),
    ],
)
def test_a_wrong_entry_is_reported_with_file_key_and_fix(tmp_path, entry, message):
    file = tmp_path / "mine.yaml"
    file.write_text(f"models:\n  mine: {entry}\n")
    with pytest.raises(ConfigError, match=message) as caught:
        load_registry([file])
    assert str(file) in str(caught.value)


@pytest.mark.parametrize("max_num_seqs", ["0", "-1", "2.5", "many", "true", "null", "'8'"])
def test_an_engine_without_sequences_is_a_mistake_in_its_entry(max_num_seqs):
    data = yaml.safe_load(f"mine: {{backend: vllm, model: x, engine: {{max_num_seqs: {max_num_seqs}}}}}")
    with pytest.raises(ConfigError, match=r"file: mine\.engine: max_num_seqs: .* not a positive whole number"):
        parse_models(data, "file")


@pytest.mark.parametrize("user", ["me:hunter2@", "hunter2@", ":hunter2@"])
def test_a_password_in_a_url_is_refused_and_not_repeated(user):
    entry = {"backend": "api", "model": "x", "base_url": f"https://{user}host/v1"}
    with pytest.raises(ConfigError, match="must not contain a user name or password; use api_key_env") as caught:
        parse_models({"mine": entry}, "file")
    assert "hunter2" not in str(caught.value)


def test_an_at_sign_in_the_path_of_a_url_is_no_password():
    assert ApiModel(model="x", base_url="https://host/@team/v1").base_url == "https://host/@team/v1"


@pytest.mark.parametrize("field", ["model", "messages", "stream", "n", "max_tokens", "max_completion_tokens"])
def test_an_extra_field_that_prism_sets_itself_is_refused(field):
    entry = {"backend": "api", "model": "x", "extra_body": {"reasoning_effort": "low", field: 2}}
    with pytest.raises(ConfigError, match=f"mine.extra_body: must not contain '{field}', which prism sets itself"):
        parse_models({"mine": entry}, "file")


def test_all_mistakes_are_reported_at_once(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text("models:\n  a: {backend: api, modl: x}\n  b: {backend: vllm}\n")
    with pytest.raises(ConfigError, match=r"(?s)a\.modl.*b\.model"):
        load_registry([file])


def test_a_registry_file_has_only_models(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text("benchmark: x\n")
    with pytest.raises(ConfigError, match="unknown key 'benchmark'"):
        load_registry([file])


@pytest.mark.parametrize("url", ["http://host/v1", "http://host/v1/", "http://host/v1/chat/completions"])
def test_a_base_url_may_be_given_with_or_without_the_endpoint(url):
    assert ApiModel(model="x", base_url=url).base_url == "http://host/v1"


def test_a_price_keeps_every_digit_and_local_entries_have_none():
    entry = {"backend": "api", "model": "x", "price": {"input": 0.15, "cached_input": "0.0375", "output": 0.6}}
    spec = parse_models({"mine": entry}, "file")["mine"]
    assert isinstance(spec, ApiModel)
    assert spec.price is not None
    assert [str(each) for each in (spec.price.input, spec.price.cached_input, spec.price.output)] == [
        "0.15",
        "0.0375",
        "0.6",
    ]
    with pytest.raises(ConfigError, match="unknown key"):
        parse_models({"mine": {"backend": "vllm", "model": "x", "price": entry["price"]}}, "file")


@pytest.mark.parametrize("price", ["{input: 1}", "{input: -1, output: 1}", "{input: .nan, output: 1}", "free"])
def test_half_a_price_or_none_at_all_is_a_mistake_in_its_entry(price):
    data = yaml.safe_load(f"mine: {{backend: api, model: x, price: {price}}}")
    with pytest.raises(ConfigError, match=r"mine\.price"):
        parse_models(data, "file")
