"""The results table of a sweep: one row per run with its models, accuracy and interval."""

from __future__ import annotations

import csv
import hashlib
import io
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Self

from prism_engine.report import AccuracyEstimate, replacing
from prism_engine.report.neutral import csv_cell, markdown_cell

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from prism_engine.api.runs.execution import RunReport


@dataclass(frozen=True)
class SweepRow:
    """One run of a sweep; fields that its mode does not use are None."""

    benchmark: str
    perceiver: str | None
    instruction: str | None
    reasoner: str | None
    reasoning: str | None
    """Reasoning effort and thinking budget of the run; None if the registry's hold."""
    mode: str
    profile: str
    status: str
    samples: int
    scored: int
    failed: int
    not_run: int
    accuracy: float | None
    """Over the scored samples, including all draws, with the options as they are; None if there are none."""
    accuracy_low: float | None
    """Lower end of the 95 % interval."""
    accuracy_high: float | None
    tokens_per_answer: float | None
    """Mean output tokens of an answer, including reasoning; None if no reply reports them."""
    answers_cost: float | None
    """US dollars that all answers cost by their model's price, whichever run paid; None if one is unknown."""
    robust_accuracy: float | None
    """Share of questions that are right in every rotation of their options; None if no options are rotated."""
    folder: str
    """Of its results, relative to the results folder."""
    tags: str
    """Its labels, as `key=value, key=value`; empty if it has none."""

    @classmethod
    def of(cls, report: RunReport) -> Self:
        """Return the row of a run."""
        config, progress, scores = report.config, report.progress, report.judged or report.scores
        judged = "" if report.judged is None else f", judged by {config.judge}"
        overall = scores.overall if scores is not None else None
        draws, bias = report.judged_draws or report.draws, report.judged_bias or report.bias
        accuracy = AccuracyEstimate(None, None, None)
        if draws is not None:
            accuracy = draws.mean
        elif overall is not None:
            accuracy = AccuracyEstimate(overall.accuracy, overall.accuracy_low, overall.accuracy_high)
        tokens, cost = (None, None) if scores is None else report.answer_usage
        return cls(
            benchmark=report.benchmark,
            perceiver=config.perceiver_label,
            instruction=config.instruction_label,
            reasoner=config.reasoner_label,
            reasoning=config.effort_label,
            mode=config.mode.name,
            profile=config.profile if scores is None else scores.profile + judged,
            status=report.status.value,
            samples=progress.total,
            scored=draws.scored if draws else overall.scored if overall else 0,
            failed=progress.failed,
            not_run=progress.not_run,
            accuracy=accuracy.value,
            accuracy_low=accuracy.low,
            accuracy_high=accuracy.high,
            tokens_per_answer=tokens,
            answers_cost=cost,
            robust_accuracy=None if bias is None else bias.robust.value,
            folder=str(report.folder.relative_to(config.results_dir)),
            tags=tags_line(config.tags),
        )

    def cells(self) -> tuple[str, ...]:
        """Return the row as display text under `HEADER`; percentages have one decimal."""
        models = (self.perceiver, self.instruction, self.reasoner, self.reasoning)
        labels = (self.benchmark, *(name or "-" for name in models), self.mode)
        low, high = _percent(self.accuracy_low), _percent(self.accuracy_high)
        interval = "-" if self.accuracy is None else f"{low} - {high}"
        robust = _percent(self.robust_accuracy)
        missing = f"{self.failed + self.not_run:,}"
        tokens = "-" if self.tokens_per_answer is None else f"{self.tokens_per_answer:,.0f}"
        cost = "-" if not self.answers_cost else f"{self.answers_cost:.4g}"
        counts = (f"{self.samples:,}", _percent(self.accuracy), interval, robust, tokens, cost, missing)
        return (*labels, *counts, self.status, self.tags)


HEADER = (
    "Benchmark",
    "Perceiver",
    "Instruction",
    "Reasoner",
    "Reasoning",
    "Mode",
    "Samples",
    "Accuracy %",
    "95 % interval",
    "Robust %",
    "Tokens/answer",
    "Answers $",
    "No answer",
    "Status",
    "Tags",
)
"""Column headings of `SweepRow.cells`."""
TEXT_COLUMNS = 6
"""The first columns, which are text."""


def shown_columns(rows: Sequence[Sequence[str]]) -> list[int]:
    """Return the columns of `SweepRow.cells` in which any row has something."""
    return [place for place in range(len(HEADER)) if any(row[place].strip("-") for row in rows)]


def tags_line(tags: Mapping[str, str]) -> str:
    """Return a run's labels for a table's cell."""
    return ", ".join(f"{key}={value}" for key, value in tags.items())


def write_sweep(reports: Sequence[RunReport]) -> Path:
    """Write the table of a sweep as CSV and Markdown to its results folder; return the Markdown file's path.

    The file name is a digest of the runs' folders, so that repeating a sweep replaces only its own table.

    Raises:
        UserError: a file cannot be written.
    """
    rows = [SweepRow.of(report) for report in reports]
    digest = hashlib.sha256("\n".join(row.folder for row in rows).encode()).hexdigest()[:8]
    results = reports[0].config.results_dir
    results.mkdir(parents=True, exist_ok=True)
    path = results / f"sweep-{digest}.md"
    for target, content in ((path.with_suffix(".csv"), _csv(rows)), (path, _markdown(rows))):
        with replacing(target) as draft:
            draft.write_text(content, encoding="utf-8")
    return path


def _csv(rows: Sequence[SweepRow]) -> str:
    table = io.StringIO()
    writer = csv.DictWriter(table, [field.name for field in fields(SweepRow)], lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: csv_cell(cell) for name, cell in asdict(row).items()})
    return table.getvalue()


def _markdown(rows: Sequence[SweepRow]) -> str:
    cells = [row.cells() for row in rows]
    lines = [HEADER, tuple("---" if column < TEXT_COLUMNS else "---:" for column in range(len(HEADER))), *cells]
    shown = shown_columns(cells)
    return "\n".join(f"| {' | '.join(markdown_cell(line[place]) for place in shown)} |" for line in lines) + "\n"


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f}"
