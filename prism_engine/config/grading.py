"""Grading by a rubric: what a run of it is told."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path  # noqa: TC003 - pydantic reads it

from pydantic import NonNegativeFloat, PositiveInt  # noqa: TC002 - the same

from prism_engine.config.judging import JudgeConfig


class Template(StrEnum):
    """Which of Prometheus-Vision's two prompts."""

    DATA = "data"
    """That of its training and evaluation data: for the released weights."""
    README = "readme"
    """That of its README, which names the image and puts the criterion in brackets."""


class GradingConfig(JudgeConfig):
    """What a grading is told, beside its judge."""

    rows: Path
    """JSON lines: Perception-Bench's, or prism's own."""
    rubrics: Path | None = None
    """YAML with rubrics by name."""
    rubric: str | None = None
    """The name of the rubric of rows that have none."""
    template: Template = Template.DATA
    blind: bool = False
    """Leave the pictures out: what can be graded without seeing."""
    reference_free: bool = False
    """Leave the reference answers out."""
    samples: PositiveInt = 1
    """Grades that are drawn for each row."""
    temperature: NonNegativeFloat = 1.0
    top_p: float = 0.9
    against: tuple[Path, ...] = ()
    """Other scores of the same rows: a CSV with `id` and `score`, or another judge's `grades.jsonl`."""
