"""Sizes of a model's earlier calls in the cache, the basis of a cost forecast."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

import orjson

from prism_engine.cache.call_rows import decode, intact

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prism_engine.cache.store import Store
    from prism_engine.records import Completion, ModelIdentity
    from prism_engine.stage import StageKey

_LATEST = """
    SELECT key, record, max_tokens, outcome, value, checksum FROM completions JOIN requests USING (key)
    WHERE stage = ? AND model = ? AND outcome IN ('ok', 'truncated') ORDER BY completions.id DESC LIMIT ?
"""


class EarlierCall(NamedTuple):
    """A finished call from the cache."""

    text_bytes: int
    """Size of the prompt's text in UTF-8."""
    images: int
    max_tokens: int
    completion: Completion


def earlier_calls(store: Store, stage: StageKey, model: ModelIdentity, limit: int) -> Iterator[EarlierCall]:
    """Yield the latest calls of a model in one stage, at most `limit`.

    Raises:
        StoreError: the store cannot be read.
    """
    facts = dict(model.facts)
    for key, record, max_tokens, outcome, value, checksum in store.query(_LATEST, stage, model.name, limit):
        if not intact(key, max_tokens, outcome, value, expected=checksum):
            continue
        with suppress(ValueError, TypeError, KeyError, AttributeError):  # a row that prism did not write
            request = orjson.loads(record)
            if request["model"] == facts:  # otherwise another model that had this name
                parts = [part for message in request["messages"] for part in message["parts"]]
                texts = [part for part in parts if isinstance(part, str)]
                size = sum(len(text.encode()) for text in texts)
                yield EarlierCall(size, len(parts) - len(texts), max_tokens, decode(outcome, value))
