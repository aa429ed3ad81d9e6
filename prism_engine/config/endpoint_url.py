"""The address of an endpoint: what `base_url` may contain, and how a path is added to it."""

from __future__ import annotations

from urllib.parse import parse_qsl, unquote, urlsplit, urlunsplit

from prism_engine.config.pasted_keys import contains_key, is_random, is_secret_parameter

_HEADERS = 'use api_key_env, or `headers: {NAME: "${VARIABLE}"}` with the variable that holds it'


def checked_base_url(url: str) -> str:
    """Return an endpoint's address without the trailing `/chat/completions`; its query stays.

    Raises:
        ValueError: it is no usable address, or contains a secret; the message never repeats it.
    """
    if not url.lower().startswith(("http://", "https://")):
        raise ValueError("must start with http:// or https://")
    if any(character.isspace() or not character.isprintable() for character in url):
        raise ValueError("must not contain spaces")
    if "@" in url.partition("://")[2].replace("/@", "/"):  # a password may contain anything, even `/`, `?` or `#`
        raise ValueError(f"must not contain a user name or password; {_HEADERS} (a literal @ is written %40)")
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - raises for what is no number
        host = parts.hostname
    except ValueError:
        host = None
    if not host:
        raise ValueError("has no valid host and port")
    if parts.fragment or "#" in url:
        raise ValueError(f"must not contain a fragment (#...), which is never sent; for a key, {_HEADERS}")
    if any(
        is_secret_parameter(name) or _is_key(value) for name, value in parse_qsl(parts.query, keep_blank_values=True)
    ):
        raise ValueError(f"must not contain a key in its query; {_HEADERS}")
    if _is_key(parts.query) or any(map(_is_key, parts.path.split("/"))) or contains_key(host):
        raise ValueError(f"must not contain a key; {_HEADERS}")
    path = parts.path.rstrip("/").removesuffix("/chat/completions")
    return urlunsplit((parts.scheme, parts.netloc, path, parts.query, ""))


def joined(base_url: str, path: str) -> str:
    """Return the URL of a path below an address, whose query stays behind it."""
    address, mark, query = base_url.partition("?")
    return f"{address.rstrip('/')}{path}{mark}{query}"


def is_azure_deployment(base_url: str) -> bool:
    """Whether an address is that of one deployment on Azure, which takes its key in the header `api-key`."""
    return "/openai/deployments/" in urlsplit(base_url).path


def _is_key(text: str) -> bool:
    text = unquote(text)
    return contains_key(text) or is_random(text)
