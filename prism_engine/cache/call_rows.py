"""One stored completion as a database row: encoding, checksum, and which output limits it serves."""

from __future__ import annotations

import hashlib
import json
import math
import time
from contextlib import suppress
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from prism_engine.cache.key import identify
from prism_engine.records import Completion, Outcome, Usage

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prism_engine.cache.key import Identity
    from prism_engine.records import Call

_LARGEST_INTEGER = 2**63 - 1
_END_OF_TIME = 253_402_300_800.0  # the year 10000, beyond which no date can be shown
_USAGE_FIELDS = frozenset(field.name for field in fields(Usage))
_COMPLETION_FIELDS = frozenset(field.name for field in fields(Completion)) - {"fresh"}
_TEXTS = ("text", "reasoning", "finish_reason", "model", "detail")
DAMAGED = "the row does not fit its checksum"
UNNAMED = "its request is missing or does not fit its key"
REUSABLE = frozenset(outcome.value for outcome in Outcome if outcome.reusable)
"""The outcomes, as they are stored, of rows that are ever served."""


@dataclass(frozen=True, slots=True)
class CallRow:
    """A completion ready to be written; every value is one that SQLite takes as it is."""

    key: str
    record: bytes
    stage: str
    model: str
    max_tokens: int
    outcome: str
    value: bytes
    checksum: bytes
    prompt_tokens: int | None
    completion_tokens: int | None
    created_at: float


class StoredRow(NamedTuple):
    """A row of `completions` as it was read, damaged perhaps: any column may be of any type."""

    key: Any
    max_tokens: Any
    outcome: Any
    value: Any
    checksum: Any
    created_at: Any

    @property
    def intact(self) -> bool:
        """Whether it is the row that was written."""
        return intact(self.key, self.max_tokens, self.outcome, self.value, expected=self.checksum)


def encode(call: Call, completion: Completion, identity: Identity | None = None) -> CallRow:
    """Turn a call and what it gave into a row.

    Args:
        identity: the call's, from who has made it already.

    Raises:
        RejectedError, ConfigError: the call has no key, see `identify`.
    """
    key, record = identity or identify(call)
    content = _content(completion) | {"usage": _content(completion.usage)}
    del content["fresh"]
    outcome = str(content.pop("outcome"))
    value = _written(content, fast=math.isfinite(completion.seconds))
    limit = call.sampling.max_tokens
    return CallRow(
        key=key,
        record=record,
        stage=call.stage,
        model=call.model.name.encode("utf-8", "backslashreplace").decode(),
        max_tokens=limit,
        outcome=outcome,
        value=value,
        checksum=checksum(key, limit, outcome, value),
        prompt_tokens=_count(completion.usage.prompt_tokens),
        completion_tokens=_count(completion.usage.completion_tokens),
        created_at=time.time(),
    )


def revive(found: StoredRow, *, record: Any, stage: Any, model: Any) -> CallRow:
    """Turn a row that came from elsewhere, with its request, into one that may be stored here.

    Raises:
        ValueError: it is not what a prism wrote; the message says in what.
    """
    if not found.intact:
        raise ValueError(DAMAGED)
    if not is_record(found.key, record):
        raise ValueError(UNNAMED)
    limit, made_at = found.max_tokens, found.created_at
    if not (type(limit) is int and isinstance(stage, str) and isinstance(model, str)):
        raise ValueError("its output limit, stage or model is of the wrong type")
    if not (isinstance(made_at, int | float) and 0 <= made_at < _END_OF_TIME):
        raise ValueError("its time is no time")
    try:
        usage = _well_formed(decode(found.outcome, found.value)).usage
        whole = isinstance(orjson.loads(record), dict)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ValueError("its JSON is no completion") from error
    if not whole:
        raise ValueError("its request is no JSON object")
    counts = _count(usage.prompt_tokens), _count(usage.completion_tokens)
    return CallRow(
        found.key, record, stage, model, limit, found.outcome, found.value, found.checksum, *counts, float(made_at)
    )


def is_record(key: Any, record: Any) -> bool:
    """Whether these bytes are what the key was made from; both may be of any type."""
    return isinstance(record, bytes) and hashlib.sha256(record).hexdigest() == key


