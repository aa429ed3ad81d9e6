"""Reads finished runs from their folders: models, mode and the score of each sample."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace
from functools import cached_property
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import orjson

from prism_engine.errors import ConfigError, UserError
from prism_engine.records import AnswerKind
from prism_engine.report.scores.manifest import MANIFEST, upgraded
from prism_engine.report.scores.predictions import reading, scan, scored_rows
from prism_engine.scoring import SCORERS, recorded_profile, scorer_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import polars as pl

    from prism_engine.report.scores.inference import Numbers
    from prism_engine.scoring import Scored, Scorer

PREDICTIONS: Final = "predictions.jsonl"
SCORES: Final = "scores.json"
_MAX_NAME_BYTES: Final = 180  # file systems allow 255, and sampling, answer kind and profile are appended
_OWN_FILE: Final = re.compile(r"[a-z]+\.(json|jsonl|parquet|sqlite|csv|md|xlsx)", re.IGNORECASE)
"""Names as prism gives its files, next to which folders are."""
JUDGED: Final = "judged-"
"""How the name of a folder with a run's judged results starts, inside the run's own folder."""
_COLUMNS: Final = ("index", "category", "l2_category", "images", "question", "target", "extracted", "score", "status")
_DECOUPLED: Final = ("all", "reasoning")
"""Modes in which the reasoner answers from the perceiver's descriptions."""


@dataclass(frozen=True, slots=True)
class Setting:
    """A run's identity, as shown to people."""

    benchmark: str
    mode: str
    """`all` also covers runs that took all descriptions from the cache (`reasoning`)."""
    perceiver: str | None
    """Its name, plus whatever its folder's name adds, such as a different output limit."""
    reasoner: str | None
    instruction: str | None
    profile: str
    """The scoring profile; never an alias."""
    vlm: str | None = None
    """The perceiver's bare name, which matches direct runs with decoupled ones."""

    @property
    def who(self) -> str:
        """The models that answer."""
        models = " + ".join(name for name in (self.perceiver, self.reasoner) if name)
        plain = self.mode == "all" and self.instruction == "generic"
        return models if plain else f"{models} ({self.instruction if self.mode == 'all' else self.mode})"

    def __str__(self) -> str:
        return f"{self.who} on {self.benchmark}"


@dataclass(frozen=True)
class FinishedRun:
    """A result folder."""

    folder: Path
    setting: Setting
    manifest: Mapping[str, Any]
    scores: Mapping[str, Any]
    """Content of `scores.json`; empty if there is none."""
    table: pl.DataFrame
    """A row per sample in the benchmark's order: see `_COLUMNS`."""
    suffix: str = ""
    """What the names of its files have before their ending, if it is read under another profile: `-v1`."""

    @property
    def values(self) -> Numbers:
        """Scores in the table's order, NaN where a sample has none."""
        return self.table["score"].to_numpy()

    @cached_property
    def scorer(self) -> Scorer | None:
        """The scorer of its answer kind under its profile; None if its files do not name a kind that is known."""
        recorded = self.manifest.get("scoring")
        kind = recorded.get("answer_kind") if isinstance(recorded, dict) else None
        kind = self.scores.get("kind") if kind is None else kind
        if kind not in [known.value for known in SCORERS]:
            return None
        try:
            return scorer_of(AnswerKind(kind), self.setting.profile)
        except ConfigError:  # a profile of another version of prism
            return None

    @cached_property
    def rows(self) -> tuple[Scored, ...]:
        """Its rows as scorers fold them, without the replies; read again from its file."""
        return tuple(replace(row, reply=None) for row in scored_rows(self.folder / _named(PREDICTIONS, self.suffix)))

    @property
    def tags(self) -> dict[str, str]:
        """Labels of the run; empty if it has none."""
        tags = self.manifest["config"].get("tags")
        return {str(key): str(value) for key, value in tags.items()} if isinstance(tags, dict) else {}

    def about(self, role: str) -> Mapping[str, Any]:
        """Return the registry's metadata of a model (`perceiver`, `reasoner`) at the time of the run; empty if none."""
        model = self.manifest.get("models", {}).get(role) or {}
        return model.get("about") or {}


