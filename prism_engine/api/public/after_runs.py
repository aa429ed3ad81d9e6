"""`judge`, `grade`, `score`, `compare`, `analyze` and `write_report`, for runs given by report, folder or name."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, Unpack

from prism_engine.api.analysis.analysis_folder import analyze as analyze_folders
from prism_engine.api.analysis.report_file import PICTURES
from prism_engine.api.analysis.report_file import write_report as write_file
from prism_engine.api.analysis.two_runs import compare_runs
from prism_engine.api.judging.grading import grade as grade_rows
from prism_engine.api.judging.judge_runs import judge_runs
from prism_engine.api.public.keywords import config_of, registry_or_default
from prism_engine.api.results.rescoring import find_predictions
from prism_engine.api.results.rescoring import rescore as rescore_run
from prism_engine.api.results.status import STATUS_NAME, RunState
from prism_engine.api.runs.execution import RunReport
from prism_engine.config.judging import GradingConfig, JudgeConfig
from prism_engine.errors import ConfigError
from prism_engine.records import AnswerKind
from prism_engine.report.viewer.thumbnails import SIDE

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Literal

    from prism_engine.api.analysis.analysis_folder import AnalysisReport
    from prism_engine.api.analysis.report_file import ReportFile
    from prism_engine.api.analysis.two_runs import ComparedRuns
    from prism_engine.api.judging.grading import GradingReport
    from prism_engine.api.judging.judge_runs import JudgeReport
    from prism_engine.api.results.rescoring import Rescoring
    from prism_engine.api.runs.execution import ProgressDisplay
    from prism_engine.config import ModelSpec, Registry
    from prism_engine.config.judging import GradingOptions, JudgeOptions

RunLike: TypeAlias = RunReport | str | Path
"""A finished run: its report, its folder, or enough of its name in the results folder to identify it."""

RESULTS = Path("results")


def judge(
    runs: RunLike | Iterable[RunLike],
    /,
    judge: str,
    *,
    registry: Registry | None = None,
    watch: ProgressDisplay | None = None,
    **options: Unpack[JudgeOptions],
) -> list[JudgeReport]:
    """Send the answers that rules could not read to a judge, one run after another: `prism judge`.

    Every review is cached before it counts, so the same call resumes. Judged results go into a subfolder of each run;
    the run's own results stay unchanged. Signals and event loops: as `prism_engine.run`.

    Args:
        runs: finished runs.
        judge: any model of the registry, a hub id, a checkpoint's folder, or one of VLMEvalKit's names for judges.
        registry: all models by name; None takes those that ship with prism. The models of this user's own
            runs are added; those of received runs are not.
        watch: shows progress.
        options: the fields of `JudgeConfig`, by name. Runs given by name are looked up in `results_dir`; the default
            of `results_dir` and `cache_dir` is that of the first run given by its report.

    Returns:
        A report per run, in order.

    Raises:
        UserError: a run is not found or has no predictions, or an option is invalid; nothing was called.
        DeadError: the judge does not answer.
        StoreError: the cache or the ledger cannot be opened.
        KeyboardInterrupt: stopped at once; finished reviews are in the cache.
    """
    given = _listed(runs)
    reports = [run for run in given if isinstance(run, RunReport)]
    folders_of_first = (
        {name: getattr(reports[0].config, name) for name in ("cache_dir", "results_dir")} if reports else {}
    )
    config = config_of(JudgeConfig, {**folders_of_first, **options, "judge": judge})
    folders = [_folder(run, config.results_dir) for run in given]
    models: dict[str, ModelSpec] = {}
    for run, folder in zip(given, folders, strict=True):
        models |= run.config.models if isinstance(run, RunReport) else _models_of(folder)
    config = config.model_copy(update={"models": {**models, **config.models}})
    return judge_runs(folders, config, registry_or_default(registry), watch=watch)


def grade(
    rows: str | Path,
    /,
    judge: str,
    *,
    registry: Registry | None = None,
    watch: ProgressDisplay | None = None,
    **options: Unpack[GradingOptions],
) -> GradingReport:
    """Grade responses from 1 to 5 by a rubric, and measure agreement with other scores: `prism grade`.

    Args:
        rows: JSON lines in Perception-Bench's format, or with `instruction`, `response`, `reference`, `image` and
            `rubric`.
        judge: as `judge`.
        registry: all models by name; None takes those that ship with prism.
        watch: shows progress.
        options: the fields of `GradingConfig`, by name.

    Raises:
        UserError: rows, rubrics, scores to compare with or an option are invalid; nothing was called.
        DeadError: the judge does not answer.
        StoreError: the cache cannot be opened.
        KeyboardInterrupt: stopped at once; finished gradings are in the cache.
    """
    config = config_of(GradingConfig, {**options, "rows": rows, "judge": judge})
    return grade_rows(config, registry_or_default(registry), watch=watch)


def score(
    run: RunLike,
    /,
    profiles: str | Iterable[str] = "prism",
    *,
    answer_kind: AnswerKind | str | None = None,
    results_dir: str | Path = RESULTS,
) -> Rescoring:
    """Score a run's replies again under one or more profiles, from its files alone: `prism score`.

    Args:
        run: a finished run.
        profiles: `prism` (the newest version), `prism-1`, `prism-2`, `v1`, `v2`, `v3`.
        answer_kind: the answer kind to score as; None takes the run's own.
        results_dir: where a run given by name is looked up.

    Raises:
        UserError: the run is not found or damaged, there is no such profile or kind, or a file cannot be written.
    """
    names = [profiles] if isinstance(profiles, str) else list(profiles)
    return rescore_run(_predictions(run, results_dir), names, _kind(answer_kind))


def compare(
    first: RunLike,
    second: RunLike,
    /,
    *,
    out: str | Path | None = None,
    rescore: str | None = None,
    results_dir: str | Path = RESULTS,
) -> ComparedRuns:
    """Compare two runs sample by sample: by how much the second is better, where, and what flipped: `prism compare`.

    Args:
        first: a finished run.
        second: a finished run of the same benchmark.
        out: a folder for the tables; None writes none.
        rescore: score both runs by this profile first; None takes their own scores.
        results_dir: where runs given by name are looked up.

    Raises:
        UserError: a run is not found or cannot be read, their questions differ, no question is scored in both, or they
            are scored by different versions of prism's rules.
    """
    folders = [str(_folder(run, results_dir)) for run in (first, second)]
    return compare_runs(
        *folders, results_dir=Path(results_dir), out=None if out is None else Path(out), rescore=rescore
    )


def analyze(
    runs: RunLike | Iterable[RunLike] = RESULTS,
    /,
    *,
    out: str | Path = "analysis",
    plots: Literal["png", "svg"] | None = "png",
    rescore: str | None = None,
    browse: bool = True,
    results_dir: str | Path = RESULTS,
) -> AnalysisReport:
    """Analyse finished runs as in the paper, and write tables, plots and a page: `prism analyze`.

    Args:
        runs: finished runs, or folders that contain them at any depth.
        out: the folder for the results; created if it does not exist.
        plots: the plots' file format; None draws none.
        rescore: score all runs by this profile first; None takes their own scores.
        browse: also write `report.html`, as `write_report` does, up to 20,000 samples.
        results_dir: where runs given by name are looked up.

    Raises:
        UserError: there is no run, one cannot be read, `out` cannot be written, or versions of prism's rules differ.
    """
    return analyze_folders(_folders(runs, results_dir), Path(out), plots=plots, rescore=rescore, browse=browse)


def write_report(
    runs: RunLike | Iterable[RunLike] = RESULTS,
    /,
    out: str | Path = "report.html",
    *,
    pictures: int = PICTURES,
    side: int = SIDE,
    rescore: str | None = None,
    cache_dir: str | Path | None = None,
    results_dir: str | Path = RESULTS,
) -> ReportFile:
    """Put finished runs side by side with their pictures into one HTML file that opens anywhere: `prism report`.

    Args:
        runs: finished runs, or folders that contain them at any depth.
        out: the file; replaced if it exists.
        pictures: maximum number of pictures in the file.
        side: pixels of a picture's longer side.
        rescore: score all runs by this profile first; None takes their own scores.
        cache_dir: the cache with the pictures and prompts; None takes that of each run.
        results_dir: where runs given by name are looked up.

    Raises:
        UserError: there is no run, one cannot be read, the file cannot be written, or versions of prism's rules differ.
    """
    cache = None if cache_dir is None else Path(cache_dir)
    folders = _folders(runs, results_dir)
    return write_file(folders, Path(out), pictures=pictures, side=side, rescore=rescore, cache_dir=cache)


def _folders(runs: RunLike | Iterable[RunLike], results_dir: str | Path) -> list[Path]:
    return [
        Path(run) if not isinstance(run, RunReport) and Path(run).is_dir() else _folder(run, results_dir)
        for run in _listed(runs)
    ]


def _listed(runs: RunLike | Iterable[RunLike]) -> list[RunLike]:
    return [runs] if isinstance(runs, (RunReport, str, Path)) else list(runs)


def _folder(run: RunLike, results_dir: str | Path) -> Path:
    return _predictions(run, results_dir).parent


def _predictions(run: RunLike, results_dir: str | Path) -> Path:
    name = run.folder if isinstance(run, RunReport) else run
    return find_predictions(Path(results_dir), str(name))


def _models_of(folder: Path) -> dict[str, ModelSpec]:
    """Return the models that a run's own configuration defines; none if another version, tool or user wrote it."""
    with suppress(ConfigError):
        return RunState.read(folder / STATUS_NAME).models
    return {}


def _kind(answer_kind: AnswerKind | str | None) -> AnswerKind | None:
    if answer_kind is None:
        return None
    try:
        return AnswerKind(answer_kind)
    except ValueError:
        raise ConfigError(f"answer_kind: {answer_kind!r} is not one of {', '.join(AnswerKind)}") from None
