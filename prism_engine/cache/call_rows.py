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
_END_OF_TIME = 253_402_300_800.0  # the year 10000, the first that `datetime` cannot represent
_USAGE_FIELDS = tuple(field.name for field in fields(Usage))
_COMPLETION_FIELDS = tuple(field.name for field in fields(Completion) if field.name not in {"fresh", "key"})
_STORED = tuple(name for name in _COMPLETION_FIELDS if name != "outcome")
"""In this order."""
_TEXTS = ("text", "reasoning", "finish_reason", "model", "detail")
# These two, and the messages of `revive`, are stored as reasons in `set_aside`; a changed text is stored again.
DAMAGED = "the row does not fit its checksum"
UNNAMED = "its request is missing or does not fit its key"
REUSABLE = frozenset(outcome.value for outcome in Outcome if outcome.reusable)
"""Stored outcomes of rows that may be served."""


@dataclass(frozen=True, slots=True)
class CallRow:
    """A completion ready to be written; every value has a type that SQLite stores as is."""

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
    """A row of `completions` as read from the file; it may be damaged, so any column may have any type."""

    key: Any
    max_tokens: Any
    outcome: Any
    value: Any
    checksum: Any
    created_at: Any

    @property
    def intact(self) -> bool:
        """Whether the row matches its checksum."""
        return intact(self.key, self.max_tokens, self.outcome, self.value, expected=self.checksum)

    @property
    def sound(self) -> bool:
        """Whether the row matches its checksum and holds a completion: someone else may have written it."""
        try:
            return self.intact and decode(self.outcome, self.value) is not None
        except ValueError:
            return False


def encode(call: Call, completion: Completion, identity: Identity | None = None) -> CallRow:
    """Return the row for a call and its completion.

    Args:
        identity: the call's identity, if the caller has already computed it.

    Raises:
        RejectedError, ConfigError: the call has no key, see `identify`.
    """
    key, record = identity or identify(call)
    content = _as_dict(completion, _STORED) | {"usage": _as_dict(completion.usage, _USAGE_FIELDS)}
    outcome = str(completion.outcome)
    value = _to_json(content, fast=math.isfinite(completion.seconds))
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


def revive(row: StoredRow, *, record: Any, stage: Any, model: Any) -> CallRow:
    """Validate a row from another file, with its request, and return it as a row that may be stored here.

    Raises:
        ValueError: prism did not write this row; the message says what is wrong with it.
    """
    if not row.intact:
        raise ValueError(DAMAGED)
    if not is_record(row.key, record):
        raise ValueError(UNNAMED)
    limit, created_at = row.max_tokens, row.created_at
    if not (type(limit) is int and isinstance(stage, str) and isinstance(model, str)):
        raise ValueError("its output limit, stage or model is of the wrong type")
    if not (isinstance(created_at, int | float) and 0 <= created_at < _END_OF_TIME):
        raise ValueError("its time is no time")
    try:
        completion = decode(row.outcome, row.value)
        usage = completion.usage
        is_object = isinstance(orjson.loads(record), dict)
    except ValueError as error:
        raise ValueError("its JSON is no completion") from error
    if completion.outcome is Outcome.NOT_RUN:
        raise ValueError("its JSON is no completion")
    if not is_object:
        raise ValueError("its request is no JSON object")
    counts = _count(usage.prompt_tokens), _count(usage.completion_tokens)
    return CallRow(
        row.key, record, stage, model, limit, row.outcome, row.value, row.checksum, *counts, float(created_at)
    )


def is_record(key: Any, record: Any) -> bool:
    """Whether `key` is the SHA-256 of these bytes; both may have any type."""
    return isinstance(record, bytes) and hashlib.sha256(record).hexdigest() == key


def checksum(key: str, max_tokens: int, outcome: str, value: bytes) -> bytes:
    """Return a 16-byte BLAKE2b checksum over what is served and what decides whether it is served."""
    head = f"{key}\n{max_tokens}\n{outcome}\n".encode("utf-8", "surrogatepass")
    return hashlib.blake2b(head + value, digest_size=16).digest()


