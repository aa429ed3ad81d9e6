"""Cache keys: a call's readable record, its canonical bytes, and their SHA-256."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from prism_engine.errors import ConfigError, RejectedError
from prism_engine.imaging.picture_rules import conversion_of
from prism_engine.records import Image

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prism_engine.records import Call, Message, ModelIdentity, Part, PicturePolicy, Sampling

RECORD_VERSION = 1
"""Increased when the meaning of a record changes, so that no old row is served for a new call."""


class Absent(Enum):
    """Marks, in a `KeyDifference`, a component that one of the two records lacks."""

    ABSENT = "(absent)"


ABSENT = Absent.ABSENT


@dataclass(frozen=True, slots=True)
class KeyDifference:
    """One component in which two records differ."""

    path: str
    """Path of the component, such as `sampling.stop[0]` or `messages[1].parts[0].image`."""
    left: Any
    """The first record's value, or `ABSENT`."""
    right: Any
    """The second record's value, or `ABSENT`."""


class Identity(NamedTuple):
    """A call's key and the bytes that it is the hash of."""

    key: str
    record: bytes


def call_record(call: Call) -> dict[str, Any]:
    """Return everything that identifies a call, in a form that people can read.

    Part of the record, because it shapes the completion:

    - `version`: version of the record format.
    - `model`: the facts of the model's identity (weights, revision, base URL, ...), in any order.
    - `messages`: role and parts in order. Text is exactly as given, not normalised: models see code points.
      An image is `{"image": digest}`, so equal bytes under another path are the same image. If the model gets it
      converted, the rule is added: `{"image": digest, "converted": "side 1024 v1"}` (see `Conversion.rule`).
    - `sampling.stop`: stop sequences end the text under any decoding.
    - `sampling.temperature`: 0.0 for every greedy call.
    - `sampling.top_p`, `.seed`, `.max_tokens`: only if temperature > 0. Greedy decoding ignores the first
      two; its output limit is stored with the row instead, so that runs with other limits can share the row.

    Not part of it, because it does not shape the completion: the purpose of the call (`stage`), the model's name in
    the registry, the path of an image on this machine. API keys, timeouts, retries and concurrency are never part
    of a `Call`.

    Raises:
        ConfigError: a fact of the model is stated twice, or a sampling value is not a finite number.
    """
    return {
        "version": RECORD_VERSION,
        "model": _facts(call.model),
        "messages": [_message(message, call.model.pictures) for message in call.messages],
        "sampling": _sampling(call.sampling),
    }


def identify(call: Call) -> Identity:
    """Return a call's key together with its canonical record.

    Raises:
        RejectedError: the call cannot be written as JSON (a lone surrogate in a text, a number beyond 64 bits), so
            it could not be sent to a model either.
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
    """Return the key under which a call's completions are stored (64 hex digits).

    Raises:
        RejectedError: as for `identify`.
        ConfigError: as for `call_record`.
    """
    return identify(call).key


def explain(left: dict[str, Any], right: dict[str, Any]) -> list[KeyDifference]:
    """Return exactly the components in which two records differ, in the records' order.

    The list is empty if and only if both records have the same key.
    """
    return list(_differences("", left, right))


def _facts(model: ModelIdentity) -> dict[str, str]:
    facts = dict(model.facts)
    if len(facts) != len(model.facts):
        raise ConfigError(f"model {model.name!r} states one fact of its identity twice: {model.facts}")
    return facts


def _message(message: Message, policy: PicturePolicy | None) -> dict[str, Any]:
    return {"role": message.role, "parts": [_part(part, policy) for part in message.parts]}


def _part(part: Part, policy: PicturePolicy | None) -> str | dict[str, str]:
    if not isinstance(part, Image):
        return part
    conversion = conversion_of(part, policy)
    return {"image": part.digest} if conversion is None else {"image": part.digest, "converted": conversion.rule}


def _sampling(sampling: Sampling) -> dict[str, Any]:
    record: dict[str, Any] = {"temperature": _number(sampling.temperature), "stop": list(sampling.stop)}
    if not sampling.greedy:
        record |= {"top_p": _number(sampling.top_p), "seed": sampling.seed, "max_tokens": sampling.max_tokens}
    return record


def _number(value: float) -> float:
    """Give equal numbers equal JSON: 0, 0.0 and -0.0 become one; NaN and infinity would all become null."""
    if not math.isfinite(value):
        raise ConfigError(f"a sampling value is {value}; give a finite number")
    return float(value) + 0.0


def _differences(path: str, left: Any, right: Any) -> Iterator[KeyDifference]:
    if isinstance(left, dict) and isinstance(right, dict):
        for name in left | right:
            inner = f"{path}.{name}" if path else name
            yield from _differences(inner, left.get(name, ABSENT), right.get(name, ABSENT))
    elif isinstance(left, list) and isinstance(right, list):
        for index in range(max(len(left), len(right))):
            pair = (side[index] if index < len(side) else ABSENT for side in (left, right))
            yield from _differences(f"{path}[{index}]", *pair)
    elif type(left) is not type(right) or left != right:  # 1 and 1.0 are equal, but their JSON is not
        yield KeyDifference(path, left, right)
