"""Reads the JSON of a response, including the nearly valid JSON that some servers send."""

from __future__ import annotations

import json
from typing import Any

import orjson


def read_json(raw: bytes) -> Any:
    """Return the parsed body; None if it is not JSON, as with a body that was cut off.

    Read in addition to strict JSON: a byte order mark, NaN and infinities, control characters and lone surrogates in
    texts, and bytes that are not UTF-8. What cannot be written as UTF-8 becomes U+FFFD.
    """
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        pass
    text = raw.decode("utf-8-sig", errors="replace")
    try:
        return _without_surrogates(json.loads(text, strict=False))
    except (ValueError, RecursionError):
        return None


def _without_surrogates(value: Any) -> Any:
    """Join pairs of surrogates, and replace lone ones."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_without_surrogates(item) for item in value]
    if isinstance(value, dict):
        return {_without_surrogates(name): _without_surrogates(item) for name, item in value.items()}
    return value
