"""Judging the answers of one file: finds the open ones, judges them concurrently, records each row's outcome."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from prism_engine.engine.journal import step_row
from prism_engine.engine.scheduler import MAX_ROUNDS, nothing_answered, run_all, stop_if_failing
from prism_engine.judging.answered_rows import Answered, answered_of
from prism_engine.records import SampleStatus
from prism_engine.report.scores.predictions import draw_of, rows_of, sample_of, scored_of, steps_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from prism_engine.engine.progress import Progress
    from prism_engine.engine.scheduler import Stop
    from prism_engine.judging.answer_judge import AnswerJudge, Verdict
    from prism_engine.scoring import Scored, Scorer

RowKey = tuple[tuple[int, int, int], str]
"""A draw and rotation (see `draw_of`), with the index of an answer or the name of a group of answers."""


class Resolved(StrEnum):
    """How an answer got its score."""

    MATCHED = "matched"
    """By rules; no judge was needed."""
    JUDGED = "judged"
    """By the judge's review."""
    SPARED = "spared"
    """Rules could not read it, but its group is decided without it, so the judge was not asked."""
    UNSCORED = "unscored"
    """No score: no review could be read."""
    ABSENT = "absent"
    """No score: there is no answer."""


@dataclass
class OpenAnswers:
    """The answers of one file whose result a judge could still change.

    Each draw and each rotation of the questions is treated as if it were the only one.
    """

    scorer: Scorer
    groups: dict[RowKey, list[Answered]] = field(default_factory=dict)
    """Complete groups with at least one open answer, in the benchmark's order."""
    unsettled: set[RowKey] = field(default_factory=set)
    """The open answers."""

    @classmethod
    def of(cls, answers: Path, scorer: Scorer) -> OpenAnswers:
        """Read predictions or draws, and score each answer by rules, whatever profile it was scored with before.

        Memory: the rows of open groups; for rotations, also the scores of all rows while reading.

        Raises:
            UserError: the file is missing or damaged.
        """
        pending = cls(scorer)
        for key, group in _groups(rescored(answers, scorer), scorer):
            if indices := scorer.unsettled(group):
                pending.groups[key] = []
                pending.unsettled.update((key[0], index) for index in indices)
        for row in rescored(answers, scorer) if pending.groups else ():
            if (rows := pending.groups.get(_group_key(row, scorer))) is not None:
                rows.append(answered_of(row))
        return pending

    def open_answers(self) -> Iterator[Answered]:
        """Yield the answers that may need a judge."""
        return (
            row for group in self.groups.values() for row in group if (row.draw, row.sample.index) in self.unsettled
        )


def _groups(rows: Iterable[dict[str, Any]], scorer: Scorer) -> Iterator[tuple[RowKey, list[Scored]]]:
    """Yield rows that are scored together: a single row at once, rotations of a question after reading all rows."""
    rotations: defaultdict[RowKey, list[Scored]] = defaultdict(list)
    for row in rows:
        key, scored = _group_key(row, scorer), scored_of(row)
        if scorer.rotated:
            rotations[key].append(scored)
        else:
            yield key, [scored]
    yield from rotations.items()


def _group_key(row: dict[str, Any], scorer: Scorer) -> RowKey:
    return draw_of(row), scorer.group_of(scored_of(row))


def rescored(answers: Path, scorer: Scorer) -> Iterator[dict[str, Any]]:
    """Yield the rows of predictions or draws, scored by the scorer's rules alone.

    Raises:
        UserError: as `rows_of`.
    """
    for row in rows_of(answers):
        if row.pop("judge", None) is not None and "steps" in row:
            row["steps"] = [step for step in steps_of(row) if step["stage"] != "judge"]
        if row["status"] == SampleStatus.DONE and row.get("reply") is not None:
            score = scorer.score(row["reply"], sample_of(row))
            row |= {"extracted": score.answer, "score": score.value}
        yield row


async def judge_all(
    pending: OpenAnswers,
    judge: AnswerJudge,
    *,
    width: int,
    progress: Progress,
    stop: Stop,
    max_failures: int | None = None,
) -> dict[RowKey, Verdict]:
    """Judge all open groups, at most `width` at once; return the verdicts by answer.

    Answers whose calls failed are taken up again after all others. An error that affects every answer requests the stop
    and ends the session; finished reviews are in the cache.

    Args:
        max_failures: how many answers may stay without a verdict; one more requests the stop. None continues.
    """
    verdicts: dict[RowKey, Verdict] = {}

    async def judge_group(keyed: tuple[RowKey, list[Answered]]) -> None:
        (draw, _), group = keyed
        for index, verdict in (await judge.judge_group(group)).items():
            if (earlier := verdicts.get((draw, index))) is not None:
                _count(progress, earlier, -1)
            verdicts[draw, index] = verdict
            _count(progress, verdict)
        stop_if_failing(progress.failed, progress.total, max_failures, "answers", stop)

    await run_all(pending.groups.items(), judge_group, width=width, stop=stop)
    for _ in range(1, MAX_ROUNDS):
        # Calls that failed are made again after all others: the problem may be gone. Unreadable reviews are final.
        failed = {key for key, verdict in verdicts.items() if not verdict.responded}
        if stop.requested or not failed or len(failed) == len(verdicts):
            break
        judge.model.forget_failures()
        groups = [
            (key, group)
            for key, group in pending.groups.items()
            if any((row.draw, row.sample.index) in failed for row in group)
        ]
        await run_all(groups, judge_group, width=width, stop=stop)
    if not stop.requested and verdicts and all(not verdict.responded for verdict in verdicts.values()):
        stop.request(nothing_answered(next(iter(verdicts.values())).failures[-1]))
    return verdicts


def _count(progress: Progress, verdict: Verdict, by: int = 1) -> None:
    if verdict.review is None:
        progress.failed += by
    else:
        progress.done += by


def judged_rows(
    answers: Path, pending: OpenAnswers, verdicts: dict[RowKey, Verdict], judge: str, counts: Counter[Resolved]
) -> Iterator[dict[str, Any]]:
    """Yield the rows of predictions or draws with their verdicts; count in `counts` how each was resolved.

    Raises:
        UserError: as `rows_of`.
    """
    for row in rescored(answers, pending.scorer):
        key = draw_of(row), row["index"]
        note: dict[str, Any] = {}
        if row["status"] != SampleStatus.DONE:
            resolved = Resolved.ABSENT
        elif (verdict := verdicts.get(key)) is not None:
            resolved = Resolved.UNSCORED if verdict.review is None else Resolved.JUDGED
            row |= {"extracted": verdict.score.answer, "score": verdict.score.value}
            if "steps" in row:  # a row of version 1 stays one: its earlier steps are not known
                row["steps"] = [*steps_of(row), *map(step_row, verdict.steps)]
            note = {"review": verdict.review, "asked": verdict.asked, "failures": list(verdict.failures)}
        else:
            resolved = Resolved.SPARED if key in pending.unsettled else Resolved.MATCHED
        counts[resolved] += 1
        yield row | {"judge": {"model": judge, "resolved": resolved.value, **note}}
