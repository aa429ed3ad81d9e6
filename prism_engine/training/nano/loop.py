"""The training loop: steps, log lines, checkpoints to resume from, and evaluations during training."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING

import torch

from prism_engine.errors import UserError
from prism_engine.training.nano import checkpoint, log
from prism_engine.training.nano.checkpoint import TrainingPosition
from prism_engine.training.nano.log import LOG, TrainingProgress
from prism_engine.training.nano.optimise import CLIP, learning_rate, optimiser

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from prism_engine.training.nano.course import Course, TrainingPhase

LOG_EVERY = 50  # steps
KEEP_EVERY = 250  # steps; a step takes about a fifth of a second
EXAMINE_EVERY = 2000  # steps of the last stage
QUICK = 96  # questions of an evaluation during training


class Training:
    """One run of a course; resumes from the checkpoint in its folder if there is one.

    The data of a step depends only on the seed and the step's number, so an interrupted training sees the same data as
    an uninterrupted one.

    Args:
        folder: holds the log and the checkpoint; created if missing.
        report: called after every step.
        stopping: called before every step; once it returns true, a checkpoint is written and the loop ends.

    Raises:
        ConfigError: the folder holds the checkpoint of another training.
        UserError: the folder cannot be created.
    """

    def __init__(
        self,
        course: Course,
        folder: Path,
        seed: int,
        report: Callable[[TrainingProgress], None],
        stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(f"{folder}: cannot be created ({error.strerror}); choose another with --out.") from error
        self.place = checkpoint.resume(course, seed, folder)
        self._course, self._folder, self._seed = course, folder, seed
        self._report, self._stopping = report, stopping
        names = [stage.name for stage in course.stages]
        here = (self.place.stage, self.place.step)
        log.keep(folder / LOG, lambda line: line.stage in names and (names.index(line.stage), line.step) <= here)

    @property
    def finished(self) -> bool:
        """Whether all stages are done."""
        return self.place.stage == len(self._course.stages)

    def run(self) -> bool:
        """Train to the end or until stopped; return whether the course is finished.

        Raises:
            UserError: a checkpoint or the log cannot be written.
        """
        while not self.finished:
            done = self._teach(self._course.stages[self.place.stage])
            if done:
                self.place = TrainingPosition(self.place.stage + 1, seconds=self.place.seconds)
            checkpoint.keep(self._course, self._seed, self.place, self._folder)
            if not done:
                return False
        return True

    def _teach(self, stage: TrainingPhase) -> bool:
        """Train a stage from the current position; return whether it is finished."""
        place = self.place
        parameters = self._course.parameters(stage)
        adamw = optimiser(parameters)
        if place.optimiser is not None:
            adamw.load_state_dict(place.optimiser)
        self._course.network.train()
        began = time.perf_counter() - place.seconds
        while place.step < stage.steps:
            if self._stopping():
                place.optimiser = adamw.state_dict()
                return False
            place.losses.append(self._step(stage, adamw, parameters))
            place.step += 1
            place.seconds = time.perf_counter() - began
            self._tell(stage)
            if place.step % KEEP_EVERY == 0 and place.step < stage.steps:
                place.optimiser = adamw.state_dict()
                checkpoint.keep(self._course, self._seed, place, self._folder)
        return True

    def _step(self, stage: TrainingPhase, adamw: torch.optim.AdamW, parameters: list[torch.nn.Parameter]) -> float:
        """Do one optimiser step; return the batch's loss."""
        step = self.place.step
        rng = random.Random(f"{self._course.name} {self._seed} {stage.name} {step}")  # noqa: S311 - reproducible
        for group in adamw.param_groups:
            group["lr"] = learning_rate(step, stage.steps, stage.peak)
        loss = self._course.loss(stage, step, rng)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, CLIP)
        adamw.step()
        self._course.network.zero_grad()  # of the whole network: parameters frozen in this stage get gradients too
        return float(loss.item())

    def _tell(self, stage: TrainingPhase) -> None:
        """Report the step; at intervals log it and, in the last stage, evaluate the model."""
        place, losses = self.place, self.place.losses
        mean = sum(losses) / len(losses)
        scores = {}
        if place.step % LOG_EVERY == 0 or place.step == stage.steps:
            if stage is self._course.stages[-1] and place.step % EXAMINE_EVERY == 0:
                scores = self._course.examine(QUICK)
            losses.clear()
        progress = TrainingProgress(stage.name, place.step, stage.steps, mean, place.seconds, scores)
        if not losses:
            log.append(self._folder / LOG, progress)
        self._report(progress)
