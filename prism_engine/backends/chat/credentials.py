"""What an entry's requests are sent with: the API key and the headers, with values from the environment or `.env`."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from prism_engine.backends.chat.redaction import SHORT, is_secret
from prism_engine.config.env_file import read_env_file
from prism_engine.config.request_headers import filled, variables_of
from prism_engine.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prism_engine.config import ApiModel


@dataclass(frozen=True)
class Credentials:
    """The headers of an entry's requests. Never shown."""

    key: str | None = field(default=None, repr=False)
    """Sent as bearer token; None sends none."""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Sent in addition, in their place for `Authorization`."""
    secrets: frozenset[str] = field(default=frozenset(), repr=False)
    """All values from the environment."""

    @property
    def account(self) -> str:
        """What distinguishes one account's quotas from another's; as secret as the key."""
        return self.key if self.key is not None else repr(sorted(self.secrets))

    @classmethod
    def of_key(cls, key: str | None) -> Credentials:
        """Return the credentials of a bearer token alone."""
        return cls(key, secrets=frozenset() if key is None else frozenset({key}))


def resolve_credentials(spec: ApiModel, environ: Mapping[str, str], dotenv_path: Path = Path(".env")) -> Credentials:
    """Return the key and the headers of an entry, with values from the environment, else from a `.env` file.

    Raises:
        ConfigError: a value is in neither, or cannot be sent, or is also written in the entry; the file cannot be read.
    """
    names = {variable: f"header {header}" for header, value in spec.headers.items() for variable in variables_of(value)}
    if spec.api_key_env is not None:
        names[spec.api_key_env] = "API key"
    values = {name: _value(name, what, spec, environ, dotenv_path) for name, what in names.items()}
    headers = {name: filled(value, values) for name, value in spec.headers.items()}
    _check_entry(spec, values)
    key = None if spec.api_key_env is None else values[spec.api_key_env]
    return Credentials(key, headers, frozenset(values.values()))


def _value(name: str, what: str, spec: ApiModel, environ: Mapping[str, str], dotenv_path: Path) -> str:
    value = (environ.get(name) or read_env_file(dotenv_path).get(name) or "").strip()
    if not value:
        other = ""
        if what == "API key":
            other = ", or, if the endpoint needs no key, set `api_key_env: null` in its registry entry"
        raise ConfigError(f"no {what} for {spec.model!r}: set {name} in the environment or in {dotenv_path}{other}")
    if not (value.isascii() and value.isprintable()):
        raise ConfigError(f"{name} contains characters that no API key has; check for extra pasted text")
    return value


def _check_entry(spec: ApiModel, values: Mapping[str, str]) -> None:
    """Check that results, which record the entry, will not contain a key.

    Raises:
        ConfigError: they would; names the field.
    """
    for field_name, value in dict(spec).items():
        for variable, secret in values.items():
            if is_secret(secret) and _contains(value, secret) and value != variable:
                raise ConfigError(
                    f"{field_name} of {spec.model if field_name != 'model' else 'an entry'!r} contains the value of "
                    f'{variable}, and results record it: remove it there, or use `headers: {{NAME: "${{{variable}}}"}}`'
                )


def _contains(value: Any, secret: str) -> bool:
    if isinstance(value, str):
        return secret in (value, unquote(value)) or (len(secret) >= SHORT and secret in unquote(value))
    if isinstance(value, dict):
        return any(_contains(name, secret) or _contains(inner, secret) for name, inner in value.items())
    return isinstance(value, (list, tuple)) and any(_contains(inner, secret) for inner in value)
