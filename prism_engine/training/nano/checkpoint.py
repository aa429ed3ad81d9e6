"""Training checkpoints: weights, optimiser state, position in the course, and the identity of the training."""

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
    """A position in a course."""

    stage: int = 0
    """Index into the course's stages; equals their count once the course is finished."""
    step: int = 0
    """Steps done in that stage."""
    seconds: float = 0.0
    """Training time so far."""
    losses: list[float] = field(default_factory=list)
    """Losses of the steps since the log's last line."""
    optimiser: dict[str, Any] | None = None
    """The optimiser's state dict; None at the start of a stage."""


def keep(course: Course, seed: int, place: TrainingPosition, folder: Path) -> None:
    """Write a checkpoint; the previous one stays until this one is complete.

    Raises:
        UserError: the checkpoint cannot be written.
    """
    path = folder / CHECKPOINT
    with replacing(path) as draft:
        try:
            torch.save(_identity(course, seed) | {"network": course.network.state_dict(), **vars(place)}, draft)
        except RuntimeError as error:  # torch's error when the disk is full
            raise UserError(f"{path}: cannot be written ({error}).") from error


def resume(course: Course, seed: int, folder: Path) -> TrainingPosition:
    """Load the checkpoint in `folder` into a course and return its position; without one, return the start.

    Raises:
        ConfigError: the checkpoint cannot be read or belongs to another training.
    """
    path = folder / CHECKPOINT
    if not path.is_file():
        return TrainingPosition()
    mend = "Use another folder with --out, or delete this file to start from scratch."
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        differing = [
            f"its {name} is {state[name]}, this one's is {mine}"
            for name, mine in _identity(course, seed).items()
            if state[name] != mine
        ]
        if differing:
            raise ConfigError(f"{path} belongs to another training: {'; '.join(differing)}. {mend}")
        course.network.load_state_dict(state["network"])
        return TrainingPosition(state["stage"], state["step"], state["seconds"], state["losses"], state["optimiser"])
    except (OSError, EOFError, pickle.UnpicklingError, LookupError, TypeError, RuntimeError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ConfigError(f"{path} is not a checkpoint this training can resume from ({reason}). {mend}") from error


def _identity(course: Course, seed: int) -> dict[str, Any]:
    """Return what must match for a training to resume; the shapes of the weights are checked on loading."""
    return {"model": course.name, "seed": seed, "recipe": [list(stage) for stage in course.stages]}
