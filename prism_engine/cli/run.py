"""`prism run`, `prism plan` and `prism demo`."""

from __future__ import annotations

import inspect
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Final, NamedTuple, get_type_hints

import typer

from prism_engine.cli.config_options import Sets, config_options, one_or_sweep, option, option_names
from prism_engine.cli.exit_codes import error_code
from prism_engine.cli.options import (
    ANSWERS,
    RESULTS_DIR,
    AnswersPerQuestion,
    BenchmarksArgument,
    CacheDirOption,
    CachedOnlyOption,
    CacheFolder,
    ConcurrencyOption,
    ConfigOption,
    DeadlineOption,
    DescriptionsOption,
    DescriptionsPerImage,
    DetachOption,
    EnginesOption,
    FailedOption,
    FailOnErrorOption,
    FetchOption,
    InstructionOption,
    JsonOption,
    JudgeOption,
    KindOption,
    LogOption,
    MaxCostOption,
    MergeOption,
    MissingOption,
    ModelsFileOption,
    ModeOption,
    NotifyOption,
    PerceiverOption,
    PerceptionTemperature,
    PerceptionTokens,
    PicturesOption,
    ProfileOption,
    ReasonerOption,
    ReasoningTemperature,
    ReasoningTokens,
    ResultsDirOption,
    ResultsFolder,
    RetryFailedOption,
    RotateOption,
    RpmOption,
    SamplesOption,
    TagOption,
    TpmOption,
    TrustCodeOption,
)
from prism_engine.cli.show.console import print_json, same_command, silenced, stderr, stdout
from prism_engine.config import load_registry, load_run_configs
from prism_engine.config.reasoning_effort import EFFORTS
from prism_engine.config.run_config import SWEPT
from prism_engine.errors import PrismError, UntrustedCodeError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from prism_engine.api import Notification, ProgressDisplay, RunReport
    from prism_engine.cli.log_format import LogFormat
    from prism_engine.config import Registry, RunConfig


def run(  # noqa: PLR0913 - one parameter per option is Typer's way
    benchmark: BenchmarksArgument = None,
    *,
    config: ConfigOption = None,
    perceiver: PerceiverOption = None,
    reasoner: ReasonerOption = None,
    mode: ModeOption = None,
    samples: SamplesOption = None,
    fetch: FetchOption = False,
    cached_only: CachedOnlyOption = False,
    engines_at_once: EnginesOption = None,
    instruction: InstructionOption = None,
    pictures: PicturesOption = None,
    merge: MergeOption = None,
    perception_tokens: PerceptionTokens = None,
    perception_temperature: PerceptionTemperature = None,
    descriptions_per_image: DescriptionsPerImage = None,
    descriptions: DescriptionsOption = None,
    missing: MissingOption = None,
    reasoning_tokens: ReasoningTokens = None,
    reasoning_temperature: ReasoningTemperature = None,
    reasoning_effort: Annotated[
        list[str] | None,
        Sets("reasoning_effort", one_or_sweep),
        option(
            f"How much the answering model reasons, if it can be told: {', '.join(EFFORTS)}. Repeat it for a sweep.",
            "--reasoning-effort",
            panel=ANSWERS,
            example="--reasoning-effort low --reasoning-effort high",
            default="as the registry says",
            metavar="EFFORT",
        ),
    ] = None,
    thinking_budget: Annotated[
        list[int] | None,
        Sets("thinking_budget", one_or_sweep),
        option(
            "Maximum tokens that it thinks, where its API has such a limit (`reasoning_style`). Repeat it for a sweep.",
            "--thinking-budget",
            panel=ANSWERS,
            example="--thinking-budget 2048",
            default="as the registry says",
            min=0,
            metavar="TOKENS",
        ),
    ] = None,
    answers_per_question: AnswersPerQuestion = None,
    rotate: RotateOption = None,
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
    detach: DetachOption = False,
    cache_dir: CacheDirOption = None,
    results_dir: ResultsDirOption = None,
    models_file: ModelsFileOption = None,
    trust: TrustCodeOption = False,
    tag: TagOption = None,
    as_json: JsonOption = False,
    log: LogOption = None,
    notify: NotifyOption = None,
) -> None:
    """Describe a benchmark's images, answer its questions from the descriptions, score the answers.

    Finished calls are never made twice: the same command continues where it stopped, and another reasoner or output
    limit reuses the descriptions. Ctrl-C finishes the requests in flight and stops; a second one stops at once.

    More than one benchmark, perceiver, instruction, reasoner or mode makes a sweep: every combination, each call made
    once, each engine loaded once, reasoners busy while one engine makes room for the next, one table at the end.

    Progress counts calls: open (not answered yet, sent or not), called (answered by the model), cached (found in the
    cache; also if a sample repeats a call of this run), shared (the same call was already open).

    [bold]Example:[/] prism run MMStar.tsv --perceiver smolvlm-256m --reasoner gpt-4o-mini --rpm 500
    """
    output = Output.of(as_json=as_json, log=log, notify=notify)
    configs, registry = _configs(locals()), load_registry(models_file or [])
    if detach:
        from prism_engine.cli import detached  # noqa: PLC0415 - only this option needs it

        output = output._replace(pipe=detached.pipe_to_foreground())
        if output.pipe is None:
            detached.start_detached(as_json=as_json)
            return
    if cached_only:
        from prism_engine import api  # noqa: PLC0415 - commands import what they use when called

        api.require_cached(configs, registry)
    run_all(configs, registry, output)


