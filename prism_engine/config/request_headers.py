"""Additional headers of a registry entry, with values from the environment: `{api-key: "${AZURE_KEY}"}`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from prism_engine.config.pasted_keys import VARIABLE, contains_key, is_random, is_secret_parameter, is_variable

if TYPE_CHECKING:
    from collections.abc import Mapping

_REFERENCE = re.compile(r"\$\{([^}]*)\}")
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, section 5.6.2
_OWN = frozenset({"content-type", "content-length", "host", "transfer-encoding", "connection", "accept-encoding"})
"""Set by prism or its HTTP library."""
_ROUTES = re.compile(r"model|provider|config|rout(?:e|ing)|deployment|target|virtual|beta|fallback", re.IGNORECASE)
_KEY_HEADERS = frozenset({"authorization", "api-key", "x-api-key"})


def check_headers(headers: Mapping[str, str]) -> None:
    """Check names and values, of which no message repeats one.

    Raises:
        ValueError: a header cannot be sent, is prism's own, or holds a secret instead of a variable's name.
    """
    seen = set()
    for number, (name, value) in enumerate(headers.items(), 1):
        if not _NAME.fullmatch(name) or contains_key(name):
            raise ValueError(f"header {number} has no valid name: write `NAME: VALUE`")
        if name.lower() in _OWN:
            raise ValueError(f"{name} is set by prism itself")
        if name.lower() in seen:
            raise ValueError(f"{name} is given twice; upper and lower case are the same")
        seen.add(name.lower())
        if not (value.isascii() and value.isprintable()):
            raise ValueError(f"the value of {name} must be printable ASCII text on one line")
        _check_value(name, value)


def variables_of(value: str) -> list[str]:
    """Return the environment variables that a header's value refers to."""
    return _REFERENCE.findall(value)


def filled(value: str, variables: Mapping[str, str]) -> str:
    """Return a header's value with its variables replaced."""
    return _REFERENCE.sub(lambda match: variables[match[1]], value)


def carry_key(headers: Mapping[str, str]) -> bool:
    """Whether the headers carry the key, so that no bearer token is needed."""
    return any(name.lower() in _KEY_HEADERS for name in headers)


def header_facts(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the identity facts of headers that choose what answers; all others have no influence on answers."""
    return {f"header.{name.lower()}": value for name, value in headers.items() if _ROUTES.search(name)}


def _check_value(name: str, value: str) -> None:
    for variable in variables_of(value):
        if not is_variable(variable):
            raise ValueError(
                f"the value of {name}: between ${{ and }} is the name of the variable that holds the secret, not the "
                "secret itself"
            )
    literal = _REFERENCE.sub("", value)
    if "${" in literal or (literal.startswith("$") and VARIABLE.fullmatch(literal[1:])):
        raise ValueError(f"the value of {name}: write a variable as ${{NAME}}")
    if contains_key(literal) or is_random(literal) or (is_secret_parameter(name) and literal == value):
        raise ValueError(
            f'the value of {name} is a secret: put it into an environment variable or .env, and write "${{VARIABLE}}" '
            "here, with its name"
        )
