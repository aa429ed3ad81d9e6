"""Invalid YAML files and their error messages."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter

from prism_engine.config import RunConfig, load_registry
from prism_engine.config.yaml_files import read_yaml, validated
from prism_engine.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [1, 2\n", "line 2, column 1: not valid YAML"),
        ("a: 1\na: 2\n", "line 2, column 1: not valid YAML: key 'a' is given twice"),
        ("- 1\n", "must be `key: value` pairs"),
        ("1: 2\n", "must be `key: value` pairs"),
        ("a: !!python/object/apply:os.system ['true']\n", "not valid YAML"),
    ],
)
def test_an_invalid_file_is_reported_with_line_and_column(tmp_path, text, message):
    file = tmp_path / "run.yaml"
    file.write_text(text)
    with pytest.raises(ConfigError, match=message) as caught:
        read_yaml(file)
    assert str(file) in str(caught.value)


def test_a_missing_file_and_a_binary_one_are_reported(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read"):
        read_yaml(tmp_path / "absent.yaml")
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="not UTF-8"):
        read_yaml(tmp_path / "binary.yaml")


def test_an_empty_file_is_an_empty_mapping(tmp_path):
    (tmp_path / "empty.yaml").write_text("# nothing yet\n")
    assert read_yaml(tmp_path / "empty.yaml") == {}


@pytest.mark.parametrize(("option", "key"), [("rpm", "requests_per_minute"), ("tpm", "tokens_per_minute")])
def test_a_key_named_like_its_option_is_answered_with_the_key(option, key):
    with pytest.raises(ConfigError, match=rf"unknown key '{option}' - did you mean '{key}'\?"):
        validated(TypeAdapter(RunConfig), {"benchmark": "x.tsv", option: 3}, "run.yaml")


def test_a_value_out_of_range_is_told_in_plain_words():
    with pytest.raises(ConfigError, match=r"samples: must be greater than 0 \(got 0\)"):
        validated(TypeAdapter(RunConfig), {"benchmark": "x.tsv", "samples": 0}, "run.yaml")


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ({"resoner": "x"}, "unknown key 'resoner' - did you mean 'reasoner' or 'reasoning' or 'reasoning_effort'?"),
        ({"max_tokns": 1}, "unknown key 'max_tokns' - did you mean 'max_tokens'?"),
        ({"perception": {"max_tokns": 1}}, "unknown key 'perception.max_tokns' - did you mean 'max_tokens'?"),
        (
            {"models": {"x": {"backend": "api", "model": "m", "price": {"input": 1, "output": 1, "completion": 1}}}},
            None,
        ),
    ],
)
def test_the_nearest_key_is_one_of_the_section_unless_another_is_very_close(keys, says):
    with pytest.raises(ConfigError) as caught:
        validated(TypeAdapter(RunConfig), {"benchmark": "x.tsv", "mode": "blind", **keys}, "run.yaml")
    says = says or "unknown key 'models.x.price.completion'"
    assert str(caught.value).splitlines()[-1].strip().removeprefix("run.yaml: ") == says


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ({"max_cost": "lots"}, "max_cost: must be a number (got 'lots')"),
        ({"samples": "x"}, "samples: must be a whole number (got 'x')"),
        ({"samples": 1.5}, "samples: must be a whole number (got 1.5)"),
        ({"fail_on_error": "x"}, "fail_on_error: must be a number (got 'x')"),
        ({"mode": "orakle"}, "mode: unknown mode 'orakle' - did you mean 'oracle'? (known: all, "),
    ],
)
def test_a_value_of_the_wrong_type_is_named_once_and_in_plain_words(keys, says):
    with pytest.raises(ConfigError) as caught:
        validated(TypeAdapter(RunConfig), {"benchmark": "x.tsv", "mode": "blind", "reasoner": "x", **keys}, "run.yaml")
    assert str(caught.value).startswith(f"run.yaml: {says}")
    assert str(caught.value).count("orakle") <= 1


@pytest.mark.parametrize(
    ("models", "says"), [("[a, b]", "models: must be `key: value` pairs (got"), ("{a: [1]}", "models: a: must be")]
)
def test_a_list_in_place_of_keys_is_told_so(tmp_path, models, says):
    (tmp_path / "models.yaml").write_text(f"models: {models}\n")
    with pytest.raises(ConfigError) as raised:
        load_registry([tmp_path / "models.yaml"])
    assert says in str(raised.value)
    assert "dictionary" not in str(raised.value)
