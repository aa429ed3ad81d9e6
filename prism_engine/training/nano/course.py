"""The interface of a training course: its stages, and what the training loop and the model card need from it."""

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
    """A model with everything needed to train it."""

    name: str
    """Part of every batch's seed, so another name gives another training."""
    stages: tuple[TrainingPhase, ...]
    network: torch.nn.Module
    """Everything a checkpoint of the training must hold."""
    model: torch.nn.Module
    """The part of `network` that is kept after training."""
    headline: tuple[str, ...]
    """The most informative scores, shown on the loss curve."""

    def loss(self, stage: TrainingPhase, step: int, rng: random.Random) -> torch.Tensor:
        """Return the loss (a scalar) over a batch drawn only from `rng`."""
        ...

    def parameters(self, stage: TrainingPhase) -> list[torch.nn.Parameter]:
        """Return the parameters a stage trains."""
        ...

    def examine(self, count: int, folder: Path | None = None) -> dict[str, float]:
        """Return scores (0 to 1) on `count` held-out questions: of the model in `folder`, or of the one in training."""
        ...

    def save(self, folder: Path, dtype: str) -> None:
        """Write a standard Hugging Face checkpoint whose weights are rounded to `dtype`, such as "bfloat16"."""
        ...

    def about(self) -> About:
        """Return the model's description for the model card."""
        ...


class About(NamedTuple):
    """A model's description for its model card."""

    does: str
    """One sentence: its input and its output."""
    architecture: str
    pipeline: str
    """The `pipeline_tag` of Hugging Face's model cards."""
    recipe: list[str]
    """The particulars of its training, one or two sentences each."""
