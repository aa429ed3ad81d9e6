"""A finished run scored again, under one set of rules or several: no model, no network, only its predictions file."""

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
from prism_engine.report.scores.predictions import rows_of, sample_of
from prism_engine.scoring import AnswerCounts, known_profile, scorer_of
from prism_engine.scoring.judged import score_with_review

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import BinaryIO

    from prism_engine.report import DrawScores, Scores
    from prism_engine.scoring import Scorer

PREDICTIONS: Final = "predictions.jsonl"
NEEDED: Final = ("reply", "target", "options")
"""What scoring goes by, beside what every row has."""
RECORDED: Final = "as run"
"""The column of the scores that the run itself has given."""


@dataclass(frozen=True)
class Rescoring:
    """What scoring a run again came to."""

    folder: Path
    scores: dict[str, Scores]
    """By what follows `scores-` in the names of their files; of several draws of a question those of the first."""
    sensitivity: Sensitivity
    """Between all of them and the scores that the run has given; over all draws."""
    draws: dict[str, DrawScores] = field(default_factory=dict)
    """What all draws come to, by the same names; empty where questions are asked once."""


def find_predictions(results_dir: Path, run: str) -> Path:
    """Return the predictions file of a run: its folder, the file itself, or what `prism runs` calls it.

    Raises:
        UserError: there is no such run, or it answered nothing.
    """
    given = Path(run)
    folder = given.parent if given.name == PREDICTIONS else given
    if not (folder / PREDICTIONS).is_file():
        folder = find_run_state(results_dir, run).folder
    if not (folder / PREDICTIONS).is_file():
        raise UserError(f"{folder}: this run has no {PREDICTIONS} to score; it only describes, or has not ended yet")
    return folder / PREDICTIONS


def rescore(predictions: Path, profiles: Sequence[str], kind: AnswerKind | None = None) -> Rescoring:
    """Score a run's replies again and write what comes of it beside the run's own files.

    Per profile `scores-{profile}.json`, `.csv`, `.md` and `predictions-{profile}.jsonl`; for all of them together
    `sensitivity.jsonl` (the rows on which they, or the run's own scores, differ) and `sensitivity.json` (totals).
    Where `draws.jsonl` lies beside the predictions, every draw is scored: `draws-{profile}.jsonl`, `.json` and `.md`.

    Args:
        kind: what a right answer is; None: what the run took it for, else what its rows look like. Another kind
            than the run's is part of the files' names.

    Raises:
        ConfigError: there is no such profile, or nothing scores that kind.
        UserError: the predictions are damaged, or a file cannot be written.
    """
    folder = predictions.parent
    own = _recorded_kind(predictions)
    kind = kind or own
    prefix = "" if kind is own else f"{kind.value}-"
    scorers = {f"{prefix}{name}": scorer_of(kind, name) for name in dict.fromkeys(map(known_profile, profiles))}
    source = Answers.of(folder)
    targets = {name: replace(source, name=f"-{name}") for name in scorers}
    with ExitStack() as opened:
        files = {name: opened.enter_context(_writing(target.every)) for name, target in targets.items()}
        panel = Sensitivity((RECORDED, *scorers), opened.enter_context(_writing(folder / "sensitivity.jsonl")))
        for row in rows_of(source.every, *NEEDED):
            _score_row(row, scorers, files, panel)
    wrong = _counts_failed_as_wrong(folder)
    folded = {name: targets[name].fold(scorer, failed_as_wrong=wrong) for name, scorer in scorers.items()}
    panel.write(folder / "sensitivity.json")
    draws = {name: one.draws for name, one in folded.items() if one.draws is not None}
    return Rescoring(folder, {name: one.scores for name, one in folded.items()}, panel, draws)


def _counts_failed_as_wrong(folder: Path) -> bool:
    """Say whether the run does; one that does not say so does not."""
    try:
        config = orjson.loads((folder / "manifest.json").read_bytes()).get("config")
    except (OSError, orjson.JSONDecodeError, AttributeError):
        return False
    return isinstance(config, dict) and config.get("failed") == "wrong"


@contextmanager
def _writing(path: Path) -> Iterator[BinaryIO]:
    with replacing(path) as draft, draft.open("wb") as file:
        yield file


def _score_row(
    row: dict[str, Any], scorers: Mapping[str, Scorer], files: Mapping[str, BinaryIO], panel: Sensitivity
) -> None:
    found = {RECORDED: Score(row.get("score"), row.get("extracted"))}
    answered = row["status"] == SampleStatus.DONE and row["reply"] is not None
    sample = sample_of(row)
    review = (row.get("judge") or {}).get("review")
    for name, scorer in scorers.items():
        score = score_with_review(scorer, row["reply"], sample, review) if answered else Score(None)
        found[name] = score
        line = row | {"extracted": score.answer, "score": score.value}
        files[name].write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))
    if answered:
        panel.add(row, found)


def _recorded_kind(predictions: Path) -> AnswerKind:
    """Return what the run took an answer for; of a run that does not say, what its benchmark's name or rows say."""
    try:
        manifest = orjson.loads((predictions.parent / "manifest.json").read_bytes())
    except (OSError, orjson.JSONDecodeError):
        manifest = {}
    noted = manifest.get("scoring", {}).get("answer_kind")
    if noted in tuple(AnswerKind):
        return AnswerKind(noted)
    name = str(manifest.get("benchmark", {}).get("name", ""))
    return AnswerCounts.of(map(sample_of, rows_of(predictions, *NEEDED))).kind(name)
