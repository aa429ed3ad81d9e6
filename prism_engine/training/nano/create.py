"""From a name to a finished model: taught, rounded, examined, with its card, its curve and its numbers."""

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
"""Held-out questions of the final examination: a share is known to about 3 points."""
MODEL, CURVE, NUMBERS = "model", "loss.png", "training.json"


class TrainingObserver(Protocol):
    """Who is told how a training goes."""

    def said(self, message: str) -> None:
        """Take note of what begins now."""
        ...

    def stepped(self, progress: TrainingProgress) -> None:
        """Take note of a step."""
        ...


class Created(NamedTuple):
    """What came of a training."""

    finished: bool
    """False where it was told to stop; the same call goes on."""
    facts: Facts | None
    """Of the finished model."""


def create(
    name: str,
    folder: Path,
    settings: Settings,
    watch: TrainingObserver,
    heeding: Callable[[], AbstractContextManager[Callable[[], bool]]],
) -> Created:
    """Teach a model and write it to `folder`: `model/`, `loss.png`, `training.json`, beside log and checkpoint.

    Goes on where an earlier call with the same folder stopped.

    Args:
        name: a key of `COURSES`.
        heeding: entered while the model is taught; gives a function that is asked before every step. Once it says
            yes, everything that going on needs is kept.

    Raises:
        ConfigError: the folder holds another training's checkpoint, or the device is not there.
        UserError: the folder cannot be written.
    """
    device = _device(settings.device)
    with _prepared(settings):
        watch.said(f"{name}: drawing the tokenizer's corpus and the first weights")
        course = COURSES[name](device)
        with heeding() as stopping:
            training = Training(course, folder, settings.seed, watch.stepped, stopping)
            _say_where(training, course, watch)
            if not training.run():
                return Created(finished=False, facts=None)
        watch.said(f"{name}: rounding to {settings.dtype}, examining on {QUESTIONS} held-out questions")
        facts = _finish(course, folder, settings, device, training.place.seconds)
    return Created(finished=True, facts=facts)


def _say_where(training: Training, course: Course, watch: TrainingObserver) -> None:
    place = training.place
    if training.finished:
        watch.said(f"{course.name}: all {len(course.stages)} stages are taught already")
    elif place.stage or place.step:
        stage = course.stages[place.stage]
        watch.said(f"{course.name}: going on from step {place.step:,} of {stage.steps:,}, stage {stage.name!r}")


def _finish(course: Course, folder: Path, settings: Settings, device: torch.device, seconds: float) -> Facts:
    """Write the model with its card, then curve and numbers."""
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
    """Give a folder to fill; it takes `folder`'s place at the end, so that there is never half of one."""
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
        raise ConfigError("--device cuda: torch sees no GPU here; use --device cpu, or auto.")
    return torch.device("cuda" if name == "cuda" or (name == "auto" and seen) else "cpu")


@contextmanager
def _prepared(settings: Settings) -> Iterator[None]:
    """Seed torch, give it its threads, keep transformers quiet; put all of it back in the end."""
    threads, bars, verbosity = torch.get_num_threads(), logging.is_progress_bar_enabled(), logging.get_verbosity()
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    torch.set_num_threads(settings.threads)
    torch.set_flush_denormal(True)  # small gradients are many, and arithmetic with denormal numbers is slow
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
