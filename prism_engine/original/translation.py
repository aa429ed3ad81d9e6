"""Translates the original framework's arguments and configuration files to prism's, with a note on each key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson

from prism_engine.errors import ConfigError
from prism_engine.similar_names import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from prism_engine.config.models import Registry

_TEXTS: Final = ("data", "model", "infer_model", "prompt_version", "mode", "model_type")
_FLAGS: Final = ("ignore", "verbose", "postproc")
KEYS: Final = (*_TEXTS, "nproc", *_FLAGS)
"""Every key of its configuration files; its command-line arguments have the same names."""
_ORIGINAL_ONLY: Final = frozenset(KEYS) - {"mode"}
PRISM_KEYS: Final = {
    "data": "benchmark",
    "model": "perceiver",
    "infer_model": "reasoner",
    "prompt_version": "instruction",
}
DEFAULTS: Final = {"data": "MMStar", "model": "GPT4V", "infer_model": "chatgpt-0125", "prompt_version": "generic"}
"""The original's defaults."""
_MODES: Final = ("all", "perception", "reasoning")


class Translation(NamedTuple):
    """The original's settings as prism options."""

    options: dict[str, Any]
    """By the keys of a run's configuration."""
    notes: list[str]
    """Messages to the user about how each key was translated."""


def is_original(data: object) -> bool:
    """Whether a file's content is a configuration of the original: it has a key that prism's run files never have."""
    return isinstance(data, dict) and not _ORIGINAL_ONLY.isdisjoint(data)


def read_original(path: Path) -> dict[str, Any] | None:
    """Return the keys of a JSON file that is a configuration of the original; None if it is not one.

    Raises:
        ConfigError: a key is unknown or has an invalid value.
    """
    try:
        data = orjson.loads(path.read_bytes())
    except (OSError, orjson.JSONDecodeError):
        return None  # reading it as a run file reports what is wrong
    if not is_original(data):
        return None
    for key, value in data.items():
        if key not in KEYS:
            raise ConfigError(
                f"{path}: unknown key {key!r}{did_you_mean(key, KEYS) or ';'} this is a configuration of the original "
                f"framework (keys {', '.join(KEYS)}); prism's own run files have other keys"
            )
        _check(key, value, str(path))
    return dict(data)


def translated(
    given: Mapping[str, Any], registry: Registry, *, named: Mapping[str, Any] | None = None, complete: bool = True
) -> Translation:
    """Translate the original's keys to prism options.

    Args:
        given: the original's keys, from a file or the command line.
        named: options already given under prism's names, which take precedence.
        complete: fill in the original's defaults for missing keys.

    Raises:
        ConfigError: a mode that the original does not have.
    """
    named = {option: value for option, value in (named or {}).items() if value}
    options: dict[str, Any] = {}
    notes = []
    if "mode" not in named and (complete or "mode" in given):
        options["mode"], note = _mode(str(given.get("mode", "all")))
        notes.append(note + ("" if "mode" in given else ", the original's default"))
    perceives = (options | named).get("mode") == "perception"
    for key, option in PRISM_KEYS.items():
        known = key in given or (complete and not (perceives and option == "reasoner"))
        if option not in named and known:
            options[option] = given.get(key, DEFAULTS[key])
            notes.append(f"{key}: {option} {options[option]}" + ("" if key in given else ", the original's default"))
    if "~" in str(options.get("perceiver", "")):
        notes.append("joined descriptions are numbered; --merge original joins them as the original does")
    if given.get("nproc") is not None and "concurrency" not in named:
        caller = str((options | named).get("perceiver" if perceives else "reasoner"))
        concurrency, note = concurrency_of([caller], given["nproc"], registry)
        options |= concurrency
        notes.append(note)
    notes += [note for flag, note in _FLAG_NOTES.items() if given.get(flag)]
    return Translation(options, notes)


def concurrency_of(callers: Sequence[str], threads: str | int, registry: Registry) -> tuple[dict[str, int], str]:
    """Return what a number of threads sets, if anything, and a note.

    Args:
        callers: the models that the threads would call, one per run.
    """
    local = [caller for caller in callers if not _has_limits(caller, registry)]
    if not local:
        to_each = f"the maximum of concurrent requests to {' and to '.join(callers)}"
        return {"concurrency": int(threads)}, f"nproc: --concurrency {threads}, {to_each}"
    return {}, f"nproc: ignored, because {local[0]} is not behind an API and gets as many requests as it can take"


_FLAG_NOTES: Final = {
    "ignore": "ignore: no effect here; a failed call is always reported, never scored, and retried by the next run",
    "verbose": "verbose: ignored; descriptions and answers are in the results folder",
    "model_type": "model_type: ignored; the original does not use it either",
    "postproc": "postproc: always on in prism; the accuracy with random guesses is reported next to the strict one: on "
    "the terminal, as `If guessed %` in scores.md, and as `accuracy_guessed` in scores.json",
}


def _mode(mode: str) -> tuple[str, str]:
    if mode not in _MODES:
        raise ConfigError(
            f"mode {mode!r} is not one of the original's modes: {', '.join(_MODES)}{did_you_mean(mode, _MODES)}"
        )
    if mode == "reasoning":
        return "all", "mode: the original's reasoning includes perception: --mode all, which scores the answers too"
    return mode, f"mode: --mode {mode}"


def _has_limits(name: str, registry: Registry) -> bool:
    base, dash, limit = name.rpartition("-")
    for candidate in (name, base) if dash and limit.isdecimal() else (name,):
        try:
            return registry.find(candidate).rate_limits is not None
        except ConfigError:
            continue
    return False


def _check(key: str, value: object, where: str) -> None:
    if key in _TEXTS and not (isinstance(value, str) and value.strip()):
        raise ConfigError(f"{where}: {key}: must be a non-empty string (got {value!r})")
    if key in _FLAGS and not isinstance(value, bool):
        raise ConfigError(f"{where}: {key}: must be true or false (got {value!r})")
    if key == "nproc" and not (type(value) is int and value > 0):  # not isinstance, which accepts True
        raise ConfigError(f"{where}: nproc: must be a positive whole number (got {value!r})")
