"""All answers of a run before a judge: which are open, the window of those under way, and what came of each row."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import islice
from typing import TYPE_CHECKING, Any

from prism_engine.errors import DeadError, PrismError
from prism_engine.judging.rows import Answered, answered_of, group_of
from prism_engine.records import SampleStatus
from prism_engine.report.predictions import rows_of, sample_of, scored_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from prism_engine.engine.progress import Progress
    from prism_engine.engine.scheduler import Stop
    from prism_engine.judging.referee import Referee, Verdict
    from prism_engine.scoring import Scorer


class Resolved(StrEnum):
    """How an answer came to its score."""

    MATCHED = "matched"
    """By rules; no judge was needed."""
    JUDGED = "judged"
    """By the judge's review."""
    SPARED = "spared"
    """By none: rules could not read it, and its group is decided without it."""
    UNSCORED = "unscored"
    """Not: no review could be read."""
    ABSENT = "absent"
    """Not: there is no answer."""


@dataclass
class Docket:
    """The answers of one predictions file, sorted by whether a judge could still change their result."""

    scorer: Scorer
    groups: dict[str, list[Answered]] = field(default_factory=dict)
    """Groups with an open answer, whole, in the benchmark's order."""
    unsettled: set[str] = field(default_factory=set)
    """Indices of the open answers."""

    @classmethod
    def of(cls, predictions: Path, scorer: Scorer) -> Docket:
        """Read a predictions file, and score each answer by rules, whatever profile it was scored by before.

        Memory: the rows of open groups.

        Raises:
            UserError: the file is absent or damaged.
        """
        unsettled = set(scorer.unsettled(scored_of(row) for row in rescored(predictions, scorer)))
        wanted = {group_of(scorer.kind, scored_of(row)) for row in rows_of(predictions) if row["index"] in unsettled}
        groups: defaultdict[str, list[Answered]] = defaultdict(list)
        for row in rescored(predictions, scorer) if wanted else ():
            if (group := group_of(scorer.kind, scored_of(row))) in wanted:
                groups[group].append(answered_of(row))
        return cls(scorer, dict(groups), unsettled)

    def open_answers(self) -> Iterator[Answered]:
        """Yield the answers that may have to be judged."""
        return (row for group in self.groups.values() for row in group if row.sample.index in self.unsettled)


def rescored(predictions: Path, scorer: Scorer) -> Iterator[dict[str, Any]]:
    """Yield the rows of a predictions file as the scorer's rules alone score them.

    Raises:
        UserError: as `rows_of`.
    """
    for row in rows_of(predictions):
        row.pop("judge", None)
        if row["status"] == SampleStatus.DONE and row.get("reply") is not None:
            score = scorer.score(row["reply"], sample_of(row))
            row |= {"extracted": score.answer, "score": score.value}
        yield row


async def judge_all(
    docket: Docket, referee: Referee, *, width: int, progress: Progress, stop: Stop
) -> dict[str, Verdict]:
    """Judge all open groups, `width` of them at once; the verdicts by index.

    Trouble that concerns every answer requests the stop and ends the session; what was judged is in the cache.
    """
    verdicts: dict[str, Verdict] = {}
    groups = iter(docket.groups.values())

    async def work() -> None:
        while not stop.requested and (group := next(groups, None)) is not None:
            try:
                found = await referee.settle(group)
            except PrismError as error:  # NotRunError among them: it stops already, or there is no judge to ask
                stop.request(error)
                return
            verdicts.update(found)
            for verdict in found.values():
                _count(progress, verdict)

    async with asyncio.TaskGroup() as tasks:
        for _ in islice(docket.groups, width):
            tasks.create_task(work())
    if not stop.requested and verdicts and all(not verdict.heard for verdict in verdicts.values()):
        reason = next(iter(verdicts.values())).failures[-1]
        stop.request(DeadError(f"the judge has answered nothing at all: {reason}"))
    return verdicts


def _count(progress: Progress, verdict: Verdict) -> None:
    if verdict.review is None:
        progress.failed += 1
    else:
        progress.done += 1


def judged_rows(
    predictions: Path, docket: Docket, verdicts: dict[str, Verdict], judge: str, counts: Counter[Resolved]
) -> Iterator[dict[str, Any]]:
    """Yield the rows of a predictions file with their verdicts, and count how each was resolved.

    Raises:
        UserError: as `rows_of`.
    """
    for row in rescored(predictions, docket.scorer):
        index = row["index"]
        note: dict[str, Any] = {}
        if row["status"] != SampleStatus.DONE:
            resolved = Resolved.ABSENT
        elif (verdict := verdicts.get(index)) is not None:
            resolved = Resolved.UNSCORED if verdict.review is None else Resolved.JUDGED
            row |= {"extracted": verdict.score.answer, "score": verdict.score.value}
            note = {"review": verdict.review, "asked": verdict.asked, "failures": list(verdict.failures)}
        else:
            resolved = Resolved.SPARED if index in docket.unsettled else Resolved.MATCHED
        counts[resolved] += 1
        yield row | {"judge": {"model": judge, "resolved": resolved.value, **note}}
