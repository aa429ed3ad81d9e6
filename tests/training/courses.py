"""A course that takes milliseconds: it learns a linear map in two stages, with everything the loop needs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from prism_engine.training.nano import loop
from prism_engine.training.nano.course import About, TrainingPhase
from prism_engine.training.nano.loop import Training

if TYPE_CHECKING:
    import random


class LineCourse:
    """Learns to double three numbers."""

    name = "line"
    stages: tuple[TrainingPhase, ...] = (
        TrainingPhase("first", steps=12, batch=4, peak=2.0),
        TrainingPhase("second", steps=10, batch=2, peak=2.0),
    )
    headline: tuple[str, ...] = ("close",)

    def __init__(self, width: int = 3) -> None:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            self.model = torch.nn.Linear(width, width)
        self.network: torch.nn.Module = self.model
        self.examined: list[int] = []

    def loss(self, stage: TrainingPhase, step: int, rng: random.Random) -> torch.Tensor:
        numbers = torch.tensor([[rng.gauss(0, 1) for _ in range(self.model.in_features)] for _ in range(stage.batch)])
        return ((self.model(numbers) - 2 * numbers) ** 2).mean()

    def parameters(self, stage: TrainingPhase) -> list[torch.nn.Parameter]:
        return [self.model.weight] if stage.name == "first" else list(self.model.parameters())

    def examine(self, count: int, folder: Path | None = None) -> dict[str, float]:
        del folder
        self.examined.append(count)
        return {"close": 0.5, "family of its own": 0.25}

    def save(self, folder: Path, dtype: str) -> None:
        (folder / "model.safetensors").write_bytes(dtype.encode())

    def about(self) -> About:
        return About("It doubles.", "one layer", "text-generation", ["Nothing special."])

    def weights(self) -> list[float]:
        return [float(one) for weight in self.model.parameters() for one in weight.detach().flatten()]


if __name__ == "__main__":  # a training for the parent to kill: it prints "waiting" at the given step and blocks
    folder, last = Path(sys.argv[1]), int(sys.argv[2])
    loop.LOG_EVERY, loop.KEEP_EVERY = 2, 5
    done = 0

    def stopping() -> bool:
        global done  # noqa: PLW0603 - a script of ten lines
        if done == last:
            print("waiting", flush=True)  # noqa: T201
            sys.stdin.read()
        done += 1
        return False

    Training(LineCourse(), folder, 0, lambda _: None, stopping).run()
