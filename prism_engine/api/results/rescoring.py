"""Re-scores a finished run under one or more scoring profiles, from its predictions file alone."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import orjson

from prism_engine.api.results.answer_files import Answers
from prism_engine.api.results.status import find_run_state
from prism_engine.errors import UserError
from prism_engine.records import AnswerKind, SampleStatus, Score
from prism_engine.report import Sensitivity, replacing
from prism_engine.report.scores.manifest import MANIFEST, read_manifest
from prism_engine.report.scores.predictions import rows_of, sample_of
from prism_engine.scoring import AnswerCounts, known_profile, scorer_of
from prism_engine.scoring.judged import score_with_review

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import BinaryIO

    from prism_engine.report import DrawScores, PositionBias, Scores
    from prism_engine.scoring import Scorer

PREDICTIONS: Final = "predictions.jsonl"
SCORING_FIELDS: Final = ("reply", "target", "options")
"""Fields that scoring needs in addition to those of every row."""
RECORDED: Final = "as run"
"""The column of the run's own scores."""


@dataclass(frozen=True)
class Rescoring:
    """The outcome of re-scoring a run."""

    folder: Path
    scores: dict[str, Scores]
    """By the suffix of their file names (`scores-{suffix}`); of each question's first draw."""
    sensitivity: Sensitivity
    """Differences among these and the run's own scores, over all draws and rotations."""
    draws: dict[str, DrawScores] = field(default_factory=dict)
    """Scores of all draws by the same suffixes; empty if questions are asked once."""
    bias: dict[str, PositionBias] = field(default_factory=dict)
    """Over all rotations, by the same suffixes; empty if no options are rotated."""


def find_predictions(results_dir: Path, run: str) -> Path:
    """Return the predictions file of a run, given by its folder, the file itself or its name in `prism runs`.

    Raises:
        UserError: there is no such run, or it has no answers.
    """
    given = Path(run)
    folder = given.parent if given.name == PREDICTIONS else given
    if not (folder / PREDICTIONS).is_file():
        folder = find_run_state(results_dir, run).folder
    if not (folder / PREDICTIONS).is_file():
        raise UserError(f"{folder}: this run has no {PREDICTIONS} to score; it only describes or is not finished")
    return folder / PREDICTIONS


def rescore(predictions: Path, profiles: Sequence[str], kind: AnswerKind | None = None) -> Rescoring:
    """Score a run's replies again and write the results next to the run's own files.

    Per profile: `scores-{profile}.json`, `.csv`, `.md` and `predictions-{profile}.jsonl`. For all profiles together:
    `sensitivity.jsonl` (the rows on which they or the run's own scores differ) and `sensitivity.json` (totals).
    If the run has a `draws.jsonl`, every draw is scored: `draws-{profile}.jsonl`, `.json` and `.md`; so are rotations.

    Args:
        kind: the answer kind to score as; None takes the run's recorded kind, else the one inferred from its benchmark
            or rows. A kind other than the run's becomes part of the file names.

    Raises:
        ConfigError: there is no such profile, or no scorer for that kind.
        UserError: the predictions are damaged, or a file cannot be written.
    """
    folder = predictions.parent
    run_kind = _recorded_kind(predictions)
    kind = kind or run_kind
    prefix = "" if kind is run_kind else f"{kind.value}-"
    scorers = {f"{prefix}{name}": scorer_of(kind, name) for name in dict.fromkeys(map(known_profile, profiles))}
    source = Answers.of(folder)
    targets = {name: replace(source, name=f"-{name}") for name in scorers}
    with ExitStack() as opened:
        files = {name: opened.enter_context(_writing(target.every)) for name, target in targets.items()}
        sensitivity = Sensitivity((RECORDED, *scorers), opened.enter_context(_writing(folder / "sensitivity.jsonl")))
        for row in rows_of(source.every, *SCORING_FIELDS):
            _score_row(row, scorers, files, sensitivity)
    wrong = _counts_failed_as_wrong(folder)
    folded = {name: targets[name].fold(scorer, failed_as_wrong=wrong) for name, scorer in scorers.items()}
    sensitivity.write(folder / "sensitivity.json")
    draws = {name: result.draws for name, result in folded.items() if result.draws is not None}
    bias = {name: result.bias for name, result in folded.items() if result.bias is not None}
    return Rescoring(folder, {name: result.scores for name, result in folded.items()}, sensitivity, draws, bias)


def _counts_failed_as_wrong(folder: Path) -> bool:
    """Whether the run counts failed samples as wrong, by its manifest; False if that does not say."""
    try:
        config = read_manifest(folder / MANIFEST).get("config")
    except (OSError, ValueError):
        return False
    return isinstance(config, dict) and config.get("failed") == "wrong"


@contextmanager
def _writing(path: Path) -> Iterator[BinaryIO]:
    with replacing(path) as draft, draft.open("wb") as file:
        yield file


def _score_row(
    row: dict[str, Any], scorers: Mapping[str, Scorer], files: Mapping[str, BinaryIO], sensitivity: Sensitivity
) -> None:
    scores = {RECORDED: Score(row.get("score"), row.get("extracted"))}
    answered = row["status"] == SampleStatus.DONE and row["reply"] is not None
    sample = sample_of(row)
    review = (row.get("judge") or {}).get("review")
    for name, scorer in scorers.items():
        score = score_with_review(scorer, row["reply"], sample, review) if answered else Score(None)
        scores[name] = score
        line = row | {"extracted": score.answer, "score": score.value}
        files[name].write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))
    if answered:
        sensitivity.add(row, scores)


def _recorded_kind(predictions: Path) -> AnswerKind:
    """Return the run's recorded answer kind; if it has none, infer it from the benchmark's name or the rows."""
    try:
        manifest = read_manifest(predictions.parent / MANIFEST)
    except (OSError, ValueError):
        manifest = {}
    recorded = manifest.get("scoring", {}).get("answer_kind")
    if recorded in tuple(AnswerKind):
        return AnswerKind(recorded)
    name = str(manifest.get("benchmark", {}).get("name", ""))
    return AnswerCounts.of(map(sample_of, rows_of(predictions, *SCORING_FIELDS))).kind(name)
