"""The training's log: a line of JSON now and then, for people, the loss curve and whoever goes on."""

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
    """How far a course is."""

    stage: str
    step: int
    """Steps done of this stage."""
    steps: int
    """Of this stage."""
    loss: float
    """Mean since the log's last line."""
    seconds: float
    """Of training, over all processes that took part."""
    scores: dict[str, float] = field(default_factory=dict)
    """Of an examination, where there was one."""


def append(path: Path, progress: TrainingProgress) -> None:
    """Write one more line.

    Raises:
        UserError: it cannot be written.
    """
    try:
        with path.open("ab") as log:
            log.write(orjson.dumps(progress, option=orjson.OPT_APPEND_NEWLINE))
    except OSError as error:
        raise UserError(f"{path}: cannot be written ({error.strerror}).") from error


def read(path: Path) -> list[TrainingProgress]:
    """Return the log's lines; none where there is no log. The half line that a kill may leave is left out."""
    found = []
    for line in path.read_bytes().splitlines() if path.is_file() else ():
        try:
            found.append(TrainingProgress(**orjson.loads(line)))
        except (orjson.JSONDecodeError, TypeError):
            continue
    return found


def keep(path: Path, wanted: Callable[[TrainingProgress], bool]) -> None:
    """Leave only the lines that are wanted: what came after a checkpoint is done, and logged, once more."""
    if path.is_file():
        lines = [
            orjson.dumps(progress, option=orjson.OPT_APPEND_NEWLINE) for progress in read(path) if wanted(progress)
        ]
        with replacing(path) as draft:
            draft.write_bytes(b"".join(lines))