def _as_run(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of `run`; it receives their values by parameter name."""
    command.__signature__ = inspect.signature(run, eval_str=True)  # type: ignore[attr-defined]
    command.__annotations__ = get_type_hints(run, include_extras=True)
    return command


@_as_run
def plan(**given: Any) -> None:
    """Print what `prism run` with the same options would find in the cache, what it would call, and the likely cost.

    Calls nothing; takes every option of `prism run`, including those that change nothing here. Tokens and cost are
    learnt from earlier calls of the same models: make a small pilot first (the same run with `-n 50`), and the forecast
    is as narrow as the pilot allows.
    """
    from prism_engine import api  # noqa: PLC0415 - commands import what they use when called
    from prism_engine.cli.show.expenses import print_forecast  # noqa: PLC0415
    from prism_engine.cli.show.live import ingesting  # noqa: PLC0415
    from prism_engine.cli.show.plan_facts import forecast_facts, plan_facts  # noqa: PLC0415
    from prism_engine.cli.show.reports import print_plan, print_plans  # noqa: PLC0415

    configs, registry = _configs(given), load_registry(given["models_file"] or [])
    _print_notes(api.benchmark_notes(configs, registry, ingesting=ingesting()))
    planned = api.plan_many(configs, registry, ingesting=ingesting())
    forecast = api.combined_forecast([one.forecast for one in planned])
    if given["as_json"]:
        print_json({"runs": [plan_facts(one) for one in planned], "forecast": forecast_facts(forecast)})
        return
    if len(planned) == 1:
        print_plan(planned[0].plan)
    else:
        print_plans(planned)
    print_forecast(configs[0], forecast)


def demo(
    *,
    cache_dir: CacheFolder,
    results_dir: ResultsFolder = RESULTS_DIR,
) -> None:
    """See Prism work: no key, no model hub, no GPU needed.

    Draws PrismScenes, questions about synthetic scenes, and answers them with two small models that come with the
    package: nano-captioner describes, in process under vLLM; nano-reasoner answers, behind a local vLLM OpenAI server.
    Then the captioner alone, and the reasoner on gold descriptions; the comparison at the end shows which of the two
    limits the result.
    """
    from prism_engine import api  # noqa: PLC0415 - see above

    stderr.print("demo: preparing PrismScenes, questions about synthetic scenes (once)")
    run_all(api.demo_configs(cache_dir, results_dir), load_registry())


def _configs(given: Mapping[str, Any]) -> tuple[RunConfig, ...]:
    """Return the runs that the options of `run` and `plan` mean; fetch their benchmarks if asked to."""
    options = config_options(run, given)
    configs = load_run_configs(given["config"], options, option_names(run, options))
    if given["fetch"]:
        from prism_engine.cli.datasets_getting import fetch_missing  # noqa: PLC0415 - see above

        fetch_missing([one.benchmark for one in configs])
    return configs


class Output(NamedTuple):
    """How a command reports its runs."""

    as_json: bool = False
    """Print one JSON object at the end instead of text."""
    log: LogFormat | None = None
    notification: Notification | None = None
    pipe: int | None = None
    """To the foreground process that waits until this detached one is ready; None if this is none."""

    @classmethod
    def of(cls, *, as_json: bool, log: LogFormat | None, notify: str | None) -> Output:
        """Return what the options mean.

        Raises:
            ConfigError: --notify is neither a URL nor a command.
        """
        from prism_engine import api  # noqa: PLC0415 - see above

        return cls(as_json, log, api.Notification.of(notify) if notify else None)

    def notify(self, summary: Mapping[str, Any]) -> None:
        """Send a summary if a notification is wanted; a failure is one line, and changes nothing else."""
        if self.notification is not None and (problem := self.notification.send(summary)):
            stderr.print(f"note: {problem}", soft_wrap=True, markup=False)


_PRINTED: Final = Output()


def run_all(configs: Sequence[RunConfig], registry: Registry, output: Output = _PRINTED) -> list[RunReport]:
    """Run all together and judge, report the outcome, and set the exit code."""
    from prism_engine import api  # noqa: PLC0415 - see above

    try:
        reports, code = _run_and_print(configs, registry, output)
    except KeyboardInterrupt:
        stderr.print(f"stopped at once; finished calls are kept: continue with {same_command()}", soft_wrap=True)
        output.notify(api.error_summary("stopped at once", 130))
        raise typer.Exit(130) from None
    except UntrustedCodeError:  # the user is asked, and the command begins again
        raise
    except PrismError as error:
        output.notify(api.error_summary(str(error), error_code(error)))
        raise
    if output.as_json or output.notification is not None:  # it reads every answer
        summary = api.run_summary(reports, code)
        if output.as_json:
            print_json(summary)
        output.notify(summary)
    if code:
        raise typer.Exit(code)
    return reports


def _run_and_print(configs: Sequence[RunConfig], registry: Registry, output: Output) -> tuple[list[RunReport], int]:
    """Run all together and judge, print each run's outcome and the table of a sweep; return the exit code, too."""
    from prism_engine import api  # noqa: PLC0415 - see above
    from prism_engine.cli.judge import print_judged  # noqa: PLC0415
    from prism_engine.cli.show.live import ingesting  # noqa: PLC0415
    from prism_engine.cli.show.reports import print_how_to_look, print_report, print_sweep, report_code  # noqa: PLC0415
    from prism_engine.cli.show.scores import print_comparison  # noqa: PLC0415

    def print_each(reports: Sequence[RunReport]) -> None:
        for report in reports:
            print_report(report)

    _print_notes(caution for one in configs for caution in api.instruction_warnings(one, registry))
    _print_notes(api.benchmark_notes(configs, registry, ingesting=ingesting()))
    in_one_table = not _differ_in_mode_only(configs)
    with silenced(stdout, when=output.as_json):
        reports, judged = api.run_and_judge(
            configs,
            registry,
            watch=_display(output),
            ingesting=ingesting(),
            ran=None if in_one_table else print_each,
            judged=print_judged,
        )
        scores = {report.name: scores for report in reports if (scores := report.judged or report.scores) is not None}
        if in_one_table:
            print_sweep(reports)
        elif len(scores) > 1:
            print_comparison(scores)
        if len(reports) > 1:
            stdout.print(f"All runs in one table: {api.write_sweep(reports)}", soft_wrap=True, markup=False)
            print_how_to_look(configs[0].results_dir)
    return reports, max((*map(report_code, reports), *map(report_code, judged)))


def _display(output: Output) -> ProgressDisplay:
    from prism_engine.cli.show.live import watch  # noqa: PLC0415 - see above

    display = partial(watch, log=output.log)
    if output.pipe is None:
        return display
    from prism_engine.cli.detached import announced  # noqa: PLC0415 - only a detached run needs it

    return announced(display, output.pipe)


def _print_notes(notes: Iterable[str]) -> None:
    for note in dict.fromkeys(notes):
        stderr.print(f"note: {note}", soft_wrap=True, markup=False)


def _differ_in_mode_only(configs: Sequence[RunConfig]) -> bool:
    """Return whether the runs differ in mode alone: a comparison by group then says more than a row per run."""
    swept = [key for key in SWEPT if key != "mode"]
    values = [{getattr(one, key) for one in configs} - {None} for key in swept]
    return all(len(each) <= 1 for each in values)
