"""Imports an original checkout's descriptions and answers as prism results, scored by prism's rules."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import orjson

from prism_engine.config import Arm, RunConfig
from prism_engine.datasets import data_roots, find_benchmark, open_benchmark
from prism_engine.engine.journal import result_row
from prism_engine.errors import UserError
from prism_engine.original.layout import DESCRIPTION, MARK, PREDICTION, OriginalTable, completion, find_folders
from prism_engine.records import SampleResult, SampleStatus, StepRecord
from prism_engine.report import export_parquet, replacing, summarise, write_scores
from prism_engine.report.scores.manifest import MANIFEST, SCHEMA, read_manifest
from prism_engine.scoring import Scorer, known_profile, scorer_of
from prism_engine.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from prism_engine.datasets import Benchmark
    from prism_engine.original.layout import OriginalFolder
    from prism_engine.records import Completion, Sample
    from prism_engine.report import Scores

_IMPORTED: Final = "imported"
_DESCRIBED: Final = (
    "schema",
    "index",
    "position",
    "images",
    "description",
    "description_outcomes",
    "status",
    "failure",
    "steps",
)


@dataclass(frozen=True)
class Imported:
    """The import of one of the original's files."""

    source: Path
    folder: Path
    statuses: Counter[str] = field(default_factory=Counter)
    """Number of samples by outcome: done, failed (the original's call gave nothing), not_run (not in the file)."""
    scores: Scores | None = None
    """None if the file holds descriptions."""


def import_original(
    results: Path, out: Path, *, cache_dir: Path, data: str | None = None, profile: str = "prism"
) -> list[Imported]:
    """Import every file of descriptions and of answers at or below a folder of results.

    Nothing goes into the cache, because its keys are made from prompt, model version and sampling, which the files do
    not record. The original's scores are not read; answers are scored again.

    Args:
        out: a results folder; the `original-` prefix (`original-generic/...`) keeps imports separate from prism's runs.
        data: the benchmark, by name or file; None: the one that each dataset's folder is named after.
        profile: rules by which replies are read.

    Raises:
        UserError: there are no such files, one cannot be read or is about another benchmark, or results of prism's own
            runs would be overwritten.
        StoreError: the benchmark's pictures cannot be stored.
    """
    folders = find_folders(results)
    datasets = sorted({folder.dataset for folder in folders})
    if data is not None and len(datasets) > 1:
        raise UserError(
            f"{results}: results of several datasets ({', '.join(datasets)}); give the folder of one, or omit --data"
        )
    profile = known_profile(profile)
    imported = []
    for dataset in datasets:
        path = find_benchmark(data or dataset, data_roots(os.environ))
        with open_benchmark(path, cache_dir) as benchmark:
            target = _ImportTarget(benchmark, scorer_of(benchmark.kind, profile), out)
            for folder in folders:
                if folder.dataset == dataset:
                    imported += _import_folder(folder, target)
    return imported


@dataclass(frozen=True)
class _ImportTarget:
    """Benchmark, scorer and results folder for the imports of one dataset."""

    benchmark: Benchmark
    scorer: Scorer
    out: Path

    def config(self, original: OriginalFolder, reasoner: str | None) -> RunConfig:
        return RunConfig(
            benchmark=str(self.benchmark.path),
            perceiver=original.perceiver,
            reasoner=reasoner,
            instruction=MARK + original.prompt_version,
            mode=Arm.PERCEPTION if reasoner is None else Arm.ALL,
            profile=self.scorer.profile,
            results_dir=self.out,
        )


def _import_folder(original: OriginalFolder, target: _ImportTarget) -> list[Imported]:
    benchmark = target.benchmark
    root = target.out / f"{MARK}{original.prompt_version}" / original.dataset
    folder = root / original.perceiver
    _require_replaceable(folder)
    described = _table(original.described, DESCRIPTION, benchmark)
    folder.mkdir(parents=True, exist_ok=True)
    _write_json(root / "benchmark.json", {"path": str(benchmark.path), "sha256": benchmark.sha256})
    results = [_described(sample, original.perceiver, described) for sample in benchmark]
    with replacing(folder / "descriptions.jsonl") as draft, draft.open("wb") as file:
        for result in results:
            row = result_row(result)
            line = {name: row[name] for name in _DESCRIBED}
            file.write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))
    export_parquet(folder / "descriptions.jsonl", folder / "descriptions.parquet")
    imported = [Imported(original.described, folder, Counter(result.status.value for result in results))]
    _write_manifest(imported[0], target, target.config(original, None))
    for reasoner, path in original.answered():
        _require_replaceable(folder / reasoner)
        answers = _table(path, PREDICTION, benchmark)
        imported.append(_import_answers(answers, described, folder / reasoner, target))
        _write_manifest(imported[-1], target, target.config(original, reasoner))
    return imported