def find_runs(paths: Sequence[Path], profile: str | None = None) -> list[FinishedRun]:
    """Read the runs in these folders; each is a run folder or contains run folders at any depth.

    Runs that only describe have no predictions and are skipped. Results inside a run's folder (`judged-JUDGE`) are
    that run again, so they are read only if they are named.

    Args:
        profile: as for `read_run`.

    Raises:
        UserError: a folder contains no run, a file cannot be read, or two runs are the same experiment.
    """
    folders: dict[Path, None] = {}
    for path in paths:
        found = [path] if (path / PREDICTIONS).is_file() else sorted(_run_folders(path))
        if not found:
            if not path.is_dir():
                raise UserError(f"{path}: no such folder; `prism runs` lists runs")
            raise UserError(f"{path}: no finished run in it (a folder with {PREDICTIONS}); `prism runs` lists runs")
        folders.update(dict.fromkeys(found))
    by_setting: dict[Setting, FinishedRun] = {}
    for run in _disambiguated(read_runs(folders, profile)):
        if (same := by_setting.setdefault(run.setting, run)) is not run:
            raise UserError(f"{same.folder} and {run.folder}: both are {run.setting}; name only one of the two folders")
    return list(by_setting.values())


def _run_folders(path: Path) -> Iterator[Path]:
    for file in path.rglob(PREDICTIONS):
        folder = file.parent
        if not (folder.name.startswith(JUDGED) and (folder.parent / PREDICTIONS).is_file()):
            yield folder


def read_runs(folders: Iterable[Path], profile: str | None = None) -> list[FinishedRun]:
    """Read runs; what those of one benchmark have in common (questions, pictures, ...) is in memory once.

    Args:
        profile: as for `read_run`.

    Raises:
        UserError: as `read_run`.
    """
    firsts: dict[str, pl.DataFrame] = {}
    runs = []
    for folder in folders:
        run = read_run(folder, profile)
        first, own = firsts.setdefault(run.setting.benchmark, run.table), run.table
        same = [first[name] for name in first.columns if own[name].equals(first[name], null_equal=True)]
        runs.append(replace(run, table=own.with_columns(same)))
    return runs


