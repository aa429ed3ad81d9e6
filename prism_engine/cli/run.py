"""`prism run`, `prism plan` and `prism demo`."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from prism_engine.cli.output import exit_code, human_seconds, print_scores, print_table, stderr, stdout
from prism_engine.config import Mode, load_registry, load_run_config
from prism_engine.config.run import default_cache_dir

if TYPE_CHECKING:
    from prism_engine.api import RunReport
    from prism_engine.config import Registry, RunConfig
    from prism_engine.engine.plan import Plan
    from prism_engine.engine.progress import Progress
    from prism_engine.stages.meter import Meter

SHOWN_REASONS = 3

BenchmarkArgument = Annotated[
    str | None,
    typer.Argument(
        help="A TSV in VLMEvalKit's format: its path, or its name in $LMUData or ~/LMUData.", metavar="BENCHMARK"
    ),
]
ConfigOption = Annotated[Path | None, typer.Option("--config", "-c", help="Run file (YAML); options override it.")]
PerceiverOption = Annotated[
    str | None,
    typer.Option(
        "--perceiver", "-p", help="The VLM that describes: a name of `prism models`, or a checkpoint's folder."
    ),
]
ReasonerOption = Annotated[
    str | None, typer.Option("--reasoner", "-r", help="The LLM that answers: a name of `prism models`.")
]
InstructionOption = Annotated[str | None, typer.Option(help="What the perceiver is told.  \\[default: generic]")]
ModeOption = Annotated[
    Mode | None,
    typer.Option(help="Describe and answer, describe only, or answer from cached descriptions only.  \\[default: all]"),
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
    mode: ModeOption = None,
    samples: SamplesOption = None,
    perception_tokens: PerceptionTokens = None,
    reasoning_tokens: ReasoningTokens = None,
    profile: ProfileOption = None,
    rpm: RpmOption = None,
    tpm: TpmOption = None,
    concurrency: ConcurrencyOption = None,
    cache_dir: CacheDirOption = None,
    results_dir: ResultsDirOption = None,
    models_file: ModelsFileOption = None,
) -> None:
    """Describe a benchmark's images, answer its questions from the descriptions, score the answers.

    Finished calls are never made twice: the same command goes on where it stopped, and another reasoner or output
    limit reuses the descriptions. Ctrl-C finishes what is on the wire and stops; a second one stops at once.

    [bold]Example:[/] prism run MMStar.tsv --perceiver smolvlm-256m --reasoner gpt-4o-mini --rpm 500
    """
    parsed = _config(locals())
    _run(parsed, load_registry(models_file or []))


def plan(  # noqa: PLR0913 - the same
    benchmark: BenchmarkArgument = None,
    *,
    config: ConfigOption = None,
    perceiver: PerceiverOption = None,
    reasoner: ReasonerOption = None,
    instruction: InstructionOption = None,
    mode: ModeOption = None,
    samples: SamplesOption = None,
    perception_tokens: PerceptionTokens = None,
    reasoning_tokens: ReasoningTokens = None,
    cache_dir: CacheDirOption = None,
    models_file: ModelsFileOption = None,
) -> None:
    """Say what `prism run` with the same options would find in the cache, and what it would call. Calls nothing."""
    from prism_engine import api  # noqa: PLC0415 - `prism --help` is instant
    from prism_engine.cli.display import ingesting  # noqa: PLC0415

    parsed = _config(locals())
    _print_plan(api.plan(parsed, load_registry(models_file or []), ingesting=ingesting()))


def demo(
    *,
    cache_dir: CacheDirOption = None,
    results_dir: ResultsDirOption = None,
) -> None:
    """Run the whole job on an embedded default: no key, no hub, no GPU needed.

    Renders a small benchmark, makes two tiny checkpoints with random weights, runs one in process under vLLM and the
    other behind a local vLLM OpenAI server. The path is real; the answers are noise.
    """
    from prism_engine import api  # noqa: PLC0415 - `prism --help` is instant

    stderr.print("demo: preparing its benchmark and its two tiny checkpoints (once)")
    parsed = api.demo_config(cache_dir or default_cache_dir(), results_dir or Path("results"))
    stderr.print(
        "demo: the models have random weights: descriptions and answers are noise, the path is real", soft_wrap=True
    )
    _run(parsed, load_registry())
    stdout.print(
        "The demo's models have random weights, so few replies name an option and accuracy is at or below chance.",
        soft_wrap=True,
    )


_OPTION_KEYS = {
    "benchmark": "benchmark",
    "perceiver": "perceiver",
    "reasoner": "reasoner",
    "instruction": "instruction",
    "mode": "mode",
    "samples": "samples",
    "perception_tokens": "perception.max_tokens",
    "reasoning_tokens": "reasoning.max_tokens",
    "profile": "profile",
    "rpm": "requests_per_minute",
    "tpm": "tokens_per_minute",
    "concurrency": "concurrency",
    "cache_dir": "cache_dir",
    "results_dir": "results_dir",
}


def _config(given: dict[str, Any]) -> RunConfig:
    options = {key: given.get(name) for name, key in _OPTION_KEYS.items()}
    return load_run_config(given["config"], options)


def _run(config: RunConfig, registry: Registry) -> None:
    from prism_engine import api  # noqa: PLC0415 - `prism --help` is instant
    from prism_engine.cli.display import ingesting, watch  # noqa: PLC0415

    try:
        report = api.run(config, registry, watch=watch, ingesting=ingesting())
    except KeyboardInterrupt:
        stderr.print(f"stopped at once; finished calls are kept: go on with {_same_command()}", soft_wrap=True)
        raise typer.Exit(130) from None
    _print_report(report)
    code = {"complete": 0, "incomplete": 1, "interrupted": 130, "died": exit_code(report.trouble)}[report.status.value]
    if code:
        raise typer.Exit(code)


def _print_report(report: RunReport) -> None:
    if report.scores is not None:
        print_scores(report.scores)
        if unscored := report.scores.overall.unscored:
            stdout.print(
                f"{unscored:,} samples are not scored: their target is none of their options, as in open questions and "
                "test splits. Their replies are in predictions.jsonl.",
                soft_wrap=True,
            )
    progress = report.progress
    kept = " (of an earlier run that got further; left as they were)" if report.kept_earlier else ""
    stdout.print(f"Results: {report.folder}{kept}", soft_wrap=True)
    counts = [(progress.done, "done"), (progress.failed, "failed"), (progress.not_run, "not run")]
    summary = ", ".join(f"{count:,} {name}" for count, name in counts if count)
    stdout.print(f"{progress.total:,} samples: {summary} in {human_seconds(progress.seconds)}")
    _print_reasons(progress)
    _print_cut("descriptions", progress.perceiver, "--perception-tokens")
    if progress.reasoner is not None:
        _print_cut("answers", progress.reasoner, "--reasoning-tokens")
    match report.status.value:
        case "incomplete":
            stderr.print(f"samples without an answer are tried again by: {_same_command()}", soft_wrap=True)
        case "interrupted":
            stderr.print(f"interrupted; go on with: {_same_command()}", soft_wrap=True)
        case "died":
            reason = str(report.trouble).replace("[", "\\[")
            stderr.print(f"[bold red]stopped:[/] {reason}", soft_wrap=True)
            stderr.print(f"once mended, go on with: {_same_command()}", soft_wrap=True)


def _print_reasons(progress: Progress) -> None:
    """Say why samples failed or were not run, the commonest reasons first."""
    for reason, count in progress.failures.most_common(SHOWN_REASONS):
        stderr.print(f"  {count:,} x {reason}".replace("[", "\\["), soft_wrap=True)
    if (others := len(progress.failures) - SHOWN_REASONS) > 0:
        stderr.print(f"  and {others:,} other reasons; `failure` in the results' rows has each")


def _print_cut(what: str, meter: Meter, option: str) -> None:
    if meter.truncated:
        stdout.print(f"{meter.truncated:,} {what} were cut at the output limit; {option} raises it", soft_wrap=True)


def _same_command() -> str:
    return shlex.join(["prism", *sys.argv[1:]]).replace("[", "\\[")


def _print_plan(plan: Plan) -> None:
    stages = [("describe", plan.perception)]
    if plan.reasoning is not None:
        stages.append(("answer", plan.reasoning))
    stdout.print(f"{plan.samples:,} samples")
    print_table(
        ("Calls", "Cached", "To call", "After describing"),
        [(name, f"{stage.cached:,}", f"{stage.to_call:,}", f"{stage.unknown:,}") for name, stage in stages],
    )
    if plan.undescribed:
        stdout.print(f"{plan.undescribed:,} samples have no description yet, and this mode makes none")
