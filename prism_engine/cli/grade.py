"""`prism grade`: grades responses from 1 to 5 by a rubric, with a model that sees the picture."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - Typer reads it
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic import TypeAdapter

from prism_engine.cli import completion
from prism_engine.cli.config_options import Sets, config_options, option
from prism_engine.cli.options import (
    JUDGING,
    SCORING,
    CacheDirOption,
    ConcurrencyOption,
    DeadlineOption,
    FailOnErrorOption,
    MaxCostOption,
    ModelsFileOption,
    ResultsDirOption,
    RpmOption,
    TpmOption,
    TrustCodeOption,
)
from prism_engine.cli.show.console import print_table, same_command, stderr, stdout
from prism_engine.config import load_registry
from prism_engine.config.judging import GradingConfig, Template
from prism_engine.config.yaml_files import validated

if TYPE_CHECKING:
    from prism_engine.api import GradingReport
    from prism_engine.report.scores.agreement import Correlation


def grade(  # noqa: PLR0913 - one parameter per option is Typer's way
    rows: Annotated[
        Path,
        Sets("rows"),
        typer.Argument(help="JSON lines: Perception-Bench's, or instruction, response, reference, image, rubric."),
    ],
    *,
    judge: Annotated[
        str,
        Sets("judge"),
        option(
            "The model that grades: a vision model from `prism models`.",
            *("--judge", "-j"),
            panel=JUDGING,
            example="--judge gpt-4o",
            autocompletion=completion.models,
        ),
    ],
    rubrics: Annotated[
        Path | None,
        Sets("rubrics"),
        option("File with rubrics by name (YAML).", panel=JUDGING, example="--rubrics rubrics.yaml"),
    ] = None,
    rubric: Annotated[
        str | None,
        Sets("rubric"),
        option("Name of the rubric for rows that have none.", panel=JUDGING, example="--rubric helpfulness"),
    ] = None,
    template: Annotated[
        Template,
        Sets("template"),
        option(
            "Prometheus-Vision's prompt: the one of its data, or the one of its README.",
            panel=JUDGING,
            example="--template readme",
        ),
    ] = Template.DATA,
    blind: Annotated[
        bool, Sets("blind"), option("Leave the pictures out, as a control.", "--blind", panel=JUDGING)
    ] = False,
    reference_free: Annotated[
        bool, Sets("reference_free"), option("Leave the reference answers out.", "--reference-free", panel=JUDGING)
    ] = False,
    samples: Annotated[
        int,
        Sets("samples"),
        option("How many grades to draw for each row.", panel=JUDGING, example="--samples 3", min=1),
    ] = 1,
    temperature: Annotated[
        float,
        Sets("temperature"),
        option("Sampling temperature of each draw.", panel=JUDGING, example="--temperature 0.7", min=0),
    ] = 1.0,
    max_tokens: Annotated[
        int | None,
        Sets("max_tokens"),
        option(
            "Output limit of feedback, in tokens.", panel=JUDGING, example="--max-tokens 2048", default="1024", min=1
        ),
    ] = None,
    against: Annotated[
        list[Path] | None,
        Sets("against"),
        option(
            "Scores to compare with: a CSV with id and score, or another judge's grades.jsonl; may be repeated.",
            panel=SCORING,
            example="--against human.csv",
        ),
    ] = None,
    rpm: RpmOption = None,
    tpm: TpmOption = None,
    concurrency: ConcurrencyOption = None,
    max_cost: MaxCostOption = None,
    deadline: DeadlineOption = None,
    fail_on_error: FailOnErrorOption = None,
    cache_dir: CacheDirOption = None,
    results_dir: ResultsDirOption = None,
    models_file: ModelsFileOption = None,
    trust: TrustCodeOption = False,
) -> None:
    """Grade responses from 1 to 5 by a rubric, as Prometheus-Vision does, with feedback.

    A grade that cannot be read is drawn again, at most twice, and is then missing: none is made up. Agreement is
    Pearson, Spearman and Kendall's tau-b with 95 % intervals over pictures.

    [bold]Example:[/] prism grade bench.jsonl --judge gpt-4o --samples 3 --against human.csv
    """
    from prism_engine import api  # noqa: PLC0415 - commands import what they use when called
    from prism_engine.cli.show.live import watch  # noqa: PLC0415
    from prism_engine.cli.show.reports import report_code  # noqa: PLC0415

    config = validated(TypeAdapter(GradingConfig), config_options(grade, locals()), "options")
    try:
        report = api.grade(config, load_registry(models_file or []), watch=watch)
    except KeyboardInterrupt:
        stderr.print(f"stopped at once; finished grades are kept: continue with {same_command()}", soft_wrap=True)
        raise typer.Exit(130) from None
    _print(report)
    if code := report_code(report):
        raise typer.Exit(code)


def _print(report: GradingReport) -> None:
    if not report.graded:
        reason = "interrupted" if report.trouble is None else f"stopped: {report.trouble}"
        stderr.print(f"{reason}; nothing was written. Continue with: {same_command()}", soft_wrap=True, markup=False)
        return
    means = [row.mean for row in report.graded if row.mean is not None]
    mean = f", mean {sum(means) / len(means):.2f}" if means else ""
    stdout.print(f"{len(report.graded):,} rows, {len(means):,} graded{mean}")
    spread = [row.spread for row in report.graded if row.spread is not None and len(row.samples) > 1]
    if spread:
        stdout.print(f"grades of the same row differ by {sum(spread) / len(spread):.2f} on average")
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
    if report.progress.spending is not None and (cost := str(report.progress.spending)):
        stdout.print(f"Cost: {cost.removeprefix('cost ')}", soft_wrap=True, markup=False)
    stdout.print(f"Results: {report.folder}", soft_wrap=True, markup=False)
    missing = [row for row in report.graded if row.mean is None]
    if unreadable := sum(row.responded for row in missing):
        stderr.print(
            f"{unreadable:,} rows have no grade: none could be read (`failures` in grades.jsonl says why)",
            soft_wrap=True,
        )
    if unanswered := len(missing) - unreadable:
        stderr.print(
            f"{unanswered:,} rows have no grade: the calls to the judge failed (`failures` in grades.jsonl says why); "
            f"to repeat them: {same_command()}",
            soft_wrap=True,
        )


def _shown(one: Correlation) -> str:
    if one.value is None:
        return "-"
    return f"{one.value:.3f}" + (f" ({one.low:.3f} to {one.high:.3f})" if one.low is not None else "")