def read_run(folder: Path, profile: str | None = None) -> FinishedRun:
    """Read one run.

    Args:
        profile: read its scores under this profile, which `prism score` has written next to its own if they differ;
            None reads its own.

    Raises:
        UserError: a file is missing or malformed.
    """
    manifest = _manifest(folder / MANIFEST)
    try:
        setting = _setting(folder, manifest)
    except (KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{folder / MANIFEST}: lacks {error}; rerun the same command to rewrite it.") from error
    suffix = "" if profile in (None, setting.profile) else f"-{profile}"
    predictions = folder / _named(PREDICTIONS, suffix)
    with reading(predictions):
        table = scan(predictions, _COLUMNS).collect().rechunk()  # the batches reserve several times what they hold
    if table["index"].is_duplicated().any():
        duplicate = table.filter(table["index"].is_duplicated())["index"][0]
        raise UserError(f"{predictions}, index {duplicate}: two rows have this index, so runs cannot be matched by it.")
    own = folder / _named(SCORES, suffix)
    scores = _scores(own) if own.is_file() else {}
    return FinishedRun(folder, replace(setting, profile=profile or setting.profile), manifest, scores, table, suffix)


def _named(name: str, suffix: str) -> str:
    return name.replace(".", f"{suffix}.")


def _manifest(path: Path) -> dict[str, Any]:
    try:
        return upgraded(path, _json(path))
    except ValueError as error:
        raise UserError(f"{path}: {error}; rerun the same command to rewrite it.") from error


def _scores(path: Path) -> dict[str, Any]:
    """Return the content of a file of scores; what something is computed from are numbers."""
    scores = _json(path)
    rows = [scores.get("overall") or {}, *_objects(path, scores, "groups")]
    metrics = _objects(path, scores, "metrics")
    numbers = [row.get("chance") if isinstance(row, dict) else row for row in rows]
    numbers += [metric.get(name) for metric in metrics for name in ("value", "maximum")]
    if not all(number is None or (isinstance(number, int | float) and isfinite(number)) for number in numbers):
        raise UserError(f"{path}: holds a score that is no number; rerun the same command to rewrite it.")
    if any(not metric.get("name") or not metric.get("maximum") for metric in metrics):
        raise UserError(f"{path}: holds a metric without name or maximum; rerun the same command to rewrite it.")
    return scores


def _objects(path: Path, scores: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    found = scores.get(name, [])
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise UserError(f"{path}: `{name}` is no list of objects; rerun the same command to rewrite it.")
    return found


def _json(path: Path) -> dict[str, Any]:
    try:
        content = orjson.loads(path.read_bytes())
    except (OSError, orjson.JSONDecodeError) as error:
        raise UserError(f"{path}: cannot be read ({error}); rerun the same command to rewrite it.") from error
    if not isinstance(content, dict):
        raise UserError(f"{path}: is not a JSON object; rerun the same command to rewrite it.")
    return content


def _setting(folder: Path, manifest: dict[str, Any]) -> Setting:
    config = manifest["config"]
    mode = "all" if config["mode"] in _DECOUPLED else config["mode"]
    first = f"-first{config['samples']}" if config.get("samples") else ""
    typed, profile = str(config["profile"]), _profile(manifest)
    names = {"all": (folder.parent.name, folder.name), "direct": (folder.name, "")}.get(mode, ("", folder.name))
    perceiver, reasoner = (
        _label(str(config[role]), name.removesuffix(f"-{typed}").removesuffix(f"-{profile}"))
        if name and config[role]
        else None
        for role, name in zip(("perceiver", "reasoner"), names, strict=True)
    )
    instruction = _instruction(folder, config, manifest["benchmark"]["name"]) if mode == "all" else None
    vlm = _short(str(config["perceiver"])) if perceiver else None
    return Setting(f"{manifest['benchmark']['name']}{first}", mode, perceiver, reasoner, instruction, profile, vlm)


def _profile(manifest: Mapping[str, Any]) -> str:
    """Return the rules that the rows were scored by: the judge's in a judged folder, else the run's."""
    judge, scoring = manifest.get("judge") or {}, manifest.get("scoring") or {}
    return recorded_profile(str(judge.get("profile") or scoring.get("profile") or manifest["config"]["profile"]))


def _instruction(folder: Path, config: dict[str, Any], benchmark: str) -> str:
    """Return the instruction's name from its folder, which is short even for a custom instruction."""
    if len(folder.parents) > 2 and folder.parents[1].name.startswith(folder_name(benchmark)):
        return folder.parents[2].name
    return str(config["instruction"])


def _label(name: str, folder: str) -> str:
    """Return a model's name plus its folder's suffix, such as a different output limit (`-2048`)."""
    short = _short(name)
    # Folders of earlier versions have no digest in their names.
    for prefix in (folder_name(short), _without_unsafe(short)):
        if folder.startswith(prefix):
            return short + folder[len(prefix) :]
    return short


def folder_name(name: str) -> str:
    """Return a folder's name for a name; one that had to be changed gets a short digest, so no two names share one."""
    safe = _without_unsafe(name)
    safe = safe.encode()[:_MAX_NAME_BYTES].decode(errors="ignore")
    if safe == name and name and not _OWN_FILE.fullmatch(name):
        return name
    return f"{safe or '_'}-{hashlib.sha256(name.encode(errors='surrogatepass')).hexdigest()[:8]}"


def _without_unsafe(name: str) -> str:
    return re.sub(r"[^\w.+~=@-]+", "_", name).strip(".")


def _short(name: str) -> str:
    return Path(name).name if Path(name).is_absolute() or name.startswith(".") else name


def _disambiguated(runs: Iterable[FinishedRun]) -> list[FinishedRun]:
    """Append the start of the digest to the names of benchmarks that share a name but not a file."""
    runs = list(runs)
    files: dict[str, set[str]] = {}
    for run in runs:
        files.setdefault(run.setting.benchmark, set()).add(_digest(run))
    return [
        run
        if len(files[run.setting.benchmark]) == 1
        else replace(run, setting=replace(run.setting, benchmark=f"{run.setting.benchmark}-{_digest(run)[:8]}"))
        for run in runs
    ]


def _digest(run: FinishedRun) -> str:
    return str(run.manifest["benchmark"].get("sha256"))
