"""`prism run`, `prism plan` and `prism demo`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from prism_engine.cli.options import (  # noqa: TC001 - Typer reads annotations
    AnswersPerQuestion,
    DescriptionsOption,
    DescriptionsPerImage,
    EnginesOption,
    FailedOption,
    MissingOption,
    PerceptionTemperature,
    ReasoningTemperature,
)
from prism_engine.cli.output import print_comparison, stderr, stdout
from prism_engine.cli.reporting import (
    print_forecast,
    print_plan,
    print_plans,
    print_report,
    print_sweep,
    report_code,
    same_command,
)
from prism_engine.config import Mode, load_registry, load_run_configs
from prism_engine.config.run import default_cache_dir
from prism_engine.config.sweep import SWEPT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prism_engine.config import Registry, RunConfig

BenchmarksArgument = Annotated[
    list[str] | None,
    typer.Argument(
        help="A TSV in VLMEvalKit's format: its path, or its name in $LMUData or ~/LMUData. Several make a sweep.",
        metavar="BENCHMARK...",
    ),
]
ConfigOption = Annotated[Path | None, typer.Option("--config", "-c", help="Run file (YAML); options override it.")]
PerceiverOption = Annotated[
    list[str] | None,
    typer.Option(
        "--perceiver",
        "-p",
        help="The VLM that describes: a name of `prism models`, or a checkpoint's folder. Repeat it for a sweep.",
    ),
]
ReasonerOption = Annotated[
    list[str] | None,
    typer.Option("--reasoner", "-r", help="The LLM that answers: a name of `prism models`. Repeat it for a sweep."),
]
InstructionOption = Annotated[
    list[str] | None,
    typer.Option(help="What the perceiver is told. Repeat it for a sweep.  \\[default: generic]"),
]
ModeOption = Annotated[
    list[Mode] | None,
    typer.Option(
        help="Who answers, from what: all (the reasoner, from descriptions), perception (nobody: describe only), "
        "reasoning (the reasoner, from cached descriptions), direct (the perceiver, from the pictures), blind (the "
        "reasoner, from the question alone), oracle (the reasoner, from gold descriptions). Repeat it to compare modes."
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
ProfileOption = Annotated[
    str | None,
    typer.Option(
        help="VLMEvalKit's rules for reading an option: v1 (until 2025-08), v2, v3 (current).  \\[default: v3]"
    ),
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
MaxCostOption = Annotated[
    float | None,
    typer.Option(
        min=0,
        help="US dollars that all runs into the same results folder may cost together, for example 5.00. Never passed: "
        "the worst case of a request is set aside before it is sent. Once it is used up the run stops (exit code 3); "
        "the same command with a larger cap goes on.  \\[default: no limit]",
    ),
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
    benchmark: BenchmarksArgument = None,
    *,
    config: ConfigOption = None,
    perceiver: PerceiverOption = None,
    reasoner: ReasonerOption = None,
    instruction: InstructionOption = None,
    mode: ModeOption = None,
    descriptions: DescriptionsOption = None,
    missing: MissingOption = None,
    samples: SamplesOption = None,
    perception_tokens: PerceptionTokens = None,
    reasoning_tokens: ReasoningTokens = None,
    perception_temperature: PerceptionTemperature = None,
    reasoning_temperature: ReasoningTemperature = None,
    descriptions_per_image: DescriptionsPerImage = None,
    answers_per_question: AnswersPerQuestion = None,
    profile: ProfileOption = None,
    failed_as_wrong: FailedOption = None,
    rpm: RpmOption = None,
    tpm: TpmOption = None,
    concurrency: ConcurrencyOption = None,
    max_cost: MaxCostOption = None,
    deadline: DeadlineOption = None,
    fail_on_error: FailOnErrorOption = None,
    engines_at_once: EnginesOption = None,
    cache_dir: CacheDirOption = None,
    results_dir: ResultsDirOption = None,
    models_file: ModelsFileOption = None,
) -> None:
    """Describe a benchmark's images, answer its questions from the descriptions, score the answers.

    Finished calls are never made twice: the same command goes on where it stopped, and another reasoner or output
    limit reuses the descriptions. Ctrl-C finishes what is on the wire and stops; a second one stops at once.

    Several benchmarks, perceivers, instructions, reasoners or modes make a sweep: every combination, each call made
    once, each engine loaded once, reasoners busy while one engine makes room for the next, one table at the end.

    [bold]Example:[/] prism run MMStar.tsv --perceiver smolvlm-256m --reasoner gpt-4o-mini --rpm 500
    """
    parsed = _configs(locals())
    run_all(parsed, load_registry(models_file or []))


def plan(  # noqa: PLR0913 - the same
    benchmark: BenchmarksArgument = None,
    *,
    config: ConfigOption = None,
    perceiver: PerceiverOption = None,
    reasoner: ReasonerOption = None,
    instruction: InstructionOption = None,
    mode: ModeOption = None,
    descriptions: DescriptionsOption = None,
    missing: MissingOption = None,
    samples: SamplesOption = None,
    perception_tokens: PerceptionTokens = None,
    reasoning_tokens: ReasoningTokens = None,
    perception_temperature: PerceptionTemperature = None,
    reasoning_temperature: ReasoningTemperature = None,
    descriptions_per_image: DescriptionsPerImage = None,
    answers_per_question: AnswersPerQuestion = None,
    max_cost: MaxCostOption = None,
    cache_dir: CacheDirOption = None,
    models_file: ModelsFileOption = None,
) -> None:
    """Say what `prism run` with the same options would find in the cache, what it would call, and what that will cost.

    Calls nothing. Tokens and cost are learnt from earlier calls of the same models: make a small pilot first (the same
    run with `-n 50`), and the forecast is as narrow as the pilot allows.
    """
    from prism_engine import api  # noqa: PLC0415 - `prism --help` is instant
    from prism_engine.cli.display import ingesting  # noqa: PLC0415

    parsed = _configs(locals())
    registry = load_registry(models_file or [])
    planned = api.plan_many(parsed, registry, ingesting=ingesting())
    forecast = api.together([one.forecast for one in planned])
    if len(planned) == 1:
        print_plan(parsed[0], planned[0].plan)
    else:
        print_plans(planned)
    print_forecast(parsed[0], forecast)


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


_OPTION_KEYS = {
    "missing": "missing_descriptions",
    "failed": "failed",
    "samples": "samples",
    "perception_tokens": "perception.max_tokens",
    "reasoning_tokens": "reasoning.max_tokens",
    "perception_temperature": "perception.temperature",
    "reasoning_temperature": "reasoning.temperature",
    "descriptions_per_image": "perception.n",
    "answers_per_question": "reasoning.n",
    "profile": "profile",
    "rpm": "requests_per_minute",
    "tpm": "tokens_per_minute",
    "concurrency": "concurrency",
    "max_cost": "max_cost",
    "deadline": "deadline",
    "fail_on_error": "fail_on_error",
    "engines_at_once": "engines_at_once",
    "cache_dir": "cache_dir",
    "results_dir": "results_dir",
}


def _configs(given: dict[str, Any]) -> tuple[RunConfig, ...]:
    given |= {"failed": "wrong" if given.get("failed_as_wrong") else None}
    options = {key: given.get(name) for name, key in _OPTION_KEYS.items()}
    for key in SWEPT:
        values = given.get(key) or [None]
        options[key] = values if len(values) > 1 else values[0]
    return load_run_configs(given["config"], options)


def run_all(configs: Sequence[RunConfig], registry: Registry) -> None:
    """Run all together, print what came of each and the table of several, and set the exit code."""
    from prism_engine import api  # noqa: PLC0415 - `prism --help` is instant
    from prism_engine.cli.display import ingesting, watch  # noqa: PLC0415

    try:
        reports = api.run_many(configs, registry, watch=watch, ingesting=ingesting())
    except KeyboardInterrupt:
        stderr.print(f"stopped at once; finished calls are kept: go on with {same_command()}", soft_wrap=True)
        raise typer.Exit(130) from None
    if _differ_in_mode_only(configs):
        for report in reports:
            print_report(report)
        scores = {report.name: report.scores for report in reports if report.scores is not None}
        if len(scores) > 1:
            print_comparison(scores)
    else:
        print_sweep(reports)
    if len(reports) > 1:
        stdout.print(f"All runs in one table: {api.write_sweep(reports)}", soft_wrap=True, markup=False)
    if code := max(map(report_code, reports)):
        raise typer.Exit(code)


def _differ_in_mode_only(configs: Sequence[RunConfig]) -> bool:
    """Say whether the comparison of a few modes, group by group, tells more than a row per run."""
    swept = [key for key in SWEPT if key != "mode"]
    values = [{getattr(one, key) for one in configs} - {None} for key in swept]
    return all(len(each) <= 1 for each in values)
