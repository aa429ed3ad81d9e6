"""`prism run`, `prism plan` and `prism demo`."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_type_hints

import typer

from prism_engine.cli.options import (  # noqa: TC001 - Typer reads annotations
    AnswersPerQuestion,
    BenchmarksArgument,
    CacheDirOption,
    ConcurrencyOption,
    ConfigOption,
    DeadlineOption,
    DescriptionsOption,
    DescriptionsPerImage,
    EnginesOption,
    FailedOption,
    FailOnErrorOption,
    FetchOption,
    InstructionOption,
    JudgeOption,
    KindOption,
    MaxCostOption,
    MergeOption,
    MissingOption,
    ModelsFileOption,
    ModeOption,
    PerceiverOption,
    PerceptionTemperature,
    PerceptionTokens,
    PicturesOption,
    ProfileOption,
    ReasonerOption,
    ReasoningTemperature,
    ReasoningTokens,
    ResultsDirOption,
    RetryFailedOption,
    RpmOption,
    SamplesOption,
    TpmOption,
)
from prism_engine.cli.show.reports import (
    print_forecast,
    print_plan,
    print_plans,
    print_report,
    print_sweep,
    report_code,
    same_command,
)
from prism_engine.cli.show.tables import print_comparison, stderr, stdout
from prism_engine.config import load_registry, load_run_configs
from prism_engine.config.run_config import default_cache_dir
from prism_engine.config.sweep import SWEPT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from prism_engine.api import RunReport
    from prism_engine.config import Registry, RunConfig


def run(  # noqa: PLR0913 - one parameter per option is Typer's way
    benchmark: BenchmarksArgument = None,
    *,
    config: ConfigOption = None,
    perceiver: PerceiverOption = None,
    reasoner: ReasonerOption = None,
    instruction: InstructionOption = None,
    pictures: PicturesOption = None,
    merge: MergeOption = None,
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
    answer_kind: KindOption = None,
    profile: ProfileOption = None,
    failed_as_wrong: FailedOption = None,
    judge: JudgeOption = None,
    rpm: RpmOption = None,
    tpm: TpmOption = None,
    concurrency: ConcurrencyOption = None,
    max_cost: MaxCostOption = None,
    deadline: DeadlineOption = None,
    fail_on_error: FailOnErrorOption = None,
    retry_failed: RetryFailedOption = None,
    engines_at_once: EnginesOption = None,
    cache_dir: CacheDirOption = None,
    results_dir: ResultsDirOption = None,
    models_file: ModelsFileOption = None,
    fetch: FetchOption = False,
) -> None:
    """Describe a benchmark's images, answer its questions from the descriptions, score the answers.

    Finished calls are never made twice: the same command goes on where it stopped, and another reasoner or output
    limit reuses the descriptions. Ctrl-C finishes what is on the wire and stops; a second one stops at once.

    Several benchmarks, perceivers, instructions, reasoners or modes make a sweep: every combination, each call made
    once, each engine loaded once, reasoners busy while one engine makes room for the next, one table at the end.

    [bold]Example:[/] prism run MMStar.tsv --perceiver smolvlm-256m --reasoner gpt-4o-mini --rpm 500
    """
    parsed = _configs(locals())
    if fetch:
        _fetch(parsed)
    run_all(parsed, load_registry(models_file or []))


def _as_run(command: Callable[..., None]) -> Callable[..., None]:
    """Let a command take the very options of `run`, and hand it those that were given."""
    command.__signature__ = inspect.signature(run, eval_str=True)  # type: ignore[attr-defined]
    command.__annotations__ = get_type_hints(run, include_extras=True)
    return command


@_as_run
def plan(**given: Any) -> None:
    """Say what `prism run` with the same options would find in the cache, what it would call, and what that will cost.

    Calls nothing; takes every option of `prism run`, also those that change nothing here. Tokens and cost are learnt
    from earlier calls of the same models: make a small pilot first (the same run with `-n 50`), and the forecast is as
    narrow as the pilot allows.
    """
    from prism_engine import api  # noqa: PLC0415 - `prism --help` is instant
    from prism_engine.cli.show.live import ingesting  # noqa: PLC0415

    parsed = _configs(given)
    if given["fetch"]:
        _fetch(parsed)
    planned = api.plan_many(parsed, load_registry(given["models_file"] or []), ingesting=ingesting())
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

    Draws PrismScenes, questions about synthetic scenes, and answers them with two small models that come with the
    package: nano-captioner describes, in process under vLLM; nano-reasoner answers, behind a local vLLM OpenAI server.
    Then the captioner alone, and the reasoner on gold descriptions; the comparison at the end shows what limits whom.
    """
    from prism_engine import api  # noqa: PLC0415 - `prism --help` is instant

    stderr.print("demo: preparing PrismScenes, questions about synthetic scenes (once)")
    parsed = api.demo_configs(cache_dir or default_cache_dir(), results_dir or Path("results"))
    run_all(parsed, load_registry())


def _fetch(parsed: Sequence[RunConfig]) -> None:
    from prism_engine.cli.datasets_getting import fetch_missing  # noqa: PLC0415 - `prism --help` is instant

    fetch_missing([one.benchmark for one in parsed])


_OPTION_KEYS = {
    "pictures": "pictures",
    "merge": "merge",
    "missing": "missing_descriptions",
    "failed": "failed",
    "samples": "samples",
    "perception_tokens": "perception.max_tokens",
    "reasoning_tokens": "reasoning.max_tokens",
    "perception_temperature": "perception.temperature",
    "reasoning_temperature": "reasoning.temperature",
    "descriptions_per_image": "perception.n",
    "answers_per_question": "reasoning.n",
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


def run_all(configs: Sequence[RunConfig], registry: Registry) -> list[RunReport]:
    """Run all together and judge, print what came of each and the table of several, and set the exit code."""
    from prism_engine import api  # noqa: PLC0415 - `prism --help` is instant
    from prism_engine.cli.judge import judged_code, print_judged  # noqa: PLC0415 - it imports this file's options
    from prism_engine.cli.show.live import ingesting, watch  # noqa: PLC0415

    for caution in dict.fromkeys(caution for one in configs for caution in api.cautions(one, registry)):
        stderr.print(f"note: {caution}", soft_wrap=True, markup=False)
    in_one_table = not _differ_in_mode_only(configs)
    try:
        reports, judged = api.run_and_judge(
            configs,
            registry,
            watch=watch,
            ingesting=ingesting(),
            ran=None if in_one_table else _print_each,
            judged=print_judged,
        )
    except KeyboardInterrupt:
        stderr.print(f"stopped at once; finished calls are kept: go on with {same_command()}", soft_wrap=True)
        raise typer.Exit(130) from None
    scores = {report.name: scores for report in reports if (scores := report.judged or report.scores) is not None}
    if in_one_table:
        print_sweep(reports)
    elif len(scores) > 1:
        print_comparison(scores)
    if len(reports) > 1:
        stdout.print(f"All runs in one table: {api.write_sweep(reports)}", soft_wrap=True, markup=False)
    if code := max((*map(report_code, reports), *map(judged_code, judged))):
        raise typer.Exit(code)
    return reports


def _print_each(reports: Sequence[RunReport]) -> None:
    for report in reports:
        print_report(report)


def _differ_in_mode_only(configs: Sequence[RunConfig]) -> bool:
    """Say whether the comparison of a few modes, group by group, tells more than a row per run."""
    swept = [key for key in SWEPT if key != "mode"]
    values = [{getattr(one, key) for one in configs} - {None} for key in swept]
    return all(len(each) <= 1 for each in values)
