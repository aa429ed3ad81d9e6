"""`prism grade`: responses graded from 1 to 5 by a rubric, by a model that sees the picture."""

# ruff: noqa: TC001 - Typer reads the options
from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from prism_engine.cli.options import (
    CacheDirOption,
    ConcurrencyOption,
    MaxCostOption,
    ModelsFileOption,
    ResultsDirOption,
    RpmOption,
    TpmOption,
)
from prism_engine.cli.show.reports import same_command
from prism_engine.cli.show.tables import exit_code, print_table, stderr, stdout
from prism_engine.config import load_registry
from prism_engine.config.judging import GradingConfig, Template
from prism_engine.config.run_config import default_cache_dir

if TYPE_CHECKING:
    from prism_engine.api.judging.grading import GradingReport
    from prism_engine.report.scores.agreement import Correlation


def grade(  # noqa: PLR0913 - one parameter per option is Typer's way
    rows: Annotated[
        Path,
        typer.Argument(help="JSON lines: Perception-Bench's, or instruction, response, reference, image, rubric."),
    ],
    *,
    judge: Annotated[str, typer.Option("--judge", "-j", help="Who grades: a name of `prism models`, as a perceiver.")],
    rubrics: Annotated[Path | None, typer.Option(help="Rubrics by name (YAML).")] = None,
    rubric: Annotated[str | None, typer.Option(help="The rubric of rows that have none.")] = None,
    template: Annotated[
        Template, typer.Option(help="Prometheus-Vision's prompt: that of its data, or of its README.")
    ] = Template.DATA,
    blind: Annotated[bool, typer.Option("--blind", help="Leave the pictures out, as a control.")] = False,
    reference_free: Annotated[bool, typer.Option("--reference-free", help="Leave the reference answers out.")] = False,
    samples: Annotated[int, typer.Option(min=1, help="Grades drawn for each row.")] = 1,
    temperature: Annotated[float, typer.Option(min=0, help="Of each draw.")] = 1.0,
    max_tokens: Annotated[int | None, typer.Option(help="Output limit of feedback.  \\[default: 1024]")] = None,
    against: Annotated[
        list[Path] | None,
        typer.Option(
            help="Scores to compare with: a CSV with id and score, or another judge's grades.jsonl. Repeatable."
        ),
    ] = None,
    rpm: RpmOption = None,
    tpm: TpmOption = None,
    concurrency: ConcurrencyOption = None,
    max_cost: MaxCostOption = None,
    cache_dir: CacheDirOption = None,
    results_dir: ResultsDirOption = None,
    models_file: ModelsFileOption = None,
) -> None:
    """Grade responses from 1 to 5 by a rubric, as Prometheus-Vision does, with feedback.

    A grade that cannot be read is drawn again, twice at most, and is then missing: none is made up. Agreement is
    Pearson, Spearman and Kendall's tau-b with 95 % intervals over pictures.

    [bold]Example:[/] prism grade bench.jsonl --judge gpt-4o --samples 3 --against human.csv
    """
    from prism_engine.api.judging.grading import grade as graded  # noqa: PLC0415 - `prism --help` is instant
    from prism_engine.cli.show.live import watch  # noqa: PLC0415

    config = GradingConfig(
        rows=rows,
        judge=judge,
        rubrics=rubrics,
        rubric=rubric,
        template=template,
        blind=blind,
        reference_free=reference_free,
        samples=samples,
        temperature=temperature,
        max_tokens=max_tokens,
        against=tuple(against or ()),
        requests_per_minute=rpm,
        tokens_per_minute=tpm,
        concurrency=concurrency,
        max_cost=None if max_cost is None else Decimal(str(max_cost)),
        cache_dir=cache_dir or default_cache_dir(),
        results_dir=results_dir or Path("results"),
    )
    try:
        report = graded(config, load_registry(models_file or []), watch=watch)
    except KeyboardInterrupt:
        stderr.print(f"stopped at once; finished gradings are kept: go on with {same_command()}", soft_wrap=True)
        raise typer.Exit(130) from None
    _print(report)
    codes = {"complete": 0, "incomplete": 1, "interrupted": 130}
    if code := codes[report.status.value] if report.trouble is None else exit_code(report.trouble):
        raise typer.Exit(code)


def _print(report: GradingReport) -> None:
    if not report.graded:
        reason = "interrupted" if report.trouble is None else f"stopped: {report.trouble}"
        stderr.print(f"{reason}; nothing was written. Go on with: {same_command()}", soft_wrap=True, markup=False)
        return
    means = [row.mean for row in report.graded if row.mean is not None]
    mean = f"mean {sum(means) / len(means):.2f}" if means else "no grade"
    stdout.print(f"{len(report.graded):,} rows, {len(means):,} graded, {mean}")
    spread = [row.spread for row in report.graded if row.spread is not None and len(row.samples) > 1]
    if spread:
        stdout.print(f"samples of one row lie {sum(spread) / len(spread):.2f} apart on average")
    if report.agreements:
        print_table(
            ("Agreement with", "Rows", "Pictures", "Pearson", "Spearman", "Kendall tau-b"),
            [
                (name, f"{one.rows:,}", f"{one.clusters:,}", *map(_shown, (one.pearson, one.spearman, one.kendall)))
                for name, one in report.agreements.items()
            ],
        )
    if report.length_bias is not None:
        stdout.print(f"grades and lengths of responses: Spearman {report.length_bias:.2f}")
    if report.progress.spending is not None and str(report.progress.spending):
        stdout.print(f"Cost: {report.progress.spending}", soft_wrap=True, markup=False)
    stdout.print(f"Results: {report.folder}", soft_wrap=True, markup=False)
    if missing := len(report.graded) - len(means):
        stderr.print(f"{missing:,} rows have no grade: none could be read (`failures` in grades.jsonl says why)")


def _shown(one: Correlation) -> str:
    if one.value is None:
        return "-"
    return f"{one.value:.3f}" + (f" ({one.low:.3f} to {one.high:.3f})" if one.low is not None else "")
