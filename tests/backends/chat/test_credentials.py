"""Where an API key is looked up, and which values are rejected."""

from __future__ import annotations

import os

import pytest

from prism_engine.backends.chat.credentials import resolve_credentials
from prism_engine.config import ApiModel
from prism_engine.errors import ConfigError

KEY = "sk-planted-0123456789abcdef"


def test_the_key_comes_from_the_environment_before_the_file(tmp_path):
    dotenv = tmp_path / ".env"
    dotenv.write_text("A_KEY='from-file'\nB_KEY=\n")
    spec = ApiModel(model="m", api_key_env="A_KEY")
    assert resolve_credentials(spec, {"A_KEY": " from-environment\n"}, dotenv).key == "from-environment"
    assert resolve_credentials(spec, {}, dotenv).key == "from-file"
    assert resolve_credentials(spec, {"A_KEY": ""}, dotenv).key == "from-file"
    assert "A_KEY" not in os.environ
    assert resolve_credentials(ApiModel(model="m", api_key_env=None), {}, dotenv).key is None


@pytest.mark.parametrize("name", ["B_KEY", "C_KEY"])
def test_a_missing_key_is_named_with_both_places(tmp_path, name):
    dotenv = tmp_path / ".env"
    dotenv.write_text("B_KEY=\n")
    with pytest.raises(ConfigError) as caught:
        resolve_credentials(ApiModel(model="m", api_key_env=name), {}, dotenv)
    assert name in str(caught.value)
    assert "environment" in str(caught.value)
    assert str(dotenv) in str(caught.value)


def test_a_key_that_cannot_be_sent_is_refused_without_being_shown(tmp_path):
    with pytest.raises(ConfigError) as caught:
        resolve_credentials(ApiModel(model="m", api_key_env="A_KEY"), {"A_KEY": f"{KEY}\nX"}, tmp_path / ".env")
    assert KEY not in str(caught.value)


def test_headers_are_filled_from_the_environment_and_the_file_and_everything_from_there_is_a_secret(tmp_path):
    dotenv = tmp_path / ".env"
    dotenv.write_text("TOKEN=from-file\n")
    headers = {"Authorization": "Bearer ${TOKEN}", "X-Two": "${ORG}/${TOKEN}", "X-Title": "study"}
    found = resolve_credentials(ApiModel(model="m", headers=headers), {"ORG": "org-1"}, dotenv)
    assert found.headers == {"Authorization": "Bearer from-file", "X-Two": "org-1/from-file", "X-Title": "study"}
    assert found.key is None
    assert set(found.secrets) == {"from-file", "org-1"}
    assert "from-file" not in repr(found)


def test_a_variable_of_a_header_that_is_not_set_is_named_with_its_header(tmp_path):
    spec = ApiModel(model="m", headers={"api-key": "${AZURE}"})
    with pytest.raises(ConfigError, match="no header api-key for 'm': set AZURE in the environment or in"):
        resolve_credentials(spec, {}, tmp_path / ".env")


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"base_url": "http://h/hunter2-0000/v1"}, "base_url"),
        ({"base_url": "http://h/hunter2%2D0000/v1"}, "base_url"),
        ({"extra_body": {"a": [{"b": "hunter2-0000"}]}}, "extra_body"),
        ({"identity": "at hunter2-0000"}, "identity"),
        ({"headers": {"X-A": "hunter2-0000"}}, "headers"),
    ],
)
def test_a_key_that_is_also_written_in_the_entry_is_refused_because_results_record_it(fields, where, tmp_path):
    spec = ApiModel(model="m", api_key_env="MINE", **fields)
    with pytest.raises(ConfigError, match=f"{where} of 'm' contains the value of MINE") as caught:
        resolve_credentials(spec, {"MINE": "hunter2-0000"}, tmp_path / ".env")
    assert "hunter2" not in str(caught.value)


def test_a_placeholder_or_the_variable_s_own_name_may_be_in_the_entry(tmp_path):
    spec = ApiModel(model="test", api_key_env="MINE_KEY")
    assert resolve_credentials(spec, {"MINE_KEY": "test"}, tmp_path / ".env").key == "test"
    assert resolve_credentials(spec, {"MINE_KEY": "MINE_KEY"}, tmp_path / ".env").key == "MINE_KEY"
