"""Keys in the wrong place: what is taken for one, and what is not."""

from __future__ import annotations

import pytest

from prism_engine.config.pasted_keys import (
    contains_key,
    is_random,
    is_secret_parameter,
    is_variable,
    masked,
    secret_path,
)

KEYS = [
    "sk-proj-SECRETSECRET1234567890",
    "sk-ant-api03-abcdefgh",
    "gsk_abcdEFGH12345678",
    "hf_AbCdEf0123456789xyz",
    "AIzaSyA0123456789abcdefghi",
    "xai-0123456789abcdef",
    "eyJhbGciOi0123456789.eyJzdWIi",
]


@pytest.mark.parametrize("key", KEYS)
def test_keys_of_providers_are_recognised_and_masked_anywhere(key):
    assert contains_key(key)
    assert not is_variable(key)
    assert masked(f"unknown model '{key}'; see") == "unknown model '***'; see"
    assert secret_path({"a": [{"b": f"Bearer {key}"}]}) == "a[0].b"


@pytest.mark.parametrize(
    "text", ["0f1e2d3c4b5a69788796a5b4c3d2e1f0", "d41d8cd98f00b204e9800998ecf8427e", "a b", "", "A-B"]
)
def test_what_cannot_be_the_name_of_a_variable_is_none(text):
    assert not is_variable(text)


@pytest.mark.parametrize(
    "name", ["OPENAI_API_KEY", "key", "AZURE_KEY_2024_11_20_EAST_US_1", "my_token", "K1", "sk_key"]
)
def test_ordinary_names_of_variables_are_accepted(name):
    assert is_variable(name)


@pytest.mark.parametrize(
    "text",
    [
        *("Meta-Llama-3-70B-Instruct-AWQ-INT4", "0123456789abcdef0123456789abcdef", "gpt-4o-mini-2024-07-18"),
        *("meta-llama/Llama-3.2-11B-Vision", "task-1234567890", "disk-full-error", "hf_transfer_models_folder"),
    ],
)
def test_names_of_models_and_accounts_are_no_keys(text):
    assert not contains_key(text)
    assert not is_random(text)


def test_settings_that_hold_secrets_are_known_by_name_and_others_are_not():
    assert secret_path({"extra_body": {"data": [{"api_key": "x"}]}}) == "extra_body.data[0].api_key"
    assert (
        secret_path({"prompt_cache_key": "run-1", "stop_token": "</s>", "eos_token": "<e>", "hf_token": True}) is None
    )
    assert all(map(is_secret_parameter, ("api-key", "Authorization", "cf-aig-authorization", "Helicone-Auth", "key")))
    assert not any(map(is_secret_parameter, ("HTTP-Referer", "X-Title", "api-version", "Idempotency-Key", "x-code")))
