"""Recognises API keys in settings, so that a key in the wrong place is refused and never repeated."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
"""The name of an environment variable."""
_KEY = re.compile(
    r"(?<![A-Za-z0-9])(?:"
    r"sk-[A-Za-z0-9_-]{8,}"
    r"|(?:gsk_|xai-|hf_|nvapi-|pplx-|tgp_v1_|csk-|ghp_|github_pat_|glpat-|AIza|ya29\.|AKIA|eyJ)"
    r"(?=[A-Za-z0-9_.-]*[0-9])[A-Za-z0-9_.-]{12,})"
)
"""What providers' keys and tokens begin with."""
_RUN = re.compile(r"[A-Za-z0-9]{24,}")
_HEX = re.compile(r"[0-9a-f]+|[0-9A-F]+")
_SECRET_FIELD = re.compile(
    r"(?:api|access|auth|secret|private|subscription|license|hf|virtual)[-_ ]?(?:key|token)$"
    r"|^(?:x-)?(?:api)?(?:key|token)$|^(?:proxy-)?authorization$|(?:^|[-_])(?:passw(?:or)?d|secret|credentials?|bearer)$",
    re.IGNORECASE,
)
_SECRET_PARAMETER = re.compile(
    r"(?<!cache)(?<!idempotency)[-_](?:key|token)$|auth(?:orization)?$|(?:^|[-_])(?:cookie|signature)$|^(?:code|sig|pwd)$",
    re.IGNORECASE,
)
MASK = "***"


def contains_key(text: str) -> bool:
    """Whether a text contains something that begins like a provider's key."""
    return _KEY.search(text) is not None


def masked(text: str) -> str:
    """Return a text with everything that begins like a provider's key replaced."""
    return _KEY.sub(MASK, text)


def is_random(text: str) -> bool:
    """Whether a text looks random, as keys do: a long run of upper case, lower case and digits that is no digest."""
    return any(
        not _HEX.fullmatch(run) and re.search("[a-z]", run) and re.search("[A-Z]", run) and re.search(r"\d\D*\d", run)
        for run in _RUN.findall(text)
    )


def is_variable(text: str) -> bool:
    """Whether a text can be the name of an environment variable, and does not look like a key."""
    if not VARIABLE.fullmatch(text) or contains_key(text) or is_random(text):
        return False
    is_digest = len(text) >= 32 and _HEX.fullmatch(text) is not None
    is_token = len(text) >= 20 and "_" not in text and text.islower() and any(map(str.isdigit, text))
    return not (is_digest or is_token)


def is_secret_field(name: str) -> bool:
    """Whether a setting of this name holds a secret. Many others end in `key` or `token` (`prompt_cache_key`)."""
    return _SECRET_FIELD.search(name) is not None


def is_secret_parameter(name: str) -> bool:
    """Whether a header or a query's parameter of this name holds a secret."""
    return is_secret_field(name) or _SECRET_PARAMETER.search(name) is not None


def secret_path(value: Any, path: str = "") -> str | None:
    """Return the path of the first text in nested settings that is a secret by its own form or its field's name."""
    return next(_secret_paths(value, path), None)


def _secret_paths(value: Any, path: str) -> Iterator[str]:
    if isinstance(value, str):
        if contains_key(value) or (value and is_secret_field(path.rpartition(".")[2])):
            yield path
    elif isinstance(value, dict):
        for name, inner in value.items():
            word = str(name)
            if contains_key(word):
                yield f"{path}.{MASK}".lstrip(".")
            yield from _secret_paths(inner, f"{path}.{word}".lstrip("."))
    elif isinstance(value, (list, tuple)):
        for index, inner in enumerate(value):
            yield from _secret_paths(inner, f"{path}[{index}]")
