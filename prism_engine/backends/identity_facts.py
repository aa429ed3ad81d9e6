"""Texts of identity facts: canonical JSON, and digests of longer texts."""

from __future__ import annotations

import hashlib

import orjson

from prism_engine.errors import ConfigError


def as_json(value: object) -> str:
    """Return a value as JSON with sorted keys.

    Raises:
        ConfigError: it cannot be written as JSON.
    """
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS).decode()
    except orjson.JSONEncodeError as error:
        raise ConfigError(f"{value!r} is not allowed in a model's registry entry: {error}") from error


def digest(text: str) -> str:
    """Return a text's SHA-256, as `sha256:` and 64 hex digits."""
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
