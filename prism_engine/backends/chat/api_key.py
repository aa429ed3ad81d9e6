"""Reads an API key from the environment or a `.env` file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from prism_engine.config.env_file import read_env_file
from prism_engine.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prism_engine.config import ApiModel


def resolve_api_key(spec: ApiModel, environ: Mapping[str, str], dotenv_path: Path = Path(".env")) -> str | None:
    """Return the API key from the environment, else from a `.env` file; None for an endpoint without one.

    Raises:
        ConfigError: the key is in neither, or its value cannot be a key; the file cannot be read.
    """
    name = spec.api_key_env
    if name is None:
        return None
    key = (environ.get(name) or read_env_file(dotenv_path).get(name) or "").strip()
    if not key:
        raise ConfigError(
            f"no API key for {spec.model!r}: set {name} in the environment or in {dotenv_path}, or, if the endpoint "
            "needs no key, set `api_key_env: null` in its registry entry"
        )
    if not (key.isascii() and key.isprintable()):
        raise ConfigError(f"{name} contains characters that no API key has; check for extra pasted text")
    return key