def checksum(key: str, max_tokens: int, outcome: str, value: bytes) -> bytes:
    """Return 16 bytes that change with any bit of what decides or is served (BLAKE2b)."""
    head = f"{key}\n{max_tokens}\n{outcome}\n".encode("utf-8", "surrogatepass")
    return hashlib.blake2b(head + value, digest_size=16).digest()


def intact(key: Any, max_tokens: Any, outcome: Any, value: Any, *, expected: Any) -> bool:
    """Whether a row as read is the row that was written; columns may come back as any type at all."""
    return isinstance(value, bytes) and checksum(key, max_tokens, outcome, value) == expected


def decode(outcome: str, value: bytes) -> Completion:
    """Rebuild a completion from an intact row; fields that only a later version knows are ignored."""
    content = _parsed(value)
    usage = Usage(**_known(_USAGE_FIELDS, content.pop("usage")))
    return Completion(outcome=Outcome(outcome), usage=usage, **_known(_COMPLETION_FIELDS, content))


def serves(completion: Completion, max_tokens: int, limit: int) -> bool:
    """Whether a completion made under `max_tokens` is also the completion under `limit`.

    One that stopped by itself after n tokens is the answer to every limit >= n; without a (positive) count,
    n is the limit under which it was made. Some servers count hidden reasoning within `completion_tokens`, some beside
    it: n takes it on top, which where it was within only means that fewer limits share the row. A truncated one serves
    exactly its own limit, a failure none.
    """
    if completion.outcome is Outcome.TRUNCATED:
        return limit == max_tokens
    if completion.outcome is not Outcome.OK:
        return False
    count, hidden = completion.usage.completion_tokens, max(completion.usage.reasoning_tokens or 0, 0)
    # A server may count more than it was allowed (hidden tokens); its own limit is served all the same.
    needed = max_tokens if count is None or count <= 0 else min(count + hidden, max_tokens)
    return limit >= needed


def choose(candidates: Iterable[tuple[int, Completion]], limit: int) -> Completion | None:
    """Pick what a limit is served from (max_tokens, completion) pairs in the order in which they were stored.

    The row made under exactly this limit if it serves, else the one stored first: rows that arrive later
    never change what an earlier run was given.
    """
    serving = [(made, completion) for made, completion in candidates if serves(completion, made, limit)]
    exact = [completion for made, completion in serving if made == limit]
    return next(iter(exact or [completion for _, completion in serving]), None)


def _count(tokens: int | None) -> int | None:
    return tokens if tokens is not None and 0 <= tokens <= _LARGEST_INTEGER else None


def _well_formed(completion: Completion) -> Completion:
    counts = _content(completion.usage).values()
    if completion.outcome is Outcome.NOT_RUN or not (
        all(isinstance(getattr(completion, name), str) for name in _TEXTS)
        and isinstance(completion.seconds, int | float)
        and type(completion.attempts) is int
        and all(count is None or type(count) is int for count in counts)
    ):
        raise TypeError("a field is of the wrong type")
    return completion


def _content(record: Completion | Usage) -> dict[str, Any]:
    """Do what `asdict` does, without its deep copies."""
    return {field.name: getattr(record, field.name) for field in fields(record)}


def _written(content: dict[str, Any], *, fast: bool) -> bytes:
    """Write fast if that can be done; the slow way writes all: NaN, half a surrogate pair, vast counts.

    Whatever came has been paid for, and is kept as it is.
    """
    if fast:
        with suppress(orjson.JSONEncodeError):
            return orjson.dumps(content)
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


def _parsed(value: bytes) -> dict[str, Any]:
    """Parse fast; the slow way reads what the fast one cannot: NaN, half a surrogate pair, vast counts."""
    try:
        content: dict[str, Any] = orjson.loads(value)
        if float not in map(type, content["usage"].values()):
            return content
    except orjson.JSONDecodeError:
        pass
    return json.loads(value)  # type: ignore[no-any-return]


def _known(names: frozenset[str], content: dict[str, Any]) -> dict[str, Any]:
    return content if content.keys() <= names else {name: content[name] for name in names & content.keys()}