def intact(key: Any, max_tokens: Any, outcome: Any, value: Any, *, expected: Any) -> bool:
    """Whether a row matches its checksum; columns of a damaged row may have any type."""
    return isinstance(value, bytes) and checksum(key, max_tokens, outcome, value) == expected


def decode(outcome: str, value: bytes, key: str = "") -> Completion:
    """Rebuild a completion from an intact row; ignore fields added by later versions.

    Args:
        key: the call's key, for whoever needs it with the completion.

    Raises:
        ValueError: it is no completion; prism did not write this row.
    """
    try:
        content = _from_json(value)
        usage = Usage(**_select(_USAGE_FIELDS, content.pop("usage")))
        fields_of_it = _select(_COMPLETION_FIELDS, content)
        return _well_formed(Completion(outcome=Outcome(outcome), usage=usage, key=key, **fields_of_it))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ValueError("its JSON is no completion") from error


def serves(completion: Completion, max_tokens: int, limit: int) -> bool:
    """Whether a completion made under `max_tokens` is also valid under `limit`.

    A completion that stopped by itself after n tokens serves every limit >= n; without a (positive) count, n is
    `max_tokens`. Some servers include hidden reasoning in `completion_tokens`, others report it separately: n always
    adds it, which for the former only means that fewer limits share the row. A truncated completion serves exactly
    its own limit; a failure serves none.
    """
    if completion.outcome is Outcome.TRUNCATED:
        return limit == max_tokens
    if completion.outcome is not Outcome.OK:
        return False
    count, hidden = completion.usage.completion_tokens, max(completion.usage.reasoning_tokens or 0, 0)
    # A server may count more tokens than the limit allowed (hidden ones); the row still serves its own limit.
    needed = max_tokens if count is None or count <= 0 else min(count + hidden, max_tokens)
    return limit >= needed


def choose(candidates: Iterable[tuple[int, Completion]], limit: int) -> Completion | None:
    """Pick the completion that serves a limit from (max_tokens, completion) pairs in storage order.

    This is the one made under exactly this limit if it serves, otherwise the first stored: rows that arrive later
    never change what an earlier run received.
    """
    serving = [(made, completion) for made, completion in candidates if serves(completion, made, limit)]
    exact = [completion for made, completion in serving if made == limit]
    return next(iter(exact or [completion for _, completion in serving]), None)


def _count(tokens: int | None) -> int | None:
    return tokens if tokens is not None and 0 <= tokens <= _LARGEST_INTEGER else None


def _well_formed(completion: Completion) -> Completion:
    counts = _as_dict(completion.usage, _USAGE_FIELDS).values()
    if not (
        all(isinstance(getattr(completion, name), str) for name in _TEXTS)
        and isinstance(completion.seconds, int | float)
        and type(completion.attempts) is int
        and all(count is None or type(count) is int for count in counts)
    ):
        raise TypeError("a field is of the wrong type")
    return completion


def _as_dict(record: Completion | Usage, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: getattr(record, name) for name in names}


def _to_json(content: dict[str, Any], *, fast: bool) -> bytes:
    """Encode with orjson where possible; `json` handles the rest: NaN, lone surrogates, huge counts.

    The reply has been paid for, so it is stored unchanged.
    """
    if fast:
        with suppress(orjson.JSONEncodeError):
            return orjson.dumps(content)
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


def _from_json(value: bytes) -> dict[str, Any]:
    """Parse with orjson where possible; `json` handles the rest: NaN, lone surrogates, huge counts."""
    try:
        content: dict[str, Any] = orjson.loads(value)
        if float not in map(type, content["usage"].values()):
            return content
    except orjson.JSONDecodeError:
        pass
    return json.loads(value)  # type: ignore[no-any-return]


def _select(names: tuple[str, ...], content: dict[str, Any]) -> dict[str, Any]:
    return {name: content[name] for name in names if name in content}
