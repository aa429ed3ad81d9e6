"""What identifies a call: a readable record, its canonical bytes, and their SHA-256."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from prism_engine.errors import ConfigError, RejectedError
from prism_engine.records import Image

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prism_engine.records import Call, Message, ModelIdentity, Sampling

RECORD_VERSION = 1
"""Raised when the meaning of a record changes, so that no old row is taken for a new call."""


class Absent(Enum):
    """Stands in a `KeyDifference` for a component that one of the two records does not have."""

    ABSENT = "(absent)"


ABSENT = Absent.ABSENT


@dataclass(frozen=True, slots=True)
class KeyDifference:
    """One component in which two records differ."""

    path: str
    """Where it lies, such as `sampling.stop[0]` or `messages[1].parts[0].image`."""
    left: Any
    """The first record's value, or `ABSENT`."""
    right: Any
    """The second record's value, or `ABSENT`."""


class Identity(NamedTuple):
    """A call's key and the bytes that it was made from."""

    key: str
    record: bytes


def call_record(call: Call) -> dict[str, Any]:
    """Write down everything that identifies a call, readable by people.

    In the record, because it shapes the completion:

    - `version`: the meaning of the record itself.
    - `model`: the facts of the model's identity (weights, revision, base URL, ...), in any order.
    - `messages`: role and parts in order. Text exactly as given, not normalised: models see code points.
      A picture is `{"image": digest}`, so equal bytes under another path are the same picture.
    - `sampling.stop`: they end the text, whatever the decoding.
    - `sampling.temperature`: 0.0 for every greedy call.
    - `sampling.top_p`, `.seed`, `.max_tokens`: only where temperature > 0. Greedy decoding ignores the first
      two; its output limit belongs to the stored row instead, so that runs with other limits can share it.

    Out of it, because it does not: why the call is made (`stage`), the model's name in the registry, where a
    picture lies on this machine. Keys, timeouts, retries and concurrency never reach a `Call` at all.

    Raises:
        ConfigError: a fact of the model is stated twice, or a sampling value is not a finite number.
    """
    return {
        "version": RECORD_VERSION,
        "model": _facts(call.model),
        "messages": [_message(message) for message in call.messages],
        "sampling": _sampling(call.sampling),
    }


def identify(call: Call) -> Identity:
    """Return a call's key together with its canonical record.

    Raises:
        RejectedError: the call cannot be written as JSON (half a surrogate pair in a text, a number beyond
            64 bits), so that no model could be asked either.
        ConfigError: as for `call_record`.
    """
    try:
        record = orjson.dumps(call_record(call), option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError as error:
        raise RejectedError(
            f"a {call.stage} call of model {call.model.name!r} cannot be written as JSON ({error}); "
            "look for broken characters in its question or description"
        ) from error
    return Identity(hashlib.sha256(record).hexdigest(), record)


def call_key(call: Call) -> str:
    """Return the 64 hex digits under which a call's completions are stored.

    Raises:
        RejectedError: as for `identify`.
        ConfigError: as for `call_record`.
    """
    return identify(call).key


def explain(left: dict[str, Any], right: dict[str, Any]) -> list[KeyDifference]:
    """Name exactly the components in which two records differ, in the records' order.

    Empty if and only if both records have the same key.
    """
    return list(_differences("", left, right))


def _facts(model: ModelIdentity) -> dict[str, str]:
    facts = dict(model.facts)
    if len(facts) != len(model.facts):
        raise ConfigError(f"model {model.name!r} states one fact of its identity twice: {model.facts}")
    return facts


def _message(message: Message) -> dict[str, Any]:
    parts = [{"image": part.digest} if isinstance(part, Image) else part for part in message.parts]
    return {"role": message.role, "parts": parts}


def _sampling(sampling: Sampling) -> dict[str, Any]:
    record: dict[str, Any] = {"temperature": _number(sampling.temperature), "stop": list(sampling.stop)}
    if not sampling.greedy:
        record |= {"top_p": _number(sampling.top_p), "seed": sampling.seed, "max_tokens": sampling.max_tokens}
    return record


def _number(value: float) -> float:
    """Give equal numbers equal JSON: 0, 0.0 and -0.0 are one; NaN and infinity would all become null."""
    if not math.isfinite(value):
        raise ConfigError(f"a sampling value is {value}; give a finite number")
    return float(value) + 0.0


def _differences(path: str, left: Any, right: Any) -> Iterator[KeyDifference]:
    if isinstance(left, dict) and isinstance(right, dict):
        for name in left | right:
            inner = f"{path}.{name}" if path else name
            yield from _differences(inner, left.get(name, ABSENT), right.get(name, ABSENT))
    elif isinstance(left, list) and isinstance(right, list):
        for place in range(max(len(left), len(right))):
            pair = (side[place] if place < len(side) else ABSENT for side in (left, right))
            yield from _differences(f"{path}[{place}]", *pair)
    elif type(left) is not type(right) or left != right:  # 1 and 1.0 are equal, their JSON is not
        yield KeyDifference(path, left, right)
