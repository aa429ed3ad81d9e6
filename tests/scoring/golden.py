"""The golden tables, scored as in a run: benchmark file, samples, scorer, predictions file, scores."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from prism_engine.config.benchmarks import answer_kind
from prism_engine.datasets import open_benchmark
from prism_engine.engine.journal import result_row
from prism_engine.records import Completion, Outcome, SampleResult, SampleStatus, StepRecord
from prism_engine.report.scores.statistics import summarise
from prism_engine.scoring import scorer_of

if TYPE_CHECKING:
    from prism_engine.report.scores.statistics import Scores
    from prism_engine.scoring import Metric, Scorer

GOLDEN = Path(__file__).parents[1] / "golden"


def expected(table: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((GOLDEN / f"{table}.expected.json").read_text(encoding="utf-8"))
    return found


def replies(table: str) -> dict[str, str]:
    lines = (GOLDEN / f"{table}.predictions.jsonl").read_text(encoding="utf-8").split("\n")
    return {str(row["index"]): row["prediction"] for row in map(json.loads, filter(None, lines))}


class Scoring:
    """One golden table under one profile; a sample without a prediction was not run."""

    def __init__(self, table: str, profile: str, folder: Path, *, cached: Path | None = None) -> None:
        predictions = replies(table)
        path = folder / f"{Path(table).name}-{profile}.jsonl"
        with (
            open_benchmark(GOLDEN / f"{table}.tsv", cached or folder / "cache") as benchmark,
            path.open("wb") as file,
        ):
            self.scorer: Scorer = scorer_of(
                answer_kind(Path(table).stem.removesuffix("Like")) or benchmark.kind, profile
            )
            for sample in benchmark:
                result = SampleResult(sample, SampleStatus.NOT_RUN)
                if (text := predictions.get(sample.index)) is not None:
                    reply = Completion(Outcome.OK, text)
                    score = self.scorer.score(text, sample)
                    result = SampleResult(sample, SampleStatus.DONE, "seen", (StepRecord("reason", "r", reply),), score)
                file.write(orjson.dumps(result_row(result)) + b"\n")
        self.path = path
        self.rows = {row["index"]: row for row in map(orjson.loads, path.read_bytes().splitlines())}
        self.scores: Scores = summarise(path, profile=profile, kind=self.scorer.kind)

    def metric(self, name: str, group: str | None = None, split: str | None = None) -> Metric | None:
        for metric in self.scores.metrics:
            if (metric.name, metric.group, metric.split) == (name, group, split):
                return metric
        return None
