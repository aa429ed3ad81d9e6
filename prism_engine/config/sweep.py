"""From lists in a run file to the runs that they mean: every combination, each once."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any, Final

from prism_engine.config.mode import Mode
from prism_engine.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SWEPT: Final = ("descriptions", "perceiver", "benchmark", "instruction", "reasoner", "mode")
"""Keys that may be lists. The first varies slowest: runs of one engine come together."""


def combinations(data: Mapping[str, Any], where: str) -> Iterator[dict[str, Any]]:
    """Yield one run's keys per combination of the lists; where there is no list, the keys as they are.

    A mode that needs no perceiver (or no instruction, no reasoner) makes one run for all of a list of them.

    Raises:
        ConfigError: a list is empty, or holds a value twice.
    """
    lists = {key: data[key] for key in SWEPT if isinstance(data.get(key), list)}
    for key, values in lists.items():
        if not values:
            raise ConfigError(f"{where}: {key}: the list is empty")
        for place, value in enumerate(values):
            if value in values[:place]:
                raise ConfigError(f"{where}: {key}: {value!r} is given twice")
    seen = []
    for values in product(*lists.values()):
        one = {**data, **dict(zip(lists, values, strict=True))}
        for key in _unneeded(one):
            if key in lists:
                del one[key]
        if one not in seen:
            seen.append(one)
            yield one


def _unneeded(one: Mapping[str, Any]) -> Iterator[str]:
    try:
        mode = Mode(one.get("mode", Mode.ALL))
    except ValueError:  # whoever checks the run's keys says so
        return
    if not mode.needs_perceiver:
        yield "perceiver"
    if mode is not Mode.PROMPTS and (not mode.describes or one.get("descriptions") is not None):
        yield "instruction"
    if not (mode.describes or mode is Mode.ORACLE):
        yield "descriptions"
    if not mode.needs_reasoner:
        yield "reasoner"
