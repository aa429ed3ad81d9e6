"""`prism run`, `prism plan` and `prism demo`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from prism_engine.cli.output import print_comparison, stderr, stdout
from prism_engine.cli.perceiving import InstructionOption, MergeOption, PicturesOption  # noqa: TC001 - Typer reads them
from prism_engine.cli.reporting import print_forecast, print_plan, print_report, report_code, same_command
from prism_engine.config import Mode, load_registry, load_run_configs
from prism_engine.config.run import default_cache_dir
from prism_engine.records import AnswerKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prism_engine.api import RunReport
    from prism_engine.config import Registry, RunConfig

BenchmarkArgument = Annotated[
    str | None,
    typer.Argument(
        help="A benchmark's name (`prism datasets list`), or the path of a TSV in VLMEvalKit's format, of a JSONL or "
        "Parquet file, or of a mapping for any other data (YAML).",
        metavar="BENCHMARK",
    ),
]
ConfigOption = Annotated[Path | None, typer.Option("--config", "-c", help="Run file (YAML); options override it.")]
PerceiverOption = Annotated[
    str | None,
    typer.Option(
        "--perceiver",
        "-p",
        help="The VLM that describes: a name of `prism models`, or a checkpoint's folder. A~B joins the descriptions "
        "of several.",
    ),
]
ReasonerOption = Annotated[
    str | None,
    typer.Option(
        "--reasoner",
        "-r",
        help="The LLM that answers: a name of `prism models`; NAME-2048 also sets the output limit of its answers.",
    ),
]
ModeOption = Annotated[
    list[Mode] | None,
    typer.Option(
        help="Who answers, from what: all (the reasoner, from descriptions), perception (nobody: describe only), "
        "reasoning (the reasoner, from cached descriptions), direct (the perceiver, from the pictures), blind (the "
        "reasoner, from the question alone), oracle (the reasoner, from gold descriptions), prompts (nobody; as "
        "`prism gen-prompts`). Repeat it to compare modes."
        "  \\[default: all]",
    ),
]
SamplesOption = Annotated[int | None, typer.Option("--samples", "-n", help="Only the first N samples.")]
PerceptionTokens = Annotated[
    int | None, typer.Option("--perception-tokens", help="Output limit of a description.  \\[default: 512]")
]
ReasoningTokens = Annotated[
    int | None, typer.Option("--reasoning-tokens", help="Output limit of an answer.  \\[default: 512]")
]
KindOption = Annotated[
    AnswerKind | None,
    typer.Option(
        "--answer-kind", help="What a right answer is.  \\[default: what the benchmark's name or columns say]"
    ),
]
ProfileOption = Annotated[
    str | None,
    typer.Option(
        help="Rules by which replies are read: prism, or VLMEvalKit's: v1 (until 2025-08), v2, v3 (current).  "
        "\\[default: prism]"
    ),
]
JudgeOption = Annotated[
    str | None,
    typer.Option(help="Who is asked, at the end, about the answers that rules could not read; see `prism judge`."),
]
RpmOption = Annotated[int | None, typer.Option("--rpm", help="Requests per minute that the reasoner's API allows.")]
TpmOption = Annotated[int | None, typer.Option("--tpm", help="Tokens per minute that the reasoner's API allows.")]
ConcurrencyOption = Annotated[int | None, typer.Option(help="Requests to the reasoner on the wire at once.")]
DeadlineOption = Annotated[
    str | None,
    typer.Option(help="Stop by itself then, resumable: 07:00 (the next one), 8h30m from now, or 2026-11-22 07:00."),
]
FailOnErrorOption = Annotated[
    float | None,
    typer.Option(
        min=0,
        help="Stop when more samples failed than this share (0.05) or count (20), and call the run complete when not.  "
        "\\[default: go on, and say so at the end]",
    ),
]
RetryFailedOption = Annotated[
    bool | None,
    typer.Option(
        "--retry-failed",
        help="Make calls only for samples that failed in the earlier run of the same command; samples that were never "
        "run stay so. (Without it they are tried again too, beside the others.)",
    ),
]
MaxCostOption = Annotated[
    float | None,
    typer.Option(
        min=0,
        help="US dollars that all runs into the same results folder may cost together, for example 5.00. Never passed: "
        "the worst case of a request is set aside before it is sent. Once it is used up the run stops (exit code 3); "
        "the same command with a larger cap goes on.  \\[default: no limit]",
    ),
]
FetchOption = Annotated[
    bool, typer.Option("--fetch", help="Download the benchmark first, if it is known and not here.")
]
CacheDirOption = Annotated[
    Path | None,
    typer.Option(
        help="Where finished calls are kept.  \\[default: $PRISM_CACHE, else a checkout's cache/, else ~/.cache]"
    ),
]
ResultsDirOption = Annotated[Path | None, typer.Option(help="Where results go.  \\[default: results]")]
ModelsFileOption = Annotated[
    list[Path] | None, typer.Option("--models-file", help="More models (YAML); may be repeated.")
]


def run(  # noqa: PLR0913 - one parameter per option is Typer's way
    benchmark: BenchmarkArgument = None,
    *,
    config: ConfigOption = None,
    perceiver: PerceiverOption = None,
    reasoner: ReasonerOption = None,
    instruction: InstructionOption = None,
    pictures: PicturesOption = None,
    merge: MergeOption = None,
    mode: ModeOption = None,
    samples: SamplesOption = None,
    perception_tokens: PerceptionTokens = None,
    reasoning_tokens: ReasoningTokens = None,
    answer_kind: KindOption = None,
    profile: ProfileOption = None,
    judge: JudgeOption = None,
    rpm: RpmOption = None,
    tpm: TpmOption = None,
    concurrency: ConcurrencyOption = None,
    max_cost: MaxCostOption = None,
    deadline: DeadlineOption = None,
    fail_on_error: FailOnErrorOption = None,
    retry_failed: RetryFailedOption = None,
    cache_dir: CacheDirOption = None,
    results_dir: ResultsDirOption = None,
    models_file: ModelsFileOption = None,
    fetch: FetchOption = False,
) -> None:
    """Describe a benchmark's images, answer its questions from the descriptions, score the answers.

    Finished calls are never made twice: the same command goes on where it stopped, and another reasoner or output
    limit reuses the descriptions. Ctrl-C finishes what is on the wire and stops; a second one stops at once.

    [bold]Example:[/] prism run MMStar.tsv --perceiver smolvlm-256m --reasoner gpt-4o-mini --rpm 500
    """
    parsed = _configs(locals())
    if fetch:
        _fetch(parsed)
    run_all(parsed, load_registry(models_file or []))


def plan(  # noqa: PLR0913 - the same
    benchmark: BenchmarkArgument = None,
    *,
    fetch: FetchOption = False,
    config: ConfigOption = None,
    perceiver: PerceiverOption = None,
    reasoner: ReasonerOption = None,
    instruction: InstructionOption = None,
    pictures: PicturesOption = None,
    merge: MergeOption = None,
    mode: ModeOption = None,
    samples: SamplesOption = None,
    perception_tokens: PerceptionTokens = None,
    reasoning_tokens: ReasoningTokens = None,
    profile: ProfileOption = None,
    rpm: RpmOption = None,
    tpm: TpmOption = None,
    concurrency: ConcurrencyOption = None,
    max_cost: MaxCostOption = None,
    deadline: DeadlineOption = None,
    fail_on_error: FailOnErrorOption = None,
    retry_failed: RetryFailedOption = None,
    cache_dir: CacheDirOption = None,
    results_dir: ResultsDirOption = None,
    models_file: ModelsFileOption = None,
) -> None:
    """Say what `prism run` with the same options would find in the cache, what it would call, and what that will cost.

    Calls nothing; takes every option of `prism run`, also those that change nothing here. Tokens and cost are learnt
    from earlier calls of the same models: make a small pilot first (the same run with `-n 50`), and the forecast is as
    narrow as the pilot allows.
    """
    from prism_engine import api  # noqa: PLC0415 - `prism --help` is instant
    from prism_engine.cli.display import ingesting  # noqa: PLC0415

    parsed = _configs(locals())
    if fetch:
        _fetch(parsed)
    registry = load_registry(models_file or [])
    plans = [api.plan_and_forecast(one, registry, ingesting=ingesting()) for one in parsed]
    for one, (planned, forecast) in zip(parsed, plans, strict=True):
        if len(parsed) > 1:
            stdout.print(f"[bold]{one.mode.value}[/]")
        print_plan(one, planned)
        print_forecast(one, forecast)


def demo(
    *,
    cache_dir: CacheDirOption = None,
    results_dir: ResultsDirOption = None,
) -> None:
    """See Prism work: no key, no hub, no GPU needed.

    Draws PrismScenes, 1500 questions about synthetic scenes, and answers them with two small models that come with the
    package: nano-captioner describes, in process under vLLM; nano-reasoner answers, behind a local vLLM OpenAI server.
    Then the captioner alone, and the reasoner on gold descriptions; the comparison at the end shows what limits whom.
    """
    from prism_engine import api  # noqa: PLC0415 - `prism --help` is instant

    stderr.print("demo: preparing PrismScenes, 1500 questions about synthetic scenes (once)")
    parsed = api.demo_configs(cache_dir or default_cache_dir(), results_dir or Path("results"))
    run_all(parsed, load_registry())


def _fetch(parsed: Sequence[RunConfig]) -> None:
    from prism_engine.cli.fetching import fetch_missing  # noqa: PLC0415 - `prism --help` is instant

    fetch_missing([one.benchmark for one in parsed])


_OPTION_KEYS = {
    "benchmark": "benchmark",
    "perceiver": "perceiver",
    "reasoner": "reasoner",
    "instruction": "instruction",
    "pictures": "pictures",
    "merge": "merge",
    "samples": "samples",
    "perception_tokens": "perception.max_tokens",
    "reasoning_tokens": "reasoning.max_tokens",
    "answer_kind": "answer_kind",
    "profile": "profile",
    "judge": "judge",
    "rpm": "requests_per_minute",
    "tpm": "tokens_per_minute",
    "concurrency": "concurrency",
    "max_cost": "max_cost",
    "deadline": "deadline",
    "fail_on_error": "fail_on_error",
    "retry_failed": "retry_failed",
    "cache_dir": "cache_dir",
    "results_dir": "results_dir",
}


def _configs(given: dict[str, Any]) -> tuple[RunConfig, ...]:
    options = {key: given.get(name) for name, key in _OPTION_KEYS.items()}
    return load_run_configs(given["config"], options | {"mode": given["mode"] or None})


def run_all(configs: Sequence[RunConfig], registry: Registry) -> list[RunReport]:
    """Run one after another and judge, print what came of each and the comparison of several, set the exit code."""
    from prism_engine import api  # noqa: PLC0415 - `prism --help` is instant
    from prism_engine.cli.display import ingesting, watch  # noqa: PLC0415
    from prism_engine.cli.judge import judged_code, print_judged  # noqa: PLC0415 - it imports this file's options

    for caution in dict.fromkeys(caution for one in configs for caution in api.cautions(one, registry)):
        stderr.print(f"note: {caution}", soft_wrap=True, markup=False)
    try:
        reports, judged = api.run_and_judge(
            configs, registry, watch=watch, ingesting=ingesting(), finished=print_report, judged=print_judged
        )
    except KeyboardInterrupt:
        stderr.print(f"stopped at once; finished calls are kept: go on with {same_command()}", soft_wrap=True)
        raise typer.Exit(130) from None
    scores = {report.name: report.scores for report in reports if report.scores is not None}
    if len(scores) > 1:
        print_comparison(scores)
    if code := max((*map(report_code, reports), *map(judged_code, judged))):
        raise typer.Exit(code)
    return reports
