"""What is taught in which order: the stages of a course, and what the loop and the model card need of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    import random
    from pathlib import Path

    import torch


class TrainingPhase(NamedTuple):
    """A stretch of training with one schedule."""

    name: str
    steps: int
    batch: int
    """Scenes per step."""
    peak: float
    """Highest learning rate."""


class Course(Protocol):
    """A model with all that is needed to teach it."""

    name: str
    """Part of every batch's seed: another name is another training."""
    stages: tuple[TrainingPhase, ...]
    network: torch.nn.Module
    """Everything that a checkpoint of the training must hold."""
    model: torch.nn.Module
    """The part of it that is kept in the end."""
    headline: tuple[str, ...]
    """The scores that say most, for the curve."""

    def loss(self, stage: TrainingPhase, step: int, rng: random.Random) -> torch.Tensor:
        """Return the loss (a scalar) over a batch that is drawn from `rng` alone."""
        ...

    def parameters(self, stage: TrainingPhase) -> list[torch.nn.Parameter]:
        """Return what a stage trains."""
        ...

    def examine(self, count: int, folder: Path | None = None) -> dict[str, float]:
        """Return shares (0 to 1) on `count` held-out questions: of the model in `folder`, else of the one taught."""
        ...

    def save(self, folder: Path, dtype: str) -> None:
        """Write an ordinary Hugging Face checkpoint whose weights are rounded to `dtype`, such as "bfloat16"."""
        ...

    def about(self) -> About:
        """Return what the model card says of it."""
        ...


class About(NamedTuple):
    """A model in words."""

    does: str
    """One sentence: what goes in, what comes out."""
    architecture: str
    pipeline: str
    """The `pipeline_tag` of Hugging Face's model cards."""
    recipe: list[str]
    """What is particular about how it is taught, one sentence or two each."""
