"""The training log: periodic JSON lines for people, the loss curve and resuming."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import orjson

from prism_engine.errors import UserError
from prism_engine.report import replacing

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LOG = "log.jsonl"


@dataclass(frozen=True, slots=True)
class TrainingProgress:
    """Progress of a course."""

    stage: str
    step: int
    """Steps done in this stage."""
    steps: int
    """Total steps of this stage."""
    loss: float
    """Mean loss since the log's last line."""
    seconds: float
    """Training time, summed over all processes that took part."""
    scores: dict[str, float] = field(default_factory=dict)
    """Scores of an evaluation at this step; empty if there was none."""


def append(path: Path, progress: TrainingProgress) -> None:
    """Append one line.

    Raises:
        UserError: the log cannot be written.
    """
    try:
        with path.open("ab") as log:
            log.write(orjson.dumps(progress, option=orjson.OPT_APPEND_NEWLINE))
    except OSError as error:
        raise UserError(f"{path}: cannot be written ({error.strerror}).") from error


def read(path: Path) -> list[TrainingProgress]:
    """Return the log's lines; none if there is no log. A partial line left by a kill is skipped."""
    found = []
    for line in path.read_bytes().splitlines() if path.is_file() else ():
        try:
            found.append(TrainingProgress(**orjson.loads(line)))
        except (orjson.JSONDecodeError, TypeError):
            continue
    return found


def keep(path: Path, wanted: Callable[[TrainingProgress], bool]) -> None:
    """Drop the lines that `wanted` rejects: steps after a checkpoint are repeated, and logged again, on resuming."""
    if path.is_file():
        lines = [
            orjson.dumps(progress, option=orjson.OPT_APPEND_NEWLINE) for progress in read(path) if wanted(progress)
        ]
        with replacing(path) as draft:
            draft.write_bytes(b"".join(lines))
