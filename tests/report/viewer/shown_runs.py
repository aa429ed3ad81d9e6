"""Runs of a benchmark of four questions, one question about each way in which an answer can count."""

from __future__ import annotations

import hashlib
import io
from typing import TYPE_CHECKING, Any

from PIL import Image

from prism_engine.report.effects.analysis import aligned_benchmarks
from prism_engine.report.effects.failures import judge
from prism_engine.report.scores.finished import find_runs
from prism_engine.report.viewer.report_data import ReportData
from tests.finished import write_run

if TYPE_CHECKING:
    from pathlib import Path

    from prism_engine.report.viewer.contract import ShownSample


def picture(images: Path, colour: str, size: tuple[int, int] = (300, 200)) -> str:
    """Store a picture as prism does, and return its digest."""
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, "PNG")
    digest = hashlib.sha256(out.getvalue()).hexdigest()
    place = images / digest[:2] / digest[2:]
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(out.getvalue())
    return digest


def step(stage: str, key: str, **more: Any) -> dict[str, Any]:
    """Return a step of a row."""
    usage = {"prompt_tokens": 10, "completion_tokens": 5}
    known = {"stage": stage, "round": 0, "picture": None, "model": "m", "key": key * 64, "text": "", "outcome": "ok"}
    return {**known, "usage": usage, "cost": 1e-6, **more}


def three_arms(results: Path, **fields: Any) -> None:
    """Write the arms all, direct and oracle of four questions, whose failures are of four kinds."""
    for mode, scores in (("all", [1, 0, 0, 0]), ("direct", [1, 0, 1, 1]), ("oracle", [1, 1, 1, 0])):
        rows = [{"description": "A red square.", "reply": f"I say ({'BA'[score]}).", **fields} for score in scores]
        write_run(results, scores, mode=mode, kind="choice", rows=rows)


def data_of(*paths: Path) -> tuple[ReportData, list[ShownSample]]:
    """Read the report of runs."""
    benchmarks = aligned_benchmarks(find_runs(paths))
    data = ReportData(benchmarks, [one for aligned in benchmarks.values() for one in judge(aligned)])
    return data, list(data.samples())
