"""Removes secrets from what a server sends, in whatever form it repeats them."""

from __future__ import annotations

import base64
import json
import re
from typing import TYPE_CHECKING, Any

from prism_engine.backends.chat.json_body import read_json

if TYPE_CHECKING:
    from collections.abc import Collection

    from multidict import CIMultiDict, CIMultiDictProxy

MASK = "***"
SHORT = 12
"""Characters. A shorter secret is redacted only as a whole word, written exactly so."""
_SHORTEST, _SHORTEST_WORD = 4, 6
"""Characters. Below them, or below the second if it is only letters or only digits, it is a placeholder."""
_PLACEHOLDERS = frozenset(
    {
        *("anything", "apikey", "api-key", "api_key", "changeme", "default", "dummy", "dummy-key", "empty", "example"),
        *("fake", "fake-key", "foobar", "litellm", "llama.cpp", "lm-studio", "lmstudio", "local", "localhost", "mykey"),
        *("my-key", "no-key", "no_key", "none", "not-needed", "notneeded", "not-used", "nothing", "null", "ollama"),
        *("openai", "password", "placeholder", "prism", "secret", "sglang", "sk-local", "sk-none", "sk-test", "string"),
        *("sk-no-key-required", "no-key-required", "not-required", "sk-dummy", "sk-fake", "sk-xxx", "test", "testing"),
        *("test-key", "token", "token-abc123", "unused", "value", "vllm", "whatever", "your-api-key", "your_api_key"),
    }
)
"""What people write where a server without keys wants one; redacting it would damage ordinary text."""
_ESCAPES = frozenset({rb"\u00", rb"\x", b"%", b"&#", rb"\/"})
"""What every escaped form contains."""


class Redactor:
    """Replaces secrets by `***`: as they are, escaped (JSON, URL, HTML, Python), in base64 and in hexadecimal.

    Args:
        secrets: the values; placeholders such as EMPTY are left out.
    """

    def __init__(self, secrets: Collection[str]) -> None:
        found = sorted(filter(is_secret, secrets), key=len, reverse=True)
        forms = [form for secret in found for form in _forms(secret)]
        self._pattern = re.compile("|".join(forms)) if forms else None
        self._marks = {mark.lower().encode() for secret in found for mark in _marks(secret)} | _ESCAPES

    def text(self, text: str) -> str:
        """Return a text without the secrets."""
        return text if self._pattern is None else self._pattern.sub(MASK, text)

    def headers(self, headers: CIMultiDictProxy[str]) -> CIMultiDictProxy[str] | CIMultiDict[str]:
        """Return headers without the secrets in their values."""
        if self._pattern is None or not self._may_contain("\n".join(headers.values()).encode(errors="surrogateescape")):
            return headers
        clean = headers.copy()
        for name, value in headers.items():
            clean[name] = self.text(value)
        return clean

    def body(self, raw: bytes) -> bytes:
        """Return a body without the secrets; JSON is decoded first, and returned as it was if it contains none."""
        if self._pattern is None or not self._may_contain(raw):
            return raw
        data = read_json(raw)
        if data is None:
            return self.text(raw.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
        clean = self._clean(data)
        return raw if clean == data else json.dumps(clean, ensure_ascii=False).encode()

    def _may_contain(self, raw: bytes) -> bool:
        """Whether a body is worth the search, which takes many times as long."""
        lower = raw.lower()
        for mark in self._marks:  # noqa: SIM110 - every response passes here, and a generator takes twice as long
            if mark in lower:
                return True
        return False

    def _clean(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self._clean(item) for item in value]
        if isinstance(value, dict):
            return {self.text(name): self._clean(item) for name, item in value.items()}
        return value


def is_secret(text: str) -> bool:
    """Whether a configured key is worth redacting: no placeholder, and no short word that ordinary text contains."""
    if len(text) < _SHORTEST or text.lower() in _PLACEHOLDERS or len(set(text)) == 1:
        return False
    return len(text) >= _SHORTEST_WORD or not (text.isalpha() or text.isdigit())


def _marks(secret: str) -> list[str]:
    """Return texts one of which every form contains that is not escaped."""
    data = secret.encode()
    encoded = [_base64_core(offset, data) for offset in range(3)]
    return [secret, data.hex(), *(re.split("[+/]", text)[0] for text in encoded)]


def _forms(secret: str) -> list[str]:
    """Return patterns that match a secret in every form."""
    escaped = "".join(map(_character, secret))
    if len(secret) < SHORT:
        return [rf"(?<![A-Za-z0-9_]){escaped}(?![A-Za-z0-9_])"]
    data = secret.encode()
    return [f"(?i:{escaped})", *map(_base64, range(3), [data] * 3), f"(?i:{data.hex()})"]


def _character(character: str) -> str:
    number = ord(character)
    slash = "\\\\*" if character in '/"\\' else ""  # JSON may escape it
    forms = (
        slash + re.escape(character),
        rf"\\+u00(?i:{number:02x})",
        rf"\\+x(?i:{number:02x})",
        rf"%(?:25)*(?i:{number:02x})",
        rf"&#0*{number};?",
        rf"&#[xX]0*(?i:{number:x});?",
    )
    return f"(?:{'|'.join(forms)})"


def _base64(offset: int, data: bytes) -> str:
    """Return the pattern of base64 text, in either alphabet, that contains a secret after `offset` bytes."""
    return _base64_core(offset, data).replace("+", "[+-]").replace("/", "[/_]")


def _base64_core(offset: int, data: bytes) -> str:
    """Return the part of the base64 text that depends on the secret alone, and not on its neighbours."""
    text = base64.b64encode(bytes(offset) + data).decode().rstrip("=")
    return text[-(-offset * 8 // 6) : (offset + len(data)) * 8 // 6]
