"""Reads a finished run's files for judging and writes the judged results to a subfolder."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import orjson

from prism_engine.api.results.answer_files import Answers
from prism_engine.api.results.model_folders import JUDGE, Origin, folder_of_models
from prism_engine.errors import UserError
from prism_engine.judging.reviewing import OpenAnswers
from prism_engine.records import AnswerKind
from prism_engine.report import replacing, write_lines
from prism_engine.report.scores.finished import JUDGED, folder_name
from prism_engine.report.scores.manifest import MANIFEST, read_manifest
from prism_engine.scoring import known_profile, recorded_profile, scorer_of
from prism_engine.unwritable import unwritable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from prism_engine.api.results.answer_files import Folded
    from prism_engine.config.judging import JudgeConfig
    from prism_engine.records import ModelIdentity


@dataclass(frozen=True)
class Case:
    """One run to judge."""

    run: Path
    answers: Answers
    """The run's own answers."""
    judged: Answers
    """Where the judged answers go."""
    manifest: dict[str, Any]
    pending: OpenAnswers

    @property
    def failed_as_wrong(self) -> bool:
        """Whether the run counts samples with a failed call as wrong."""
        config = self.manifest.get("config")
        return isinstance(config, dict) and config.get("failed") == "wrong"


def open_case(run: Path, config: JudgeConfig, identity: ModelIdentity) -> Case:
    """Read a finished run's answers.

    Args:
        identity: the judge's; another judge of the same name gets a separate folder.

    Raises:
        UserError: they are missing or unreadable.
    """
    try:
        manifest = read_manifest(run / MANIFEST)
        run_profile, kind = (
            recorded_profile(manifest["scoring"]["profile"]),
            AnswerKind(manifest["scoring"]["answer_kind"]),
        )
    except OSError as error:
        raise UserError(f"{run}: no finished run found here ({error.strerror}); `prism runs` lists them") from error
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(f"{run / MANIFEST}: not a run's manifest; repeat the run to rewrite it") from error
    answers = Answers.of(run)
    profile = run_profile if config.profile is None else known_profile(config.profile)
    judge = folder_name(config.judge)
    folder = run / (f"{JUDGED}{judge}" if profile == run_profile else f"{JUDGED}{judge}-{profile}")
    judged = replace(answers, folder=folder_of_models(folder, {JUDGE: Origin.of(identity)}))
    return Case(run, answers, judged, manifest, OpenAnswers.of(answers.every, scorer_of(kind, profile)))


def write_case(case: Case, rows: Iterator[dict[str, Any]], judge: Callable[[], dict[str, Any]]) -> Folded:
    """Write the judged results, each file atomically.

    Args:
        rows: one per answer.
        judge: returns the manifest's record of the judge; called once all rows are written.

    Raises:
        UserError: a file cannot be read or written.
    """
    judged = case.judged
    try:
        judged.folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(unwritable(judged.folder, error)) from error
    write_lines(judged.every, (orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in rows))
    folded = judged.fold(case.pending.scorer, failed_as_wrong=case.failed_as_wrong, parquet=True)
    with replacing(judged.folder / MANIFEST) as draft:
        draft.write_bytes(orjson.dumps({**case.manifest, "judge": judge()}, option=orjson.OPT_INDENT_2))
    return folded
