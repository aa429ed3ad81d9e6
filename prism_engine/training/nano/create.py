"""Creates an embedded model: trains, rounds and evaluates it, and writes model card, loss curve and numbers."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

import orjson
import torch
from transformers.utils import logging

from prism_engine.errors import ConfigError, UserError
from prism_engine.report import replacing
from prism_engine.training.nano import log
from prism_engine.training.nano.captioner import CaptionerCourse
from prism_engine.training.nano.card import model_card
from prism_engine.training.nano.curve import draw_curve
from prism_engine.training.nano.facts import Facts, Settings, gather
from prism_engine.training.nano.loop import Training
from prism_engine.training.nano.reasoner import ReasonerCourse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from prism_engine.training.nano.course import Course
    from prism_engine.training.nano.log import TrainingProgress

COURSES: dict[str, Callable[[torch.device], Course]] = {"captioner": CaptionerCourse, "reasoner": ReasonerCourse}
QUESTIONS = 960
"""Held-out questions of the final evaluation: enough to know a score to about 3 points."""
MODEL, CURVE, NUMBERS = "model", "loss.png", "training.json"


class TrainingObserver(Protocol):
    """Receives the progress of a training."""

    def said(self, message: str) -> None:
        """Handle a message about what starts now."""
        ...

    def stepped(self, progress: TrainingProgress) -> None:
        """Handle one finished step."""
        ...


class Created(NamedTuple):
    """The result of `create`."""

    finished: bool
    """False if the training was stopped early; the same call resumes it."""
    facts: Facts | None
    """The facts of the finished model; None if the training was stopped early."""


def create(
    name: str,
    folder: Path,
    settings: Settings,
    watch: TrainingObserver,
    heeding: Callable[[], AbstractContextManager[Callable[[], bool]]],
) -> Created:
    """Train a model and write `model/`, `loss.png` and `training.json` to `folder`, next to log and checkpoint.

    Resumes where an earlier call with the same folder stopped.

    Args:
        name: a key of `COURSES`.
        heeding: a context manager entered for the training; it yields a function that is called before every step.
            Once the function returns true, a checkpoint is written and the training stops.

    Raises:
        ConfigError: the folder holds another training's checkpoint, or the device is not available.
        UserError: the folder cannot be written.
    """
    device = _device(settings.device)
    with _prepared(settings):
        watch.said(f"{name}: building the tokenizer and initialising the weights")
        course = COURSES[name](device)
        with heeding() as stopping:
            training = Training(course, folder, settings.seed, watch.stepped, stopping)
            _say_where(training, course, watch)
            if not training.run():
                return Created(finished=False, facts=None)
        watch.said(f"{name}: rounding to {settings.dtype}, evaluating on {QUESTIONS} held-out questions")
        facts = _finish(course, folder, settings, device, training.place.seconds)
    return Created(finished=True, facts=facts)


def _say_where(training: Training, course: Course, watch: TrainingObserver) -> None:
    place = training.place
    if training.finished:
        watch.said(f"{course.name}: all {len(course.stages)} stages are already trained")
    elif place.stage or place.step:
        stage = course.stages[place.stage]
        watch.said(f"{course.name}: resuming from step {place.step:,} of {stage.steps:,}, stage {stage.name!r}")


def _finish(course: Course, folder: Path, settings: Settings, device: torch.device, seconds: float) -> Facts:
    """Write the model with its card, then the loss curve and the numbers."""
    with _whole(folder / MODEL) as draft:
        course.save(draft, settings.dtype)
        facts = gather(course, settings, device, folder=draft, seconds=seconds, questions=QUESTIONS)
        (draft / "README.md").write_text(model_card(facts), encoding="utf-8")
    lines = log.read(folder / log.LOG)
    with replacing(folder / CURVE) as path:
        draw_curve(path, facts.model, course.stages, lines, final=facts.scores, shown=course.headline)
    with replacing(folder / NUMBERS) as path:
        path.write_bytes(orjson.dumps(_numbers(facts, lines), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    return facts


def _numbers(facts: Facts, lines: list[TrainingProgress]) -> dict[str, object]:
    return {
        **{name: getattr(facts, name) for name in facts.__slots__},
        "about": facts.about._asdict(),
        "stages": [stage._asdict() for stage in facts.stages],
        "log": lines,
    }


@contextmanager
def _whole(folder: Path) -> Iterator[Path]:
    """Yield a temporary folder that replaces `folder` at the end, so a partial one is never visible."""
    draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        draft.chmod(0o755)
        yield draft
        shutil.rmtree(folder, ignore_errors=True)
        draft.rename(folder)
    except OSError as error:
        raise UserError(f"{folder}: cannot be written ({error}).") from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _device(name: str) -> torch.device:
    seen = torch.cuda.is_available()
    if name == "cuda" and not seen:
        raise ConfigError("--device cuda: torch finds no GPU here; use --device cpu or --device auto.")
    return torch.device("cuda" if name == "cuda" or (name == "auto" and seen) else "cpu")


@contextmanager
def _prepared(settings: Settings) -> Iterator[None]:
    """Seed torch, set its threads and silence transformers; restore everything at the end."""
    threads, bars, verbosity = torch.get_num_threads(), logging.is_progress_bar_enabled(), logging.get_verbosity()
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    torch.set_num_threads(settings.threads)
    torch.set_flush_denormal(True)  # many gradients are tiny, and arithmetic with denormal numbers is slow
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(settings.seed)
            yield
    finally:
        torch.set_flush_denormal(False)
        torch.set_num_threads(threads)
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()
