"""Where an API key is looked up, and which values are rejected."""

from __future__ import annotations

import os

import pytest

from prism_engine.backends.chat.api_key import resolve_api_key
from prism_engine.config import ApiModel
from prism_engine.errors import ConfigError

KEY = "sk-planted-0123456789abcdef"


def test_the_key_comes_from_the_environment_before_the_file(tmp_path):
    dotenv = tmp_path / ".env"
    dotenv.write_text("A_KEY='from-file'\nB_KEY=\n")
    spec = ApiModel(model="m", api_key_env="A_KEY")
    assert resolve_api_key(spec, {"A_KEY": " from-environment\n"}, dotenv) == "from-environment"
    assert resolve_api_key(spec, {}, dotenv) == "from-file"
    assert resolve_api_key(spec, {"A_KEY": ""}, dotenv) == "from-file"
    assert "A_KEY" not in os.environ
    assert resolve_api_key(ApiModel(model="m", api_key_env=None), {}, dotenv) is None


@pytest.mark.parametrize("name", ["B_KEY", "C_KEY"])
def test_a_missing_key_is_named_with_both_places(tmp_path, name):
    dotenv = tmp_path / ".env"
    dotenv.write_text("B_KEY=\n")
    with pytest.raises(ConfigError) as caught:
        resolve_api_key(ApiModel(model="m", api_key_env=name), {}, dotenv)
    assert name in str(caught.value)
    assert "environment" in str(caught.value)
    assert str(dotenv) in str(caught.value)


def test_a_key_that_cannot_be_sent_is_refused_without_being_shown(tmp_path):
    with pytest.raises(ConfigError) as caught:
        resolve_api_key(ApiModel(model="m", api_key_env="A_KEY"), {"A_KEY": f"{KEY}\nX"}, tmp_path / ".env")
    assert KEY not in str(caught.value)