def _import_answers(table: OriginalTable, described: OriginalTable, folder: Path, target: _ImportTarget) -> Imported:
    """Write one reasoner's predictions and scores."""
    folder.mkdir(parents=True, exist_ok=True)
    statuses: Counter[str] = Counter()
    predictions = folder / "predictions.jsonl"
    with replacing(predictions) as draft, draft.open("wb") as file:
        for sample in target.benchmark:
            result = _answered(sample, table, described, folder, target.scorer)
            statuses[result.status.value] += 1
            file.write(orjson.dumps(result_row(result), option=orjson.OPT_APPEND_NEWLINE))
    export_parquet(predictions, predictions.with_suffix(".parquet"))
    scores = summarise(predictions, profile=target.scorer.profile, kind=target.scorer.kind)
    write_scores(scores, folder)
    return Imported(table.path, folder, statuses, scores)


def _described(sample: Sample, perceiver: str, *tables: OriginalTable) -> SampleResult:
    """Return a sample with the description from the first table that has a row for it."""
    rows = [row for table in tables if (row := table.row(sample)) is not None and DESCRIPTION in row]
    if not rows:
        return SampleResult(sample, SampleStatus.NOT_RUN, failure=f"not in {tables[-1].path.name}")
    reply = completion(rows[0], DESCRIPTION)
    picture = 0 if len(sample.images) == 1 else None
    steps = (StepRecord("perceive", perceiver, reply, picture=picture),)
    if not reply.usable:
        return SampleResult(sample, SampleStatus.FAILED, steps=steps, failure=_failure(DESCRIPTION, reply))
    return SampleResult(sample, SampleStatus.DONE, description=reply.text.strip(), steps=steps)


def _answered(
    sample: Sample, table: OriginalTable, described: OriginalTable, folder: Path, scorer: Scorer
) -> SampleResult:
    perceiver, reasoner = folder.parent.name, folder.name
    # The answer table's own copy of the description is what the reasoner was given.
    result = _described(sample, perceiver, table, described)
    row = table.row(sample)
    if row is None:
        return SampleResult(sample, SampleStatus.NOT_RUN, result.description, failure=f"not in {table.path.name}")
    if result.failure is not None:  # the original then gave its reasoner the failure text as the description
        return result
    reply = completion(row, PREDICTION)
    failure = None if reply.usable else _failure("answer", reply)
    return SampleResult(
        sample,
        SampleStatus.DONE if failure is None else SampleStatus.FAILED,
        result.description,
        (*result.steps, StepRecord("reason", reasoner, reply)),
        scorer.score(reply.text, sample) if failure is None else None,
        failure,
    )


def _failure(what: str, reply: Completion) -> str:
    return f"{what}: {reply.outcome.value}: {reply.detail}"


def _table(path: Path, column: str, benchmark: Benchmark) -> OriginalTable:
    table = OriginalTable(path, column)
    table.require_known(benchmark)
    return table


def _require_replaceable(folder: Path) -> None:
    """Check that a folder holds no results of prism's own run; imported ones may be replaced.

    Raises:
        UserError: it does.
    """
    try:
        manifest = read_manifest(folder / MANIFEST)
    except (OSError, ValueError):
        return
    if _IMPORTED not in manifest:
        raise UserError(f"{folder}: prism's own results are here; give another folder with --results-dir")


def _write_manifest(imported: Imported, target: _ImportTarget, config: RunConfig) -> None:
    statuses, benchmark = imported.statuses, target.benchmark
    samples: dict[str, Any] = {"cached": 0} | {status.value: statuses[status.value] for status in SampleStatus}
    content = {
        "schema": SCHEMA,
        "prism_engine": __version__,
        "finished_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "status": "complete" if set(statuses) <= {SampleStatus.DONE.value} else "incomplete",
        _IMPORTED: {"path": str(imported.source), "sha256": _digest([imported.source])},
        "config": config.model_dump(mode="json"),
        "scoring": {"answer_kind": target.scorer.kind.value, "profile": target.scorer.profile},
        "benchmark": {
            "name": benchmark.name,
            "path": str(benchmark.path),
            "sha256": benchmark.sha256,
            "samples": len(benchmark),
            "rows_without_image": benchmark.dropped,
        },
        "models": {},
        "samples": samples,
        "stages": {},
    }
    _write_json(imported.folder / MANIFEST, content)


def _write_json(path: Path, content: Any) -> None:
    with replacing(path) as draft:
        draft.write_bytes(orjson.dumps(content, option=orjson.OPT_INDENT_2))


def _digest(paths: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.read_bytes())
    return digest.hexdigest()
