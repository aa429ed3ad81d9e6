"""Scores repeated draws per question: mean accuracy, best of n and majority vote, with clustered intervals."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

import orjson

from prism_engine.records import SampleStatus
from prism_engine.report.atomic import replacing
from prism_engine.report.scores.inference import as_numbers, clustered_share, clusters_of
from prism_engine.report.scores.predictions import as_wrong, rows_of
from prism_engine.report.scores.statistics import FAILED_AS_WRONG
from prism_engine.scoring import REFUSAL

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from prism_engine.report.scores.inference import Labels


@dataclass(frozen=True, slots=True)
class AccuracyEstimate:
    """An accuracy from 0 to 1 with its 95 % interval; all None if nothing was scored, no interval for one picture."""

    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class DrawScores:
    """Scores over all draws of all questions.

    Draws of one question, and questions about one picture, are not independent: the intervals are those of
    `clustered_share`, with pictures as clusters.
    """

    profile: str
    questions: int
    draws: int
    """Draws of all questions (lines of the file)."""
    scored: int
    """Draws that were compared with a target."""
    failed: int
    not_run: int
    mean: AccuracyEstimate
    """Over all scored draws."""
    best: AccuracyEstimate
    """Over questions: the best of each question's draws."""
    majority: AccuracyEstimate
    """Over questions: the most frequent answer, the earliest one on ties. Draws without an answer, including refusals,
    have no vote; a question without votes is wrong."""


def summarise_draws(path: Path, *, profile: str, failed_as_wrong: bool = False) -> DrawScores:
    """Aggregate a file of draws, in which the draws of each question are consecutive, into scores.

    Memory use: two numbers per draw, and each question's picture digests.

    Raises:
        UserError: the file is missing or damaged.
    """
    scores: list[float] = []
    question_numbers: list[int] = []
    best: list[float] = []
    majority: list[float] = []
    pictures: list[Sequence[str]] = []
    statuses: Counter[str] = Counter()
    questions = 0
    for _, group in groupby(rows_of(path, "position", "images"), key=lambda row: row["position"]):
        rows = list(group)
        questions += 1
        statuses.update(row["status"] for row in rows)
        if failed_as_wrong:
            rows = list(map(as_wrong, rows))
        scored = [row for row in rows if row["score"] is not None]
        if not scored:
            continue
        scores += (row["score"] for row in scored)
        question_numbers += [len(pictures)] * len(scored)
        best.append(max(row["score"] for row in scored))
        majority.append(vote(scored))
        pictures.append(scored[0]["images"])
    clusters = clusters_of(pictures)
    return DrawScores(
        profile + FAILED_AS_WRONG if failed_as_wrong else profile,
        questions,
        draws=sum(statuses.values()),
        scored=len(scores),
        failed=statuses[SampleStatus.FAILED],
        not_run=statuses[SampleStatus.NOT_RUN],
        mean=estimated(scores, clusters[question_numbers]),
        best=estimated(best, clusters),
        majority=estimated(majority, clusters),
    )


def vote(rows: Sequence[dict[str, Any]]) -> float:
    """Return the score of the most frequent answer; 0 if no row has an answer."""
    voters = [row for row in rows if row["extracted"] is not None and row["extracted"] != REFUSAL]
    if not voters:
        return 0.0
    ((winner, _),) = Counter(row["extracted"] for row in voters).most_common(1)  # on ties the first counted
    return float(next(row["score"] for row in voters if row["extracted"] == winner))


def write_draw_scores(scores: DrawScores, folder: Path, stem: str = "draws") -> None:
    """Write draws.json and draws.md (or with another stem) into an existing folder, each atomically.

    Raises:
        UserError: a file cannot be written.
    """
    table = ["| Of all draws | Accuracy % | 95 % interval |", "| --- | ---: | ---: |"]
    table += [f"| {' | '.join(cells)} |" for cells in draw_rows(scores)]
    counts = f"{scores.questions} questions, {scores.draws} draws: {scores.scored} scored, {scores.failed} failed"
    text = f"Matching profile: {scores.profile}\n\n{counts}, {scores.not_run} not run\n\n" + "\n".join(table) + "\n"
    for name, content in (
        (f"{stem}.json", orjson.dumps(scores, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)),
        (f"{stem}.md", text.encode()),
    ):
        with replacing(folder / name) as draft:
            draft.write_bytes(content)


def draw_rows(scores: DrawScores) -> list[tuple[str, str, str]]:
    """Return the estimates formatted for people: name, accuracy in %, interval."""
    named = (("mean", scores.mean), ("best of each question", scores.best), ("majority vote", scores.majority))
    return [
        (name, percent(estimate.value), f"{percent(estimate.low)} - {percent(estimate.high)}")
        for name, estimate in named
    ]


def estimated(values: Sequence[float], clusters: Labels) -> AccuracyEstimate:
    """Return a mean of values from 0 to 1 with its clustered interval; for none, an estimate of None."""
    if not values:
        return AccuracyEstimate(None, None, None)
    share = clustered_share(as_numbers(values), clusters)
    if share.clusters == 1:
        return AccuracyEstimate(share.value, None, None)
    return AccuracyEstimate(share.value, share.low, share.high)


def percent(share: float | None) -> str:
    """Return a share in % with one decimal; a dash for None."""
    return "-" if share is None else f"{100 * share:.1f}"
