"""Reading and validation of YAML files; every mistake is reported with its file and key."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, TypeVar

import yaml
from pydantic import TypeAdapter, ValidationError

from prism_engine.config.pasted_keys import contains_key, masked
from prism_engine.config.yaml_loader import load, one_line, shown
from prism_engine.errors import ConfigError
from prism_engine.similar_names import CLOSE, did_you_mean, similar

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

T = TypeVar("T")
MOST_BYTES: Final = 16 << 20
_MOST_MISTAKES = 20
"""Mistakes in a message."""
_UNREPEATED = frozenset({"headers", "base_url", "api_key_env", "extra_body"})
"""Keys whose values no message repeats: a secret may have been pasted there."""
_PARSING = re.compile(r"a valid (number|decimal|integer)(, .*)?$")
_NUMBERS = {"number": "a number", "decimal": "a number", "integer": "a whole number"}
"""What people call a type whose parsing failed."""
_OPTIONS = {"rpm": "requests_per_minute", "tpm": "tokens_per_minute"}
"""Keys by the names of their command-line options, where these are too different to be found by similarity."""


def read_yaml(path: Path) -> dict[str, Any]:
    """Read a YAML file whose top level is a mapping; an empty file yields an empty mapping.

    Raises:
        ConfigError: the file is unreadable, not YAML (with line and column), has a duplicate key, or is not a mapping.
    """
    try:
        data = load(_content(path).decode("utf-8-sig"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not UTF-8 text ({error.reason} at byte {error.start})") from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        # `from None`: YAML's error quotes the line, which may hold a secret
        raise ConfigError(masked(f"{path}{place}: not valid YAML: {error.problem or error.context}")) from None
    except yaml.YAMLError as error:
        raise ConfigError(masked(f"{path}: not valid YAML: {' '.join(str(error).split())}")) from None
    if data is None:
        return {}
    if not isinstance(data, dict) or not all(isinstance(key, str) for key in data):
        raise ConfigError(f"{path}: must be `key: value` pairs at the top level")
    return data


def _content(path: Path) -> bytes:
    content = bytearray()
    with path.open("rb") as file:
        while chunk := file.read(1 << 16):  # not all at once: Python would reserve the memory for it
            content += chunk
            if len(content) > MOST_BYTES:
                raise ConfigError(f"{path}: larger than {MOST_BYTES >> 20} MiB, too large for a file of settings")
    return bytes(content)


def validated(adapter: TypeAdapter[T], data: object, where: str, typed: Mapping[str, str] | None = None) -> T:
    """Validate data against a type.

    Args:
        where: names the source of the data, at the beginning of a message.
        typed: the command-line options that set values, by key (dotted where it is nested): a message about such a
            value names its option.

    Raises:
        ConfigError: one line per mistake; for an unknown key, with the nearest known one.
    """
    try:
        return adapter.validate_python(data)
    except ValidationError as error:
        mistakes = error.errors(include_url=False)
        lines = [masked(_line(mistake, adapter, typed or {})) for mistake in mistakes[:_MOST_MISTAKES]]
        if len(mistakes) > _MOST_MISTAKES:
            lines.append(f"... and {len(mistakes) - _MOST_MISTAKES:,} more")
        # `from None`: pydantic's error repeats what was given, which may be a secret
        if len(lines) == 1 and lines[0].startswith("--"):
            raise ConfigError(lines[0]) from None
        raise ConfigError(f"{where}: " + "\n  ".join(["", *lines] if len(lines) > 1 else lines)) from None


def _line(mistake: Any, adapter: TypeAdapter[Any], typed: Mapping[str, str]) -> str:
    # A model's entry is a union discriminated by `backend`: its tag is not a level in the user's file.
    backends = _union_tags(adapter)
    levels = [str(part) for depth, part in enumerate(mistake["loc"]) if not (depth and part in backends)]
    key = ".".join(map(one_line, levels))
    if mistake["type"] == "union_tag_not_found":
        return f"key '{key}.backend' is missing: set it to one of {', '.join(backends)}"
    if mistake["type"] == "union_tag_invalid":
        given = one_line(str(mistake["ctx"]["tag"]))
        return f"{key}.backend: {given!r} is not one of {', '.join(backends)}{did_you_mean(given, backends)}"
    if mistake["type"] == "extra_forbidden":
        return f"unknown key {key!r}{_meant(adapter, mistake['loc'])}"
    if mistake["type"] == "missing":
        return f"key {key!r} is missing"
    if mistake["type"] == "secret":
        return f"{key}: {mistake['msg']}"
    problem = "must not be empty" if mistake["type"] == "too_short" else plain_words(mistake["msg"])
    options = [option for name, option in typed.items() if _overlap(name, key)]
    named = option_and_key(", ".join(options), key) if options else key
    given = shown(mistake["input"])
    # A mistake of a whole section is about several values, and its own message says which.
    whole = isinstance(mistake["input"], dict) and bool(options)
    hidden = whole or contains_key(repr(mistake["input"])) or not _UNREPEATED.isdisjoint(levels)
    # Some messages name the text themselves; a number may be in one by chance.
    named_already = isinstance(mistake["input"], str) and given in problem
    got = "" if hidden or named_already else f" (got {given})"
    return f"{named}: {problem}{got}" if named else f"{problem}{got}"


def plain_problem(message: str, cause: BaseException | None) -> str:
    """Return a message of Typer's about a value in plain words, with the value if the message does not name it.

    Args:
        cause: the error of pydantic behind it; None if Typer has checked the value itself.
    """
    problem = plain_words(message)
    if not isinstance(cause, ValidationError):
        return problem
    value = cause.errors()[0]["input"]
    given = shown(value)
    return problem if given in problem or contains_key(str(value)) else f"{problem} (got {given})"


def plain_words(message: str) -> str:
    """Return a message of pydantic in the words of this project's own."""
    message = message.removeprefix("Value error, ").replace("Input should be", "must be", 1)
    message = message.replace("String should ", "must ", 1).replace("a valid dictionary", "`key: value` pairs", 1)
    return _PARSING.sub(lambda found: _NUMBERS.get(found[1], found[1]), message)


