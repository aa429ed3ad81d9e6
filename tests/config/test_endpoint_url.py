"""Addresses of endpoints: queries are kept, and secrets are refused without being repeated."""

from __future__ import annotations

import pytest

from prism_engine.config.endpoint_url import checked_base_url, is_azure_deployment, joined
from prism_engine.config.models import parse_models
from prism_engine.errors import ConfigError

AZURE = "https://x.openai.azure.com/openai/deployments/gpt4o"


@pytest.mark.parametrize(
    ("given", "asked"),
    [
        ("https://h/v1", "https://h/v1/chat/completions"),
        ("https://h/v1/", "https://h/v1/chat/completions"),
        ("https://h/v1/chat/completions/", "https://h/v1/chat/completions"),
        ("http://h/v1?api-version=2024-06-01", "http://h/v1/chat/completions?api-version=2024-06-01"),
        (f"{AZURE}?api-version=1", f"{AZURE}/chat/completions?api-version=1"),
        (f"{AZURE}/chat/completions?api-version=1&x=a%20b", f"{AZURE}/chat/completions?api-version=1&x=a%20b"),
        (
            "https://gateway.ai.cloudflare.com/v1/0123456789abcdef0123456789abcdef/g/openai",
            "https://gateway.ai.cloudflare.com/v1/0123456789abcdef0123456789abcdef/g/openai/chat/completions",
        ),
        ("https://h/@cf/meta/v1", "https://h/@cf/meta/v1/chat/completions"),
    ],
)
def test_the_path_is_added_before_the_query(given, asked):
    assert joined(checked_base_url(given), "/chat/completions") == asked


@pytest.mark.parametrize(
    "url",
    [
        *("http://user:SECRET@h/v1", "http://user:a/SECRET@h", "http://user:a?SECRET@h", "http://user:a#SECRET@h"),
        *("http://SECRET@h/v1", "http://user:/SECRET@h:80/v1", "http://h/v1?api_key=SECRET", "http://h/v1?key=SECRET"),
        *("http://h/v1?code=SECRET&x=1", "http://h/v1#SECRET", "http://h/sk-SECRET-1234/v1", "http://h:SECRET/v1"),
        *("http://h/v1?sk-SECRET-1234", "sk-SECRET-1234", "http://h/v1 SECRET", "http:///SECRET", "ftp://SECRET"),
        *("http://h/%73k-SECRET-1234/v1", "http://h/aB3dE5gH7jK9mN1pQ3rS5tU7vSECRET/v1"),
    ],
)
def test_a_secret_or_no_address_is_refused_without_being_repeated(url):
    with pytest.raises(ConfigError) as caught:
        parse_models({"mine": {"backend": "api", "model": "m", "base_url": url}}, "file")
    assert "mine.base_url: " in str(caught.value)
    assert "SECRET" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_deployment_on_azure_is_known_by_its_path():
    assert is_azure_deployment(f"{AZURE}?api-version=1")
    assert not is_azure_deployment("https://x.openai.azure.com/openai/v1")
