"""Reads published results in the Open VLM Leaderboard's format (OpenVLM.json), a file received from elsewhere."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any, Final

import orjson

from prism_engine.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

OPENVLM: Final = "openvlm"
"""Name of the leaderboard's default benchmarks as a whole."""
OPENVLM_BENCHMARKS: Final = (
    "MMBench_V11",
    "MMStar",
    "MMMU_VAL",
    "MathVista",
    "OCRBench",
    "AI2D",
    "HallusionBench",
    "MMVet",
)
"""The benchmarks over which the leaderboard takes its average score by default."""
CALLED: Final = {"MathVista_MINI": "MathVista", "AI2D_TEST": "AI2D"}
"""The leaderboard's names of the board's columns that are called something else."""
_BOTH: Final = {"MMBench_V11": ("MMBench_TEST_EN_V11", "MMBench_TEST_CN_V11")}
"""Columns of the leaderboard that are the mean of two benchmarks."""
_MAXIMUM: Final = {"MME": 2800.0, "OCRBench": 1000.0}
_SCORE: Final = {"OCRBench": "Final Score"}
_LARGEST: Final = 100_000_000
_MOST_SYSTEMS: Final = 5_000
_LONGEST_NAME: Final = 200
_SIZE: Final = re.compile(r"\d{1,6}(\.\d{1,6})?[MBT]")


@dataclass(frozen=True)
class PublishedSystem:
    """A system of a published leaderboard."""

    name: str
    about: Mapping[str, str | None]
    """`parameters` and `type`, as in the model registry; None if the file does not say."""
    marks: Mapping[str, float]
    """Scores from 0 to 100 by the leaderboard's name of the benchmark."""


@dataclass(frozen=True)
class Published:
    """A published leaderboard."""

    path: Path
    time: str | None
    """When it was made, as the file says it."""
    systems: tuple[PublishedSystem, ...]
    refused: int
    """Scores that were left out, as they are no numbers in their benchmark's range."""


def read_published(path: Path) -> Published:
    """Read a leaderboard: `{"time": ..., "results": {SYSTEM: {"META": {...}, BENCHMARK: {"Overall": ...}}}}`.

    Raises:
        UserError: the file is missing, too large, or no such leaderboard.
    """
    try:
        if path.stat().st_size > _LARGEST:
            raise UserError(f"{path}: larger than {_LARGEST // 1_000_000} MB, so not a leaderboard's results")
        content = orjson.loads(path.read_bytes())
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from error
    except orjson.JSONDecodeError as error:
        raise UserError(f"{path}: not JSON ({error})") from error
    results = content.get("results") if isinstance(content, dict) else None
    if not isinstance(results, dict) or not all(isinstance(entry, dict) for entry in results.values()):
        raise UserError(f'{path}: not OpenVLM.json: it has no "results" with an object per system')
    if len(results) > _MOST_SYSTEMS:
        raise UserError(f"{path}: {len(results):,} systems; at most {_MOST_SYSTEMS:,} can be shown")
    found = [_system(key, entry) for key, entry in results.items()]
    time = content.get("time")
    return Published(
        path,
        time[:_LONGEST_NAME] if isinstance(time, str) else None,
        tuple(system for system, _ in found),
        sum(refused for _, refused in found),
    )


def _system(key: str, entry: Mapping[str, Any]) -> tuple[PublishedSystem, int]:
    scores: dict[str, float | None] = {}
    for name, parts in entry.items():
        if isinstance(parts, dict) and (score := parts.get(_SCORE.get(name, "Overall"))) is not None:
            scores[name] = _share(score, _MAXIMUM.get(name, 100.0))
    marks = {name: score for name, score in scores.items() if score is not None}
    for name, halves in _BOTH.items():
        if all(half in marks for half in halves):
            marks[name] = sum(marks[half] for half in halves) / len(halves)
    meta = entry.get("META")
    return PublishedSystem(_name(key, meta), _about(meta), marks), len(scores) - sum(name in scores for name in marks)


def _share(score: object, maximum: float) -> float | None:
    if isinstance(score, bool) or not isinstance(score, int | float) or not isfinite(score):
        return None
    return 100 * score / maximum if 0 <= score <= maximum else None


def _name(key: str, meta: object) -> str:
    method = meta.get("Method") if isinstance(meta, dict) else None
    named = method[0] if isinstance(method, list) and method and isinstance(method[0], str) else ""
    return (named.strip() or key)[:_LONGEST_NAME]


def _about(meta: object) -> dict[str, str | None]:
    if not isinstance(meta, dict):
        return {}
    size, is_open, verified = (meta.get(name) for name in ("Parameters", "OpenSource", "Verified"))
    kinds = {("No", "Yes"): "api", ("No", "No"): "proprietary"}
    return {
        "parameters": size if isinstance(size, str) and _SIZE.fullmatch(size) else None,
        "type": "open" if is_open == "Yes" else kinds.get((str(is_open), str(verified))),
    }
