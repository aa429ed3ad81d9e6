"""`prism judge`: answers of finished runs that rules could not read, put to a model."""

# ruff: noqa: TC001 - Typer reads the options
from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from prism_engine.budget import shown
from prism_engine.cli.options import (
    CacheDirOption,
    ConcurrencyOption,
    MaxCostOption,
    ModelsFileOption,
    ProfileOption,
    ResultsDirOption,
    RpmOption,
    TpmOption,
)
from prism_engine.cli.show.reports import print_draws, same_command
from prism_engine.cli.show.tables import exit_code, human_seconds, print_scores, print_table, stderr, stdout
from prism_engine.config import load_registry
from prism_engine.config.judging import JudgeConfig
from prism_engine.config.run_config import default_cache_dir

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prism_engine.api.judging.judge_runs import JudgeReport
    from prism_engine.budget import Range
    from prism_engine.config import Registry

JudgeOption = Annotated[
    str,
    typer.Option(
        "--judge",
        "-j",
        help="Who judges: a name of `prism models` (an API, a server on this machine, an engine in process), a "
        "checkpoint's folder, or VLMEvalKit's name of a judge. OPENAI_API_BASE(_JUDGE), OPENAI_API_KEY(_JUDGE) and "
        "LOCAL_LLM are heeded, also from .env.",
    ),
]
RunsArgument = Annotated[
    list[str], typer.Argument(help="Runs of `prism runs`, or enough of their names.", metavar="RUN")
]


def judge(  # noqa: PLR0913 - one parameter per option is Typer's way
    runs: RunsArgument,
    *,
    judge: JudgeOption,
    profile: ProfileOption = None,
    plan: Annotated[bool, typer.Option("--plan", help="Only say how much there is to judge; call nothing.")] = False,
    max_tokens: Annotated[int | None, typer.Option(help="Output limit of a review.")] = None,
    rpm: RpmOption = None,
    tpm: TpmOption = None,
    concurrency: ConcurrencyOption = None,
    max_cost: MaxCostOption = None,
    cache_dir: CacheDirOption = None,
    results_dir: ResultsDirOption = None,
    models_file: ModelsFileOption = None,
) -> None:
    """Put the answers of finished runs that rules could not read to a judge, and score them by what it says.

    Only what could still change a result is asked about: a question whose options were rotated asks nothing more once
    one rotation is wrong. Reviews are calls like all others: cached, limited, paid under --max-cost. An answer whose
    review cannot be read stays unscored. Results go into `judged-JUDGE/` below each run; of several draws of a question
    every one is judged, those that are alike by one review.

    [bold]Example:[/] prism judge MMVet/smolvlm --judge gpt-4o-mini --max-cost 1
    """
    from prism_engine import api  # noqa: PLC0415 - `prism --help` is instant

    found = [api.find_run_state(results_dir or Path("results"), run) for run in runs]
    config = JudgeConfig(
        judge=judge,
        profile=profile,
        max_tokens=max_tokens,
        requests_per_minute=rpm,
        tokens_per_minute=tpm,
        concurrency=concurrency,
        max_cost=None if max_cost is None else Decimal(str(max_cost)),
        cache_dir=cache_dir or default_cache_dir(),
        results_dir=results_dir or Path("results"),
        models={name: spec for one in found for name, spec in one.run_config().models.items()},
    )
    folders = [one.folder for one in found]
    if plan:
        _print_plan(folders, config, load_registry(models_file or []))
        return
    from prism_engine.cli.show.live import watch  # noqa: PLC0415

    try:
        reports = api.judge_runs(folders, config, load_registry(models_file or []), watch=watch, finished=print_judged)
    except KeyboardInterrupt:
        stderr.print(f"stopped at once; finished reviews are kept: go on with {same_command()}", soft_wrap=True)
        raise typer.Exit(130) from None
    if code := max(map(judged_code, reports)):
        raise typer.Exit(code)


def judged_code(report: JudgeReport) -> int:
    """Return the exit code of judging a run."""
    codes = {"complete": 0, "incomplete": 1, "interrupted": 130}
    return codes[report.status.value] if report.trouble is None else exit_code(report.trouble)


def print_judged(report: JudgeReport) -> None:
    """Print the judged scores, how each answer came to its own, and where the results are."""
    known = "" if report.model == report.judge else f" ({report.model})"
    stdout.print(f"{report.run}, judged by {report.judge}{known}", style="bold", markup=False, soft_wrap=True)
    if report.scores is None:
        reason = "interrupted" if report.trouble is None else f"stopped: {report.trouble}"
        stderr.print(f"{reason}; nothing was written. Go on with: {same_command()}", soft_wrap=True, markup=False)
        return
    print_scores(report.scores)
    if report.draws is not None:
        print_draws({"": report.draws})
    counts = ", ".join(f"{count:,} {path.value}" for path, count in sorted(report.resolved.items()) if count)
    meter = report.progress.answering
    assert meter is not None
    calls = f"{meter.calls:,} reviews asked for, {meter.hits:,} cached"
    stdout.print(f"Answers: {counts}; {calls}, in {human_seconds(report.progress.seconds)}", soft_wrap=True)
    if report.progress.spending is not None and str(report.progress.spending):
        stdout.print(f"Cost: {report.progress.spending}", soft_wrap=True, markup=False)
    stdout.print(f"Results: {report.folder}", soft_wrap=True, markup=False)
    if report.status.value == "incomplete":
        stderr.print(
            "answers without a score: no review of them could be read (`judge` in the rows says why); calls that "
            f"failed are made again by: {same_command()}",
            soft_wrap=True,
        )


def _print_plan(folders: Sequence[Path], config: JudgeConfig, registry: Registry) -> None:
    from prism_engine.api.judging.judge_runs import plan_judging  # noqa: PLC0415 - `prism --help` is instant

    plans = plan_judging(folders, config, registry)
    print_table(
        ("Run", "Open answers", "Cached", "To ask at most", "Likely cost", "At most"),
        [
            (str(one.run), f"{one.open:,}", f"{one.cached:,}", f"{one.to_ask:,}", *_cost(one.expense.cost))
            for one in plans
        ],
    )
    stdout.print("cost of the first reviews; an answer whose review cannot be read is asked about again")


def _cost(cost: Range | None) -> tuple[str, str]:
    return ("unknown", "unknown") if cost is None else (shown(round(cost.likely)), shown(round(cost.high)))
