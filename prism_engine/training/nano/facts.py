"""What is known of a finished training: gathered once, for the model card and for `training.json`."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from prism_engine import __version__

if TYPE_CHECKING:
    from prism_engine.training.nano.course import About, Course, TrainingPhase

LIBRARIES = ("torch", "transformers", "tokenizers", "safetensors", "pillow", "numpy")
_CPUINFO = Path("/proc/cpuinfo")


@dataclass(frozen=True, slots=True)
class Settings:
    """What a training is told."""

    seed: int = 0
    threads: int = 1
    """Of torch on the CPU. Networks this small gain little from more, and one thread adds in one order everywhere."""
    device: str = "auto"
    """"cpu", "cuda", or "auto": a GPU where there is one."""
    dtype: str = "bfloat16"
    """What the finished weights are rounded to."""


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything measured, and what it was measured with."""

    model: str
    settings: Settings
    device: str
    """What it was trained on: the name of a processor or a GPU."""
    about: About
    stages: tuple[TrainingPhase, ...]
    weights: int
    """Of the finished model."""
    bytes: int
    """Of its weights' file."""
    seconds: float
    """Of training, over all processes that took part."""
    questions: int
    """Held-out ones of the final examination."""
    scores: dict[str, float]
    """Of the finished model, after rounding."""
    versions: dict[str, str]


def gather(
    course: Course, settings: Settings, device: torch.device, *, folder: Path, seconds: float, questions: int
) -> Facts:
    """Examine the checkpoint in `folder` on `questions` held-out questions, and note what it came from."""
    return Facts(
        model=f"nano-{course.name}",
        settings=settings,
        device=torch.cuda.get_device_name(device) if device.type == "cuda" else cpu_name(),
        about=course.about(),
        stages=course.stages,
        weights=sum(weight.numel() for weight in course.model.parameters()),
        bytes=sum(path.stat().st_size for path in folder.glob("*.safetensors")),
        seconds=seconds,
        questions=questions,
        scores=course.examine(questions, folder),
        versions={
            "prism-engine": __version__,
            "python": platform.python_version(),
            **{library: version(library) for library in LIBRARIES},
        },
    )


def cpu_name() -> str:
    """Return the processor's name as the system tells it, else its architecture."""
    lines = _CPUINFO.read_text(encoding="utf-8", errors="replace").splitlines() if _CPUINFO.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
