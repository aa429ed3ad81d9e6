"""Exports a run's descriptions and answers to result folders in the original's format."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import orjson

from prism_engine.api.results.rescoring import PREDICTIONS, SCORING_FIELDS
from prism_engine.api.results.status import STATUS_NAME, RunState, find_run_state
from prism_engine.config import Arm
from prism_engine.datasets import open_benchmark
from prism_engine.errors import ConfigError, UserError
from prism_engine.original.layout import DESCRIPTION, FAILED, LOG, MARK, PREDICTION, SUCCESS, SUFFIX
from prism_engine.records import Sample, SampleStatus
from prism_engine.report.pages.workbook import write_workbook
from prism_engine.report.scores.manifest import MANIFEST, check_schema, read_manifest
from prism_engine.report.scores.predictions import ROW_SCHEMA, rows_of, sample_of

if TYPE_CHECKING:
    from collections.abc import Iterator

WorkbookRow = dict[str, str | None]
_DESCRIPTIONS: Final = "descriptions.jsonl"
_OWN: Final = (DESCRIPTION, PREDICTION, LOG)


@dataclass(frozen=True)
class Exported:
    """One exported Excel file."""

    path: Path
    rows: int
    failed: int
    """Rows that hold the original's marker for a failed call instead of a text."""
    cut: int
    """Rows with a text too long for an Excel cell."""


def export_original(results_dir: Path, run: str, out: Path) -> list[Exported]:
    """Write `<model>_description.xlsx` and `<reasoner>/<reasoner>.xlsx` into `<prompt_version>/<dataset>/<model>/`.

    Rows that failed or were not run are included, with the original's marker for a failed call.

    Args:
        run: its folder, or its name in `prism runs`.

    Raises:
        UserError: there is no such run, it has no descriptions, or a file already exists.
    """
    folder = _folder(results_dir, run)
    manifest = _manifest(folder)
    mode = Arm.named(manifest["config"]["mode"])
    if not mode.describes:
        raise UserError(f"{folder}: mode {mode.name} has no descriptions, which the original's result files require")
    root = folder.parent if mode.answers else folder
    target = out / root.parents[1].name.removeprefix(MARK) / root.parents[0].name / root.name
    files = {target / f"{root.name}{SUFFIX}": DESCRIPTION}
    if mode.answers:
        files[target / folder.name / f"{folder.name}.xlsx"] = PREDICTION
    if existing := [path for path in files if path.exists()]:
        raise UserError(f"{existing[0]}: already exists; remove it, or give another folder")
    rows = list(_answered_rows(folder / PREDICTIONS) if mode.answers else _described_rows(folder, manifest))
    return [_write(path, rows, column) for path, column in files.items()]


def _folder(results_dir: Path, run: str) -> Path:
    folder = Path(run).parent if Path(run).is_file() else Path(run)
    if not any((folder / name).is_file() for name in (PREDICTIONS, _DESCRIPTIONS)):
        folder = find_run_state(results_dir, run).folder
    return folder.resolve()


def _manifest(folder: Path) -> dict[str, Any]:
    path = folder / MANIFEST
    try:
        manifest = read_manifest(path)
        Arm.named(manifest["config"]["mode"])
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise UserError(f"{path}: cannot be read ({error}); name the folder of a finished run") from error
    return manifest


def _answered_rows(predictions: Path) -> Iterator[WorkbookRow]:
    for row in rows_of(predictions, *SCORING_FIELDS):
        done = row["status"] == SampleStatus.DONE
        yield _columns(sample_of(row)) | {
            DESCRIPTION: row.get("description") or FAILED,
            PREDICTION: row["reply"] if done else FAILED,
            LOG: SUCCESS if done else row.get("failure"),
        }


def _described_rows(folder: Path, manifest: dict[str, Any]) -> Iterator[WorkbookRow]:
    """Yield the rows of a run that only describes; the questions come from the benchmark."""
    descriptions = {}
    with (folder / _DESCRIPTIONS).open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            row = orjson.loads(line)
            check_schema(folder / _DESCRIPTIONS, row, ROW_SCHEMA, number)
            descriptions[row["index"]] = row["description"]
    started = _started_in(folder)
    paths = manifest["benchmark"]["path"], manifest["config"]["cache_dir"]
    with open_benchmark(*(started / path for path in paths)) as benchmark:
        for sample in benchmark:
            if sample.index in descriptions:
                yield _columns(sample) | {DESCRIPTION: descriptions[sample.index] or FAILED}


def _started_in(folder: Path) -> Path:
    """Return the folder in which a run's relative paths start; the current one if the run has no readable status."""
    with suppress(ConfigError):
        return RunState.read(folder / STATUS_NAME).cwd
    return Path()


def _columns(sample: Sample) -> WorkbookRow:
    """Return the benchmark's columns as the original writes them, without the picture."""
    return {
        "index": sample.index,
        "question": sample.question,
        "hint": sample.hint,
        **{option.letter: option.text for option in sample.options},
        "answer": sample.answer,
        "category": sample.category,
        "l2-category": sample.l2_category,
        "split": sample.split,
        **{name: text for name, text in sample.extra.items() if name not in _OWN},
    }


def _write(path: Path, rows: list[WorkbookRow], column: str) -> Exported:
    """Write a file whose main column is `column`: descriptions or predictions."""
    names = list(dict.fromkeys(name for row in rows for name, value in row.items() if value is not None))
    letters = sorted(name for name in names if len(name) == 1 and name.isupper())
    first = [name for name in ("index", "question", "hint") if name in names]
    others = [name for name in names if name not in (*first, *letters, *_OWN)]
    results = [DESCRIPTION] if column == DESCRIPTION else _OWN
    header = [*first, *letters, *others, *results]
    path.parent.mkdir(parents=True, exist_ok=True)
    cut = write_workbook(path, header, ([row.get(name) for name in header] for row in rows))
    return Exported(path, len(rows), sum(row.get(column) == FAILED for row in rows), len(cut))
