"""Grades responses against a rubric and measures agreement with other judges' or human scores."""

from __future__ import annotations

import asyncio
import csv
import re
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

import orjson

from prism_engine.api.build.parts import STORE_NAME
from prism_engine.api.build.workbench import Workbench
from prism_engine.api.judging.judge_models import ready_judge, resolve_judge
from prism_engine.api.results.run_status import RunStatus, stopped_status
from prism_engine.api.results.status import keeping_status, write_status
from prism_engine.api.runs.loops import run_blocking
from prism_engine.api.runs.stopping import stopping_at_deadline, stopping_on_signals
from prism_engine.config.judging import Template
from prism_engine.datasets.images import ImageStore, PictureError
from prism_engine.engine.lookup import look_up
from prism_engine.engine.progress import Progress
from prism_engine.engine.scheduler import Stop
from prism_engine.errors import UserError
from prism_engine.judging.graded_rows import read_rows, read_rubrics
from prism_engine.judging.grader import Grader, grade_all
from prism_engine.records import Sampling
from prism_engine.report import replacing, write_lines
from prism_engine.report.scores.agreement import RESAMPLES, Agreement, agreement
from prism_engine.stages.cached import CachedModel
from prism_engine.unwritable import unwritable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from prism_engine.api.runs.execution import ProgressDisplay
    from prism_engine.config import Registry
    from prism_engine.config.judging import GradingConfig
    from prism_engine.judging.grader import GradedRow
    from prism_engine.judging.rubric import RubricRow
    from prism_engine.records import Image

_UNSAFE = re.compile(r"[^\w.+~=@-]+")


@dataclass(frozen=True)
class GradingReport:
    """The outcome of a grading."""

    folder: Path
    """Where the grades are stored."""
    status: RunStatus
    progress: Progress
    graded: tuple[GradedRow, ...] = ()
    agreements: dict[str, Agreement] = field(default_factory=dict)
    """By what the grades were compared with; `itself` compares the judge's first sample with its second, a ceiling."""
    length_bias: float | None = None
    """Spearman correlation between the grades and the lengths of the responses."""
    trouble: Exception | None = None


def grade(config: GradingConfig, registry: Registry, *, watch: ProgressDisplay | None = None) -> GradingReport:
    """Grade all rows and write grades and agreements.

    Raises:
        UserError: rows, rubrics or scores to compare with are invalid; nothing was called.
        DeadError: the judge does not answer.
        StoreError: the cache cannot be opened.
        KeyboardInterrupt: stopped at once; finished gradings are in the cache.
    """
    rubrics = read_rubrics(config.rubrics) if config.rubrics is not None else {}
    pictures = ImageStore(config.cache_dir / "images")
    rows = read_rows(config.rows, rubrics, config.rubric, lambda data: _store_picture(pictures, data))
    rows = [_without_hidden_fields(row, config) for row in rows]
    other_scores = {str(path): _scores(path) for path in config.against}
    try:
        report = run_blocking(_grade(config, registry, rows, watch))
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None
    if report.graded:
        report = _write_grades(report, config, other_scores)
    write_status(report.folder, config, report.progress, report.status.value, "grade")
    return report


def _without_hidden_fields(row: RubricRow, config: GradingConfig) -> RubricRow:
    return replace(
        row,
        image=None if config.blind else row.image,
        reference=None if config.reference_free else row.reference,
    )


def _store_picture(pictures: ImageStore, data: bytes) -> Image:
    try:
        return pictures.put(data)
    except PictureError as error:
        raise ValueError(str(error)) from error


async def _grade(
    config: GradingConfig, registry: Registry, rows: Sequence[RubricRow], watch: ProgressDisplay | None
) -> GradingReport:
    judge = resolve_judge(config, registry)
    folder = _folder(config)
    with Workbench() as bench:
        store = bench.store(config.cache_dir / STORE_NAME)
        model = CachedModel(None, store)
        sampling = Sampling(config.max_tokens or 1024, config.temperature, config.top_p)
        grader = Grader(model, judge.identity, sampling, config.samples, config.template)
        firsts = [grader.call(row, sample, 0) for row in rows for sample in range(config.samples)]
        needed = any(call.completion is None for call in look_up(firsts, store))
        stop = Stop()
        try:
            model.backend, spending = await ready_judge(config, judge, bench, needed=needed)
            progress = Progress(len(rows), {"judge": model.meter}, name=config.rows.stem, spending=spending)
            stop.listen(model.drain)
            stop.listen(progress.stop)
            width = 2 * (model.backend.capacity if model.backend is not None else 1)
            most = config.most_failures(len(rows))
            with stopping_on_signals(stop), stopping_at_deadline(stop, [config.deadline]):
                async with (
                    keeping_status(folder, config, progress, "grade"),
                    watch(progress) if watch else nullcontext(),
                ):
                    graded = await grade_all(rows, grader, width=width, progress=progress, stop=stop, max_failures=most)
                    if spending is not None:
                        await spending.conclude()
        finally:
            await bench.close_backends()
    progress.end()
    if stop.requested:
        return GradingReport(folder, stopped_status(stop), progress, trouble=stop.reason)
    tolerated = config.fail_on_error is not None  # more failures would have stopped it
    complete = tolerated or all(row.mean is not None for row in graded)
    status = RunStatus.COMPLETE if complete else RunStatus.INCOMPLETE
    return GradingReport(folder, status, progress, tuple(graded))