def _meant(adapter: TypeAdapter[Any], loc: Sequence[int | str]) -> str:
    """Return which key an unknown one may stand for: one of its section, unless one of another is very close."""
    anywhere, here = _known_keys(adapter), _keys_at(adapter, loc[:-1])
    word = one_line(str(loc[-1]))
    if (option := _OPTIONS.get(word)) in anywhere:
        return f" - did you mean {option!r}?"
    close = similar(word, anywhere, most=1, cutoff=CLOSE)
    return did_you_mean(word, close if close and close[0] not in here else here)


def option_and_key(options: str, key: str) -> str:
    """Return the options that were typed and the key that they set, which is left out if it has the same name."""
    return options if options == f"--{key.replace('_', '-')}" else f"{options} ({key})"


def _overlap(first: str, second: str) -> bool:
    """Return whether two dotted keys are the same or one is inside the other."""
    short, long = sorted((first, second), key=len)
    return f"{long}.".startswith(f"{short}.")


def _union_tags(adapter: TypeAdapter[Any]) -> tuple[str, ...]:
    """Return the tags of all discriminated unions in the type, in the order of their definition."""
    tags: dict[str, None] = {}
    stack: list[Any] = [adapter.core_schema]
    while stack:
        node = stack.pop()
        if isinstance(node, dict):
            if node.get("type") == "tagged-union":
                tags.update(dict.fromkeys(node["choices"]))
            stack.extend(node.values())
        elif isinstance(node, (list, tuple)):
            stack.extend(node)
    return tuple(tags)


def _known_keys(adapter: TypeAdapter[Any]) -> set[str]:
    """Return all property names anywhere in the type, which is precise enough for a suggestion."""
    keys: set[str] = set()
    stack: list[Any] = [adapter.json_schema()]
    while stack:
        node = stack.pop()
        if isinstance(node, dict):
            properties = node.get("properties")
            keys.update(properties if isinstance(properties, dict) else ())
            stack.extend(node.values())
        elif isinstance(node, list):
            stack.extend(node)
    return keys


def _keys_at(adapter: TypeAdapter[Any], loc: Sequence[int | str]) -> set[str]:
    """Return the keys of the section at a place; a part of the place that is no key, such as a tag, is skipped."""
    schema = adapter.json_schema()
    level = _alternatives(schema, schema)
    for part in loc:
        inner = [
            one
            for node in level
            if isinstance(child := node.get("properties", {}).get(part, node.get("additionalProperties")), dict)
            for one in _alternatives(child, schema)
        ]
        level = inner or level
    return {key for node in level for key in node.get("properties", {})}


def _alternatives(node: Mapping[str, Any], schema: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the schemas that a node stands for: those of a reference or of each member of a union."""
    if "$ref" in node:
        return _alternatives(schema["$defs"][node["$ref"].rpartition("/")[2]], schema)
    members = [*node.get("anyOf", ()), *node.get("oneOf", ())]
    return [one for member in members for one in _alternatives(member, schema)] if members else [node]
