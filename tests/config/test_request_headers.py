"""Headers of registry entries: variables, literals, and what is refused."""

from __future__ import annotations

import pytest

from prism_engine.config import ApiModel
from prism_engine.config.models import parse_models
from prism_engine.config.request_headers import header_facts
from prism_engine.config.yaml_files import read_yaml
from prism_engine.errors import ConfigError


def entry(**fields):
    return parse_models({"mine": {"backend": "api", "model": "m", **fields}}, "file")["mine"]


def test_headers_of_gateways_are_accepted_as_yaml_reads_them(tmp_path):
    (tmp_path / "m.yaml").write_text(
        'headers: {HTTP-Referer: "https://a.org/b?c=d", X-Title: my study, anthropic-version: 2023-06-01, X-N: 7, '
        'OpenAI-Organization: org-1, cf-aig-authorization: "Bearer ${CF}"}'
    )
    assert entry(**read_yaml(tmp_path / "m.yaml")).headers == {
        "HTTP-Referer": "https://a.org/b?c=d",
        "X-Title": "my study",
        "anthropic-version": "2023-06-01",
        "X-N": "7",
        "OpenAI-Organization": "org-1",
        "cf-aig-authorization": "Bearer ${CF}",
    }


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        ({"api-key": "SECRET"}, "api-key is a secret"),
        ({"Authorization": "Bearer SECRET"}, "Authorization is a secret"),
        ({"X-Title": "sk-SECRET-123456"}, "X-Title is a secret"),
        ({"X-Title": "aB3dE5gH7jK9mN1pQ3rS5tU7vSECRET"}, "X-Title is a secret"),
        ({"api-key": "${sk-SECRET-123456}"}, "not the secret itself"),
        ({"api-key": "${SECRET"}, "write a variable as"),
        ({"api-key": "$SECRET"}, "write a variable as"),
        ({"sk-SECRET-123456": "x"}, "header 1 has no valid name"),
        ({"a b": "SECRET"}, "header 1 has no valid name"),
        ({"X": "SECRET\nY: z"}, "one line"),
        ({"X": "SECRET\N{SNOWMAN}"}, "ASCII"),
        ({"X": True}, "in quotes"),
        ({"X": {"env": "SECRET"}}, "in quotes"),
        ({"Content-Type": "SECRET"}, "set by prism itself"),
        ({"A": "SECRET", "a": "b"}, "given twice"),
        ("Authorization: SECRET", "NAME: VALUE"),
        (["SECRET"], "NAME: VALUE"),
        ({7: "SECRET"}, "NAME: VALUE"),
    ],
)
def test_what_cannot_be_a_header_is_refused_without_being_repeated(headers, words):
    with pytest.raises(ConfigError, match=words) as caught:
        entry(headers=headers)
    assert "SECRET" not in str(caught.value)


@pytest.mark.parametrize("name", ["api-key", "API-KEY", "Authorization", "x-api-key"])
def test_a_header_with_the_key_replaces_the_bearer_token(name):
    model = entry(headers={name: "${MINE}"})
    assert (model.api_key_env, model.key_variable) == (None, "MINE")
    assert model.listing.endpoint.endswith("(MINE)")
    assert entry(headers={name: "${MINE}"}, api_key_env="OTHER").api_key_env == "OTHER"
    assert ApiModel.model_validate(model.model_dump(mode="json")) == model
    assert entry(headers={"X-Title": "t"}).api_key_env == "OPENAI_API_KEY"


def test_only_headers_that_choose_what_answers_are_part_of_the_identity():
    assert header_facts({"X-Title": "t", "HTTP-Referer": "r", "api-key": "${K}", "OpenAI-Project": "p"}) == {}
    assert header_facts({"x-portkey-Provider": "openai", "anthropic-beta": "b"}) == {
        "header.x-portkey-provider": "openai",
        "header.anthropic-beta": "b",
    }


@pytest.mark.parametrize(
    "name", ["sk-proj-SECRET1234567890", "gsk_SECRETabcd12345678", "SECRET with spaces", "", "0SECRET", "$SECRET"]
)
def test_a_key_instead_of_the_name_of_its_variable_is_refused_without_being_repeated(name):
    with pytest.raises(
        ConfigError, match=r"mine\.api_key_env: names the environment variable that holds the key"
    ) as no:
        entry(api_key_env=name)
    assert "SECRET" not in str(no.value)


@pytest.mark.parametrize(
    "fields",
    [
        {"extra_body": {"metadata": {"api_key": "SECRET"}}},
        {"extra_body": {"user": "sk-SECRET-123456"}},
        {"extra_body": {"sk-SECRET-123456": 1}},
        {"model": "sk-SECRET-123456"},
        {"identity": "sk-SECRET-123456"},
        {"limits": "sk-SECRET-123456"},
        {"timeout": "sk-SECRET-123456"},
        {"api_key": "sk-SECRET-123456"},
        {"sk-SECRET-123456": "x"},
        {"backend": "sk-SECRET-123456"},
        {"extra_body": {"reasoning_effort": "SECRET"}, "reasoning_effort": "low"},
    ],
)
def test_a_key_in_any_other_field_is_refused_without_being_repeated(fields):
    with pytest.raises(ConfigError) as caught:
        entry(**fields)
    assert "SECRET" not in str(caught.value)
    assert caught.value.__cause__ is None
