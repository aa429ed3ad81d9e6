"""Where a training stands, on disk: weights, the optimiser's state, and what they belong to."""

from __future__ import annotations

import pickle
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch

from prism_engine.errors import ConfigError, UserError
from prism_engine.report import replacing

if TYPE_CHECKING:
    from pathlib import Path

    from prism_engine.training.nano.course import Course

CHECKPOINT = "checkpoint.pt"


@dataclass
class TrainingPosition:
    """Where a course stands."""

    stage: int = 0
    """Position in the course's stages; their number once all is taught."""
    step: int = 0
    """Steps done of that stage."""
    seconds: float = 0.0
    """Of training so far."""
    losses: list[float] = field(default_factory=list)
    """Of the steps since the log's last line."""
    optimiser: dict[str, Any] | None = None
    """The optimiser's state dict; None where a stage begins."""


def keep(course: Course, seed: int, place: TrainingPosition, folder: Path) -> None:
    """Write a checkpoint; the one before stays until this one is complete.

    Raises:
        UserError: it cannot be written.
    """
    path = folder / CHECKPOINT
    with replacing(path) as draft:
        try:
            torch.save(_identity(course, seed) | {"network": course.network.state_dict(), **vars(place)}, draft)
        except RuntimeError as error:  # how torch says that the disk is full
            raise UserError(f"{path}: cannot be written ({error}).") from error


def resume(course: Course, seed: int, folder: Path) -> TrainingPosition:
    """Give a course the weights of the checkpoint in `folder`, and return where it stands; at the start without one.

    Raises:
        ConfigError: the checkpoint cannot be read, or is of another training.
    """
    path = folder / CHECKPOINT
    if not path.is_file():
        return TrainingPosition()
    mend = "Give another folder with --out, or delete this one to begin anew."
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        differing = [
            f"its {name} is {state[name]}, here it is {mine}"
            for name, mine in _identity(course, seed).items()
            if state[name] != mine
        ]
        if differing:
            raise ConfigError(f"{path} is of another training: {'; '.join(differing)}. {mend}")
        course.network.load_state_dict(state["network"])
        return TrainingPosition(state["stage"], state["step"], state["seconds"], state["losses"], state["optimiser"])
    except (OSError, EOFError, pickle.UnpicklingError, LookupError, TypeError, RuntimeError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ConfigError(f"{path} is no checkpoint that this training can go on from ({reason}). {mend}") from error


def _identity(course: Course, seed: int) -> dict[str, Any]:
    """Return what must be the same for a training to go on; the shapes of the weights are checked as they load."""
    return {"model": course.name, "seed": seed, "recipe": [list(stage) for stage in course.stages]}