def _folder(config: GradingConfig) -> Path:
    suffixes = [
        ("readme", config.template is Template.README),
        ("blind", config.blind),
        ("reference-free", config.reference_free),
        (f"{config.samples}samples", config.samples != 1),
        (f"t{config.temperature:g}", config.temperature != 1.0),
    ]
    name = "-".join((_UNSAFE.sub("_", config.judge).strip("._"), *(suffix for suffix, applies in suffixes if applies)))
    return config.results_dir / "grades" / _UNSAFE.sub("_", config.rows.stem) / name


def _scores(path: Path) -> dict[str, float]:
    """Read scores by id, averaging those that share an id.

    Raises:
        UserError: the file cannot be read, or a line lacks an id or a numeric score.
    """
    by_id: dict[str, list[float]] = {}
    number = 1
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            table = csv.DictReader(file) if path.suffix.lower() == ".csv" else map(orjson.loads, file)
            for row in table:
                if row["score"] not in (None, ""):
                    by_id.setdefault(str(row["id"]), []).append(_number(row["score"]))
                number += 1
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from error
    except (KeyError, TypeError, ValueError, csv.Error) as error:
        raise UserError(f"{path}, row {number}: needs `id` and a numeric `score` ({error!r})") from error
    return {name: sum(scores) / len(scores) for name, scores in by_id.items()}


def _number(value: object) -> float:
    number = float(str(value))
    if number != number or number in (float("inf"), float("-inf")):  # noqa: PLR0124 - true only of NaN
        raise ValueError(f"{value!r} is not a finite number")
    return number


def _write_grades(
    report: GradingReport, config: GradingConfig, other_scores: Mapping[str, dict[str, float]]
) -> GradingReport:
    """Write grades and agreements, each file atomically.

    Raises:
        UserError: a file cannot be written.
    """
    graded = report.graded
    agreements = {name: result for name, scores in other_scores.items() if (result := _agreement_with(scores, graded))}
    seconds = {row.row.id: float(row.samples[1].grade) for row in graded if len(row.samples) > 1 and row.samples[1]}
    if seconds:
        firsts = [replace(row, samples=row.samples[:1]) for row in graded]
        if (ceiling := _agreement_with(seconds, firsts)) is not None:
            agreements["itself"] = ceiling
    lengths = {row.row.id: float(len(row.row.response)) for row in graded}
    bias = _agreement_with(lengths, graded, resamples=0)
    report = replace(report, agreements=agreements, length_bias=None if bias is None else bias.spearman.value)
    try:
        report.folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(unwritable(report.folder, error)) from error
    lines = (orjson.dumps(row.as_json(), option=orjson.OPT_APPEND_NEWLINE) for row in graded)
    write_lines(report.folder / "grades.jsonl", lines)
    with replacing(report.folder / "grades.json") as draft:
        draft.write_bytes(orjson.dumps(_summary(report, config), option=orjson.OPT_INDENT_2))
    return report


def _agreement_with(
    scores: Mapping[str, float], graded: Sequence[GradedRow], *, resamples: int = RESAMPLES
) -> Agreement | None:
    both = [(row, row.mean, scores[row.row.id]) for row in graded if row.mean is not None and row.row.id in scores]
    if not both:
        return None
    clusters = [row.row.image.digest if row.row.image is not None else f"row {row.row.id}" for row, _, _ in both]
    return agreement([mean for _, mean, _ in both], [score for _, _, score in both], clusters, resamples=resamples)


def _summary(report: GradingReport, config: GradingConfig) -> dict[str, Any]:
    means = [row.mean for row in report.graded if row.mean is not None]
    meter, spending = report.progress.meters["judge"], report.progress.spending
    return {
        "config": config.model_dump(mode="json"),
        "rows": len(report.graded),
        "graded": len(means),
        "unscored": len(report.graded) - len(means),
        "mean": sum(means) / len(means) if means else None,
        "agreement": {name: asdict(result) for name, result in report.agreements.items()},
        "length_bias_spearman": report.length_bias,
        "reviews": meter.snapshot(),
        "money": None if spending is None else spending.as_json(),
    }
