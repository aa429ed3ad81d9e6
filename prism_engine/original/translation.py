"""The original framework's arguments and configuration files, put in this one's words, with a note on each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson

from prism_engine.config.models import ApiModel
from prism_engine.config.yaml_files import nearest
from prism_engine.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from prism_engine.config.models import Registry

_TEXTS: Final = ("data", "model", "infer_model", "prompt_version", "mode", "model_type")
_FLAGS: Final = ("ignore", "verbose", "postproc")
KEYS: Final = (*_TEXTS, "nproc", *_FLAGS)
"""Every key of its configuration, which are its arguments as well."""
_ITS_OWN: Final = frozenset(KEYS) - {"mode"}
_OURS: Final = {
    "data": "benchmark",
    "model": "perceiver",
    "infer_model": "reasoner",
    "prompt_version": "instruction",
}
DEFAULTS: Final = {"data": "MMStar", "model": "GPT4V", "infer_model": "chatgpt-0125", "prompt_version": "generic"}
"""What it takes where nothing is given."""
_MODES: Final = ("all", "perception", "reasoning")


class Translation(NamedTuple):
    """What the original's words mean here."""

    options: dict[str, Any]
    """By the keys of a run's configuration."""
    notes: list[str]
    """What became of each key, for people."""


def is_original(data: object) -> bool:
    """Whether a file's content is a configuration of the original: it has a key that a run file here never has."""
    return isinstance(data, dict) and not _ITS_OWN.isdisjoint(data)


def read_original(path: Path) -> dict[str, Any] | None:
    """Return the keys of a JSON file that is a configuration of the original; None where it is none.

    Raises:
        ConfigError: a key is unknown, or holds what it cannot hold.
    """
    try:
        data = orjson.loads(path.read_bytes())
    except (OSError, orjson.JSONDecodeError):
        return None  # whoever reads it as a run file says what is wrong with it
    if not is_original(data):
        return None
    for key, value in data.items():
        if key not in KEYS:
            raise ConfigError(
                f"{path}: unknown key {key!r}{nearest(key, KEYS)}; this is a configuration of the original framework "
                f"(keys {', '.join(KEYS)}), and prism's own run files have other keys"
            )
        _check(key, value, str(path))
    return dict(data)


def translated(
    given: Mapping[str, Any], registry: Registry, *, named: Mapping[str, Any] | None = None, complete: bool = True
) -> Translation:
    """Put the original's keys in our words.

    Args:
        given: the keys, of a file or of the command line.
        named: what is given in our words already, which wins.
        complete: put the original's defaults in for what is given nowhere.

    Raises:
        ConfigError: a mode that the original does not have.
    """
    named = {ours: value for ours, value in (named or {}).items() if value}
    options: dict[str, Any] = {}
    notes = []
    if "mode" not in named and (complete or "mode" in given):
        options["mode"], note = _mode(str(given.get("mode", "all")))
        notes.append(note)
    perceives = (options | named).get("mode") == "perception"
    for key, ours in _OURS.items():
        known = key in given or (complete and not (perceives and ours == "reasoner"))
        if ours not in named and known:
            options[ours] = given.get(key, DEFAULTS[key])
            notes.append(f"{key}: {ours} {options[ours]}" + ("" if key in given else ", the original's default"))
    if "~" in str(options.get("perceiver", "")):
        notes.append("descriptions are joined under numbers; --merge original joins them as the original does")
    if given.get("nproc") is not None and "concurrency" not in named:
        caller = str((options | named).get("perceiver" if perceives else "reasoner"))
        if _is_api(caller, registry):
            options["concurrency"] = int(given["nproc"])
            notes.append(f"nproc: --concurrency {given['nproc']}, the most requests to {caller} at once")
        else:
            notes.append(f"nproc: left out: {caller} is no API, and is given as much as it can take")
    notes += [note for flag, note in _FLAG_NOTES.items() if given.get(flag)]
    return Translation(options, notes)


_FLAG_NOTES: Final = {
    "ignore": "ignore: as ever here: a failed call is reported, never scored, and tried again by the next run",
    "verbose": "verbose: left out; descriptions and answers are in the results folder",
    "model_type": "model_type: left out; the original does not use it either",
    "postproc": "postproc: every report has it beside the strict accuracy: on the terminal `guessed at random the "
    "accuracy would be`, `If guessed %` in scores.md, `accuracy_guessed` in scores.json",
}


def _mode(mode: str) -> tuple[str, str]:
    if mode not in _MODES:
        raise ConfigError(f"mode {mode!r} is none of the original's: {', '.join(_MODES)}{nearest(mode, _MODES)}")
    if mode == "reasoning":
        return "all", "mode: reasoning means perception and reasoning there: --mode all, which scores the answers too"
    return mode, f"mode: --mode {mode}"


def _is_api(name: str, registry: Registry) -> bool:
    bare, dash, limit = name.rpartition("-")
    for one in (name, bare) if dash and limit.isdecimal() else (name,):
        try:
            return isinstance(registry.find(one), ApiModel)
        except ConfigError:
            continue
    return False


def _check(key: str, value: object, where: str) -> None:
    if key in _TEXTS and not (isinstance(value, str) and value.strip()):
        raise ConfigError(f"{where}: {key}: must be a text that is not empty (got {value!r})")
    if key in _FLAGS and not isinstance(value, bool):
        raise ConfigError(f"{where}: {key}: must be true or false (got {value!r})")
    if key == "nproc" and not (type(value) is int and value > 0):  # not isinstance: true is none
        raise ConfigError(f"{where}: nproc: must be a positive whole number (got {value!r})")
