"""Several draws of each question folded into mean accuracy, best of n and majority vote, with clustered intervals."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

import orjson

from prism_engine.errors import UserError
from prism_engine.records import SampleStatus
from prism_engine.report.atomic import replacing
from prism_engine.report.predictions import as_wrong
from prism_engine.report.statistics import FAILED_AS_WRONG, wilson
from prism_engine.scoring import REFUSAL

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

DRAW_FIELDS: Final = ("description_draw", "answer_draw")
"""Fields that a line has beside those of a question which is asked once."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """An accuracy from 0 to 1 with its 95 % interval; None where nothing was scored, or in one picture only."""

    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class DrawScores:
    """What all draws of all questions amount to.

    Draws of one question, and questions about one picture, are no independent trials: the intervals are those of
    cluster sampling with pictures as clusters (the ratio estimator's variance, put into Wilson's interval as an
    effective number of trials).
    """

    profile: str
    questions: int
    draws: int
    """Lines, of all questions."""
    scored: int
    """Draws that were compared with a target."""
    failed: int
    not_run: int
    mean: Estimate
    """Over all scored draws."""
    best: Estimate
    """Over questions: the best of their draws."""
    majority: Estimate
    """Over questions: the answer that most draws gave, of equally frequent ones the first given. Draws without an
    answer, refusals among them, have no vote; where nobody has one, the question is wrong."""


def summarise_draws(path: Path, *, profile: str, failed_as_wrong: bool = False) -> DrawScores:
    """Fold a file of draws, in which the draws of a question come together, into scores.

    Memory: two numbers per picture and estimate.

    Raises:
        UserError: the file is absent or damaged.
    """
    mean, best, majority = _Clusters(), _Clusters(), _Clusters()
    statuses: Counter[str] = Counter()
    questions = 0
    for _, group in groupby(_rows(path), key=lambda row: row["position"]):
        rows = list(group)
        questions += 1
        statuses.update(row["status"] for row in rows)
        if failed_as_wrong:
            rows = list(map(as_wrong, rows))
        scored = [row for row in rows if row["score"] is not None]
        if not scored:
            continue
        cluster = " ".join(scored[0]["images"]) or str(scored[0]["position"])
        for row in scored:
            mean.add(cluster, row["score"])
        best.add(cluster, max(row["score"] for row in scored))
        majority.add(cluster, vote(scored))
    return DrawScores(
        profile + FAILED_AS_WRONG if failed_as_wrong else profile,
        questions,
        draws=sum(statuses.values()),
        scored=mean.trials,
        failed=statuses[SampleStatus.FAILED],
        not_run=statuses[SampleStatus.NOT_RUN],
        mean=mean.estimate(),
        best=best.estimate(),
        majority=majority.estimate(),
    )


def vote(rows: Sequence[dict[str, Any]]) -> float:
    """Return the score of the answer that most rows have; 0 where none has one."""
    voters = [row for row in rows if row["extracted"] is not None and row["extracted"] != REFUSAL]
    if not voters:
        return 0.0
    ((winner, _),) = Counter(row["extracted"] for row in voters).most_common(1)  # of equal ones the first counted
    return float(next(row["score"] for row in voters if row["extracted"] == winner))


def write_draw_scores(scores: DrawScores, folder: Path) -> None:
    """Write draws.json and draws.md, each in one step; the folder exists.

    Raises:
        UserError: a file cannot be written.
    """
    table = ["| Of all draws | Accuracy % | 95 % interval |", "| --- | ---: | ---: |"]
    table += [f"| {' | '.join(cells)} |" for cells in told(scores)]
    counts = f"{scores.questions} questions, {scores.draws} draws: {scores.scored} scored, {scores.failed} failed"
    text = f"Matching profile: {scores.profile}\n\n{counts}, {scores.not_run} not run\n\n" + "\n".join(table) + "\n"
    for name, content in (
        ("draws.json", orjson.dumps(scores, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)),
        ("draws.md", text.encode()),
    ):
        with replacing(folder / name) as draft:
            draft.write_bytes(content)


def told(scores: DrawScores) -> list[tuple[str, str, str]]:
    """Return the estimates for people: name, accuracy in %, interval."""
    named = (("mean", scores.mean), ("best of each question", scores.best), ("majority vote", scores.majority))
    return [(name, _percent(one.value), f"{_percent(one.low)} - {_percent(one.high)}") for name, one in named]


@dataclass
class _Clusters:
    """Sums and counts of one estimate, by cluster."""

    sums: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    counts: Counter[str] = field(default_factory=Counter)

    def add(self, cluster: str, score: float) -> None:
        self.sums[cluster] += score
        self.counts[cluster] += 1

    @property
    def trials(self) -> int:
        return sum(self.counts.values())

    def estimate(self) -> Estimate:
        trials, clusters = self.trials, len(self.counts)
        if not trials:
            return Estimate(None, None, None)
        value = sum(self.sums.values()) / trials
        if clusters == 1:
            return Estimate(value, None, None)
        spread = sum((self.sums[name] - value * count) ** 2 for name, count in self.counts.items())
        variance = spread * clusters / (clusters - 1) / trials**2
        # Where all are alike nothing tells how they vary; pictures are what was drawn independently at least.
        effective = min(value * (1 - value) / variance, trials) if variance else clusters
        low, high = wilson(value * effective, effective)
        return Estimate(value, low, high)


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                row = orjson.loads(line)
                if not isinstance(row, dict) or not {"position", "status", "score", "extracted", "images"} <= set(row):
                    raise UserError(f"{path}, line {number}: not a line of draws; start the same run again.")
                yield row
    except (OSError, orjson.JSONDecodeError) as error:
        raise UserError(f"{path}: cannot be read ({error}); start the same run again to write it anew.") from error


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f}"
