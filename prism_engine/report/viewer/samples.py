"""Reads the samples of a benchmark with the answers of all its runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, cast

from prism_engine.errors import UserError
from prism_engine.report.scores.finished import JUDGED, PREDICTIONS
from prism_engine.report.scores.predictions import draw_of, rows_of
from prism_engine.report.viewer.outcomes import outcome_of
from prism_engine.report.viewer.shown_replies import (
    Row,
    Texts,
    by_question,
    options_of,
    reply_of,
    review_of,
    text_of,
    without_empty,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from prism_engine.report.effects.failures import Attribution
    from prism_engine.report.scores.aligned import AlignedRuns
    from prism_engine.report.scores.finished import FinishedRun
    from prism_engine.report.viewer.contract import Review, ShownAnswer, ShownReply, ShownSample
    from prism_engine.report.viewer.prompt_templates import PromptBook

_EVERY: Final = ("rotations", "draws", "predictions")
"""Answer files, the most complete first."""

_SHAPES: Final[Mapping[str, tuple[type, ...]]] = {
    **dict.fromkeys(("images", "description_outcomes", "steps"), (list,)),
    **dict.fromkeys(("description_draw", "answer_draw", "rotation"), (int,)),
    "score": (float, int),
}
"""Fields that are more than shown, with their types."""
Reviews = dict[tuple[str, tuple[int, int, int]], "Review"]
"""A judge's reviews by index and draw."""


@dataclass
class RunAnswers:
    """One run's rows, by question."""

    id: int
    run: FinishedRun
    verdicts: Sequence[Attribution] | None
    """Of each sample of the benchmark; None if the run is not decoupled."""
    prompts: PromptBook | None = None
    """Full prompts of its calls; None if they are not looked for."""
    rows: dict[str, list[Row]] = field(default_factory=dict)
    reviews: Reviews = field(default_factory=dict)
    totals: dict[str, tuple[str | None, float | None, str]] = field(default_factory=dict)
    """Answer, score and status of each question as a whole."""

    def read(self) -> None:
        """Read the rows, and the reviews of a judge next to them.

        Raises:
            UserError: a file is damaged.
        """
        self.rows = by_question(_sound(answers_file(self.run.folder, self.run.suffix)), self.run.scorer)
        self.totals = {
            index: (extracted, score, status)
            for index, extracted, score, status in self.run.table.select(
                "index", "extracted", "score", "status"
            ).iter_rows()
        }
        for folder in sorted(self.run.folder.glob(f"{JUDGED}*")):
            if (folder / PREDICTIONS).is_file():
                self.reviews |= _reviews(answers_file(folder, ""))

    def answer(self, first: Row, position: int, texts: Texts) -> ShownAnswer | None:
        """Return the answer to a question; None if the run lacks it.

        Args:
            first: the row that stands for the question, of whichever run.
            position: of the sample in the benchmark, for its verdict.
            texts: the sample's descriptions, which grow.
        """
        index = first["index"]
        rows = self.rows.get(index)
        if not rows or index not in self.totals:
            return None
        replies = [self._reply(row, first, texts, alone=len(rows) == 1) for row in rows]
        extracted, score, status = self.totals[index]
        flags = sorted({flag for reply in replies[:1] for flag in reply.get("flags", ())})
        optional = {
            "flags": flags or None,
            "score": score,
            "extracted": extracted,
            "verdict": None if self.verdicts is None else self.verdicts[position].value,
        }
        answer: ShownAnswer = {"outcome": outcome_of(status, score), "replies": replies}
        answer.update(cast("ShownAnswer", without_empty(optional)))
        return answer

    def _reply(self, row: Row, first: Row, texts: Texts, *, alone: bool) -> ShownReply:
        reply = reply_of(row, first, texts, alone=alone)
        if "review" not in reply and (review := self.reviews.get((row["index"], draw_of(row)))) is not None:
            reply["review"] = review
        if self.prompts is not None and "steps" in reply:
            self.prompts.add_to(reply["steps"], row, first)
        return reply


def answers_file(folder: Path, suffix: str) -> Path:
    """Return the file with all answers of a run: of its rotations if there are some, else of its draws."""
    files = [folder / f"{name}{suffix}.jsonl" for name in _EVERY]
    return next((file for file in files if file.is_file()), files[-1])


def _sound(file: Path) -> Iterator[Row]:
    """Yield the rows of a file whose lists and calls are such, as in every file that prism wrote.

    Raises:
        UserError: as `rows_of`; names a row that is not.
    """
    for row in rows_of(file):
        malformed = [name for name, kinds in _SHAPES.items() if not isinstance(row.get(name) or kinds[0](), kinds)]
        if malformed or not all(map(_is_step, row.get("steps") or ())):
            raise UserError(
                f"{file}, index {row['index']}: not a row of predictions (malformed {(malformed or ['steps'])[0]}); "
                "rerun the same command to rewrite it."
            )
        yield row


def _is_step(step: object) -> bool:
    """Whether a value has the parts of a step that are not only shown."""
    return (
        isinstance(step, dict)
        and isinstance(step.get("usage") or {}, dict)
        and isinstance(step.get("key") or "", str)
        and isinstance(step.get("text") or "", str)
    )


def _reviews(file: Path) -> Reviews:
    found = ((row, review_of(row)) for row in _sound(file))
    return {(row["index"], draw_of(row)): review for row, review in found if review is not None}


def samples_of(aligned: AlignedRuns, runs: Sequence[RunAnswers], benchmark: int, first: int) -> Iterator[ShownSample]:
    """Yield the samples of a benchmark with the answers of all its runs.

    Args:
        runs: with their rows read.
        benchmark: the benchmark's position in the report.
        first: the id of its first sample.
    """
    for position, index in enumerate(aligned.samples["index"]):
        known = next((run.rows[index][0] for run in runs if run.rows.get(index)), None)
        if known is None:
            continue
        texts = Texts()
        answers = {str(run.id): run.answer(known, position, texts) for run in runs}
        sample = _question(known) | {"id": first + position, "benchmark": benchmark, "index": index}
        yield cast("ShownSample", sample | {"descriptions": texts.all, "answers": without_empty(answers)})


def _question(row: Mapping[str, Any]) -> dict[str, Any]:
    optional = {name: text_of(row.get(name)) for name in ("category", "l2_category", "split", "hint", "target")}
    return {
        "question": text_of(row.get("question")) or "",
        "images": [str(digest) for digest in row.get("images") or ()],
        **({"options": options} if (options := options_of(row)) else {}),
        **without_empty(optional),
    }
