"""The facts of a finished training, gathered once for the model card and `training.json`."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from prism_engine.version import __version__

if TYPE_CHECKING:
    from prism_engine.training.nano.course import About, Course, TrainingPhase

LIBRARIES = ("torch", "transformers", "tokenizers", "safetensors", "pillow", "numpy")
_CPUINFO = Path("/proc/cpuinfo")


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings of a training."""

    seed: int = 0
    threads: int = 1
    """torch's CPU threads. Networks this small gain little from more, and one thread fixes the order of summation."""
    device: str = "auto"
    """"cpu", "cuda", or "auto": a GPU if there is one."""
    dtype: str = "bfloat16"
    """Dtype that the finished weights are rounded to."""


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything measured, and how it was measured."""

    model: str
    settings: Settings
    device: str
    """Name of the processor or GPU that it was trained on."""
    about: About
    stages: tuple[TrainingPhase, ...]
    weights: int
    """Number of weights of the finished model."""
    bytes: int
    """Size of its weight files."""
    seconds: float
    """Training time, summed over all processes that took part."""
    questions: int
    """Held-out questions of the final evaluation."""
    scores: dict[str, float]
    """Scores of the finished model, after rounding."""
    versions: dict[str, str]


def gather(
    course: Course, settings: Settings, device: torch.device, *, folder: Path, seconds: float, questions: int
) -> Facts:
    """Evaluate the checkpoint in `folder` on `questions` held-out questions and record how it was made."""
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
    """Return the processor's name as the system reports it, else its architecture."""
    lines = _CPUINFO.read_text(encoding="utf-8", errors="replace").splitlines() if _CPUINFO.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
