"""`prism judge`: has a judge model score the answers of finished runs that rules could not read."""

from __future__ import annotations

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
    RunsArgument,
    TpmOption,
    TrustCodeOption,
)
from prism_engine.cli.show.console import human_seconds, print_table, same_command, stderr, stdout
from prism_engine.config import load_registry
from prism_engine.config.judging import JudgeConfig
from prism_engine.config.yaml_files import validated

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from prism_engine.api import JudgeReport
    from prism_engine.budget import Range
    from prism_engine.config import Registry


def judge(  # noqa: PLR0913 - one parameter per option is Typer's way
    runs: RunsArgument,
    *,
    judge_model: Annotated[
        str,
        Sets("judge"),
        option(
            "The judge: a name from `prism models` (an API, a server on this machine, an engine in process), a "
            "checkpoint's folder, or VLMEvalKit's name of a judge. OPENAI_API_BASE(_JUDGE), OPENAI_API_KEY(_JUDGE) and "
            "LOCAL_LLM are respected, also from .env.",
            *("--judge", "-j"),
            panel=JUDGING,
            example="--judge gpt-4o-mini",
            autocompletion=completion.models,
        ),
    ],
    plan: Annotated[
        bool, option("Only print how much there is to judge; call nothing.", "--plan", panel=JUDGING)
    ] = False,
    max_tokens: Annotated[
        int | None,
        Sets("max_tokens"),
        option(
            "Output limit of a review, in tokens.",
            panel=JUDGING,
            example="--max-tokens 64",
            min=1,
            default="what the answer kind needs",
        ),
    ] = None,
    profile: Annotated[
        str | None,
        Sets("profile"),
        option(
            "Rules that extract answers from replies and reviews: prism, prism-1, v1, v2 or v3.",
            panel=SCORING,
            example="--profile v3",
            default="the run's own",
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
    """Have a judge score the answers of finished runs that rules could not read.

    Only what could still change a result is sent: a question whose options were rotated needs no more reviews once one
    rotation is wrong. Reviews are calls like all others: cached, limited, paid under --max-cost. An answer whose review
    cannot be read stays unscored. Results go into `judged-JUDGE/` below each run; of multiple draws or rotations of
    a question every one is judged, identical ones by one review.

    [bold]Example:[/] prism judge MMVet/smolvlm --judge gpt-4o-mini --max-cost 1
    """
    from prism_engine import api  # noqa: PLC0415 - commands import what they use when called
    from prism_engine.cli.show.live import watch  # noqa: PLC0415
    from prism_engine.cli.show.reports import report_code  # noqa: PLC0415

    config = validated(TypeAdapter(JudgeConfig), config_options(judge, locals()), "options")
    found = [api.find_run_state(config.results_dir, run) for run in runs]
    registry = load_registry(models_file or [])
    for one in found:
        if note := api.received_judge(one, config.judge, registry):
            stderr.print(f"note: {note}", soft_wrap=True, markup=False)
    config = config.model_copy(update={"models": {name: spec for one in found for name, spec in one.models.items()}})
    folders = [one.folder for one in found]
    if plan:
        _print_plan(folders, config, registry)
        return
    try:
        reports = api.judge_runs(folders, config, registry, watch=watch, finished=print_judged)
    except KeyboardInterrupt:
        stderr.print(f"stopped at once; finished reviews are kept: continue with {same_command()}", soft_wrap=True)
        raise typer.Exit(130) from None
    if code := max(map(report_code, reports)):
        raise typer.Exit(code)


def print_judged(report: JudgeReport) -> None:
    """Print the judged scores, how each answer got its score, and where the results are."""
    from prism_engine.api import RunStatus  # noqa: PLC0415 - see above
    from prism_engine.cli.show.reports import print_bias, print_draws  # noqa: PLC0415
    from prism_engine.cli.show.scores import print_scores  # noqa: PLC0415
    from prism_engine.judging.reviewing import Resolved  # noqa: PLC0415

    known = "" if report.model == report.judge else f" ({report.model})"
    stdout.print(f"{report.run}, judged by {report.judge}{known}", style="bold", markup=False, soft_wrap=True)
    if report.scores is None:
        reason = "interrupted" if report.trouble is None else f"stopped: {report.trouble}"
        stderr.print(f"{reason}; nothing was written. Continue with: {same_command()}", soft_wrap=True, markup=False)
        return
    print_scores(report.scores)
    if report.draws is not None:
        print_draws({"": report.draws})
    if report.bias is not None:
        print_bias(report.bias)
    counts = ", ".join(f"{count:,} {path.value}" for path, count in sorted(report.resolved.items()) if count)
    meter = report.progress.meters["judge"]
    calls = f"{meter.calls:,} reviews asked for, {meter.hits:,} cached"
    stdout.print(f"Answers: {counts}; {calls}, in {human_seconds(report.progress.seconds)}", soft_wrap=True)
    if report.progress.spending is not None and (cost := str(report.progress.spending)):
        stdout.print(f"Cost: {cost.removeprefix('cost ')}", soft_wrap=True, markup=False)
    stdout.print(f"Results: {report.folder}", soft_wrap=True, markup=False)
    if report.status is not RunStatus.INCOMPLETE:
        return
    if unreadable := report.resolved[Resolved.UNSCORED] - report.unanswered:
        stderr.print(
            f"{unreadable:,} answers have no score: no review of them could be read (`judge` in the rows says why)",
            soft_wrap=True,
        )
    if report.unanswered:
        stderr.print(
            f"{report.unanswered:,} answers have no score: the calls to the judge failed (`judge` in the rows says "
            f"why); to repeat them: {same_command()}",
            soft_wrap=True,
        )


def _print_plan(folders: Sequence[Path], config: JudgeConfig, registry: Registry) -> None:
    from prism_engine.api.judging.judge_runs import plan_judging  # noqa: PLC0415 - see above

    plans = plan_judging(folders, config, registry)
    print_table(
        ("Run", "Open answers", "Cached", "To ask at most", "Likely cost", "At most"),
        [
            (str(one.run), f"{one.open:,}", f"{one.cached:,}", f"{one.to_ask:,}", *_cost(one.expense.cost))
            for one in plans
        ],
    )
    stdout.print("cost of the first reviews; an answer whose review cannot be read is sent again")


def _cost(cost: Range | None) -> tuple[str, str]:
    from prism_engine.budget import shown  # noqa: PLC0415 - see above

    return ("unknown", "unknown") if cost is None else (shown(round(cost.likely)), shown(round(cost.high)))
