"""What a client may ask of a running run, and how settings are written; one JSON line each way.

A request: `{"command": "set", "values": {"rpm": "100"}}`. A reply: `{"ok": true, "message": "...", "state": {...}}`, or
`{"ok": false, "error": "..."}`. Values are texts, read as the options of `prism run` are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, NamedTuple, Self, get_args

import orjson
from pydantic import Field, StringConstraints, TypeAdapter, ValidationError, model_validator

from prism_engine.config.deadline import DEADLINE_FORMS
from prism_engine.config.frozen import Frozen
from prism_engine.config.run_config import CommandConfig
from prism_engine.config.yaml_files import validated
from prism_engine.errors import ConfigError
from prism_engine.similar_names import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

CommandName = Literal["pause", "resume", "drain", "status", "set"]
COMMANDS: Final[tuple[str, ...]] = get_args(CommandName)
LONGEST_REQUEST: Final = 8192
"""Bytes of a request, with its line end."""
LONGEST_REPLY: Final = 1 << 20
"""Bytes of a reply, with its line end."""
LIMITS: Final = {"rpm": "requests_per_minute", "tpm": "tokens_per_minute", "concurrency": "concurrency"}
"""The limits of a model that can be set, by their names on the command line, with the keys of a run file."""
_OF_THE_RUN: Final = {"max_cost": "max_cost", "deadline": "deadline"}
_KEYS: Final = {**LIMITS, **_OF_THE_RUN}
NO_DEADLINE: Final = "none"
"""The value of `deadline` that removes it."""
_DEADLINE_FORMS: Final = f"{DEADLINE_FORMS.replace('from the start', 'from now')}, or {NO_DEADLINE}"
_SETTINGS: Final = TypeAdapter(CommandConfig)


class ControlRequest(Frozen):
    """What a client asks."""

    command: CommandName
    values: Annotated[
        dict[
            Annotated[str, StringConstraints(min_length=1, max_length=300)],
            Annotated[str, StringConstraints(max_length=100)],
        ],
        Field(max_length=20),
    ] = Field(default_factory=dict)
    """What to set, by name; see `LiveSetting`."""

    @model_validator(mode="after")
    def _check_values(self) -> Self:
        if self.values and self.command != "set":
            raise ValueError(f"{self.command} takes no values")
        if not self.values and self.command == "set":
            raise ValueError(f"set needs at least one of {', '.join(_KEYS)}, such as rpm=100")
        return self

    def line(self) -> bytes:
        """Return the request as it is sent."""
        return orjson.dumps(self.model_dump(), option=orjson.OPT_APPEND_NEWLINE)


_REQUESTS: Final = TypeAdapter(ControlRequest)


def request_of(line: bytes) -> ControlRequest:
    """Return the request that a line holds.

    Raises:
        ConfigError: it holds none.
    """
    try:
        content = orjson.loads(line)
    except ValueError:
        raise ConfigError("the request is not one line of JSON") from None
    return validated(_REQUESTS, content, "request")


def request_for(command: str, values: Mapping[str, str] | None = None) -> ControlRequest:
    """Return the request for a command and its values, which are checked as far as that is possible without the run.

    Raises:
        ConfigError: there is no such command or setting, or a value is out of bounds.
    """
    if command not in COMMANDS:
        raise ConfigError(f"{command!r} is not one of {', '.join(COMMANDS)}{did_you_mean(command, COMMANDS)}")
    try:
        request = ControlRequest.model_validate({"command": command, "values": dict(values or {})})
    except ValidationError as error:
        raise ConfigError(error.errors()[0]["msg"].removeprefix("Value error, ")) from None
    settings_of(request.values)
    return request


def values_of(words: Sequence[str]) -> dict[str, str]:
    """Return the values that words such as `rpm=100` set.

    Raises:
        ConfigError: a word is no such pair, or a name is given twice.
    """
    values: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not (equals and name and value):
            raise ConfigError(f"{word!r}: must be NAME=VALUE, such as rpm=100; names are {', '.join(_KEYS)}")
        if name in values:
            raise ConfigError(f"{word!r}: {name!r} is given twice")
        values[name] = value
    return values


class LiveSetting(NamedTuple):
    """One setting to change."""

    name: str
    """As it was typed: `rpm`, or `reasoner.rpm` with a role or a model's name."""
    target: str
    """The role or the model that it is for; empty if none was given."""
    key: str
    """The key of a run file, such as `requests_per_minute`."""
    value: Any
    """None removes a deadline."""


def settings_of(values: Mapping[str, str]) -> list[LiveSetting]:
    """Return settings by their names, with the same bounds and messages as in a run file.

    Raises:
        ConfigError: a name is unknown, or a value is out of bounds.
    """
    return [_setting(name, value) for name, value in values.items()]


def _setting(name: str, value: str) -> LiveSetting:
    target, _, short = name.rpartition(".")
    key = _KEYS.get(short, short)
    if key not in _KEYS.values():
        raise ConfigError(
            f"{name!r} cannot be set{did_you_mean(short, _KEYS)}; what can: {', '.join(_KEYS)} (limits with "
            "the model's role or name before a dot where there is more than one)"
        )
    if target and key in _OF_THE_RUN:
        raise ConfigError(f"{name!r}: {key} is of the whole run, not of one model: write {key}=...")
    if key == "deadline" and value.lower() == NO_DEADLINE:
        return LiveSetting(name, target, key, None)
    try:
        config = validated(_SETTINGS, {key: value}, "set")
    except ConfigError as error:
        problem = str(error).removeprefix("set: ").removeprefix(f"{key}: ")
        raise ConfigError(f"{name}: {problem.replace(DEADLINE_FORMS, _DEADLINE_FORMS)}") from None
    return LiveSetting(name, target, key, getattr(config, key))
