"""The options that commands share, each with its configuration key, help panel and example."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from prism_engine.cli import completion
from prism_engine.cli.config_options import Sets, dollars, one_or_sweep, option, tags_of
from prism_engine.cli.log_format import LogFormat
from prism_engine.cli.trust import trusting_code
from prism_engine.config import Merge, Pictures
from prism_engine.config.arms import ARMS
from prism_engine.config.file_types import BENCHMARK_FILES, RECORD_FILES, TABLE_FILES, one_of
from prism_engine.config.run_config import default_cache_dir
from prism_engine.records import AnswerKind

RESULTS_DIR = Path("results")
"""Where results are unless --results-dir says otherwise; as the configurations have it."""

WHAT = "What to run"
DESCRIPTIONS = "Descriptions"
ANSWERS = "Answers"
SCORING = "Scoring"
JUDGING = "Judging"
LIMITS = "Limits and money"
STOPPING = "Stopping and resuming"
FILES = "Files"
OUTPUT = "Output"

# What to run

BenchmarksArgument = Annotated[
    list[str] | None,
    Sets("benchmark", one_or_sweep),
    typer.Argument(
        help="A benchmark's name (`prism datasets list`), or the path of a TSV in VLMEvalKit's format, of a "
        f"{one_of(RECORD_FILES.values())} file, or of a mapping for any other data (YAML). More than one makes a "
        "sweep.",
        metavar="BENCHMARK",
        autocompletion=completion.benchmarks,
    ),
]
ConfigOption = Annotated[
    Path | None,
    option("Run file (YAML); options override it.", "--config", "-c", panel=WHAT, example="--config run.yaml"),
]
PerceiverOption = Annotated[
    list[str] | None,
    Sets("perceiver", one_or_sweep),
    option(
        "The VLM that describes: a name from `prism models`, or a checkpoint's folder. A~B joins the descriptions of "
        "multiple perceivers. Repeat it for a sweep.",
        *("--perceiver", "-p"),
        panel=WHAT,
        example="-p smolvlm-256m",
        autocompletion=completion.models,
    ),
]
ReasonerOption = Annotated[
    list[str] | None,
    Sets("reasoner", one_or_sweep),
    option(
        "The LLM that answers: a name from `prism models`; NAME-2048 also sets the output limit of its answers. Repeat "
        "it for a sweep.",
        *("--reasoner", "-r"),
        panel=WHAT,
        example="-r gpt-4o-mini",
        autocompletion=completion.models,
    ),
]
ModeOption = Annotated[
    list[str] | None,
    Sets("mode", one_or_sweep),
    option(
        "Which model answers, and from what: "
        + ", ".join(f"{arm} ({arm.about})" for arm in ARMS.values())
        + ". Repeat it to compare modes.",
        "--mode",
        panel=WHAT,
        example="--mode direct --mode all",
        metavar="MODE",
        autocompletion=completion.modes,
        default="all",
    ),
]
SamplesOption = Annotated[
    int | None,
    Sets("samples"),
    option(
        "Use only the first N samples.", "--samples", "-n", panel=WHAT, example="-n 50", default="all of them", min=1
    ),
]
FetchOption = Annotated[
    bool,
    option("Download the benchmark first if it is known and not on this machine yet.", "--fetch", panel=WHAT),
]
CachedOnlyOption = Annotated[
    bool,
    option(
        "Score the answers that are in the cache; stop before the first call if any is missing. Only a --judge is "
        "asked.",
        "--cached-only",
        panel=WHAT,
    ),
]
EnginesOption = Annotated[
    int | None,
    Sets("engines_at_once"),
    option(
        "How many perceiver engines of a sweep may be loaded on this machine at the same time; the others wait until "
        "one is done.",
        "--engines-at-once",
        panel=WHAT,
        example="--engines-at-once 2",
        default="1",
        min=1,
    ),
]
TrustCodeOption = Annotated[
    bool,
    option(
        "Run Python code that a checkpoint brings along (trust_remote_code) without asking.",
        "--trust",
        panel=FILES,
        callback=trusting_code,
    ),
]
TrustOption = Annotated[
    bool,
    option(
        "Continue a run that someone else's prism wrote, and run code that a checkpoint brings along, without asking.",
        "--trust",
        panel=FILES,
        callback=trusting_code,
    ),
]
BenchmarkArgument = Annotated[
    str,
    typer.Argument(
        help=f"A benchmark's name, or the path of a {one_of(BENCHMARK_FILES.values())} file or of a mapping (YAML).",
        metavar="BENCHMARK",
        autocompletion=completion.benchmarks,
    ),
]
RunArgument = Annotated[
    str,
    typer.Argument(
        help="A run's folder, or enough of its name in `prism runs`.", metavar="RUN", autocompletion=completion.runs
    ),
]
RunsArgument = Annotated[
    list[str],
    typer.Argument(
        help="Runs: their folders, or enough of their names in `prism runs`.",
        metavar="RUN",
        autocompletion=completion.runs,
    ),
]

# Descriptions

InstructionOption = Annotated[
    list[str] | None,
    Sets("instruction", one_or_sweep),
    option(
        "What to ask the perceiver for (also as --prompt-version): generic, human1, human2, gpt1, gpt2, cot, "
        "decompose; your own wording; @FILE (a text, or a hints file: JSON with hints by index); query-specific_MODEL "
        "(generic, plus per-question hints that MODEL writes). Repeat it for a sweep.",
        *("--instruction", "--prompt-version"),
        panel=DESCRIPTIONS,
        example="--instruction cot",
        default="generic",
        autocompletion=completion.instructions,
    ),
]
PicturesOption = Annotated[
    Pictures | None,
    Sets("pictures"),
    option(
        "How to describe a sample with more than one picture: each (on its own), together (all in one request), or "
        "first (only that one).",
        panel=DESCRIPTIONS,
        example="--pictures together",
        default="each",
    ),
]
MergeOption = Annotated[
    Merge | None,
    Sets("merge"),
    option(
        "How to join the descriptions of A~B: labelled (A first, numbered), plain (A first), original (as the original "
        "framework: B first, nothing between).",
        panel=DESCRIPTIONS,
        example="--merge plain",
        default="labelled",
    ),
]
DescriptionsOption = Annotated[
    list[Path] | None,
    Sets("descriptions", one_or_sweep),
    option(
        f"Use these descriptions instead of a perceiver's: {one_of(TABLE_FILES)} with a column `index` (or doc_id, or "
        "the pictures' digests) and a column `description` (or caption, prediction, filtered_resps). "
        "--perceiver then only labels them. With --mode oracle they are the gold descriptions.",
        "--descriptions",
        panel=DESCRIPTIONS,
        example="--descriptions captions.jsonl",
    ),
]
MissingOption = Annotated[
    str | None,
    Sets("missing_descriptions"),
    option(
        "What to do about samples that --descriptions lacks, and rows that belong to no sample: stop with an error "
        "before anything is called, or skip and count them.",
        "--missing",
        panel=DESCRIPTIONS,
        example="--missing skip",
        default="error",
        metavar="error|skip",
    ),
]
PerceptionTokens = Annotated[
    int | None,
    Sets("perception.max_tokens"),
    option(
        "Output limit of a description, in tokens.",
        "--perception-tokens",
        panel=DESCRIPTIONS,
        example="--perception-tokens 1024",
        min=1,
        default="512",
    ),
]
PerceptionTemperature = Annotated[
    float | None,
    Sets("perception.temperature"),
    option(
        "Sampling temperature of descriptions.",
        "--perception-temperature",
        panel=DESCRIPTIONS,
        example="--perception-temperature 0.7",
        default="0",
        min=0,
    ),
]
DescriptionsPerImage = Annotated[
    int | None,
    Sets("perception.n"),
    option(
        "Draw N descriptions, each with its own seed, and answer from each; needs --perception-temperature. Reports "
        "the mean, the best of each question, and the majority's answer.",
        "--descriptions-per-image",
        panel=DESCRIPTIONS,
        example="--descriptions-per-image 4",
        default="1",
        min=1,
        metavar="N",
    ),
]

# Answers

ReasoningTokens = Annotated[
    int | None,
    Sets("reasoning.max_tokens"),
    option(
        "Output limit of an answer, in tokens.",
        "--reasoning-tokens",
        panel=ANSWERS,
        example="--reasoning-tokens 2048",
        min=1,
        default="512",
    ),
]
ReasoningTemperature = Annotated[
    float | None,
    Sets("reasoning.temperature"),
    option(
        "Sampling temperature of answers.",
        "--reasoning-temperature",
        panel=ANSWERS,
        example="--reasoning-temperature 0.7",
        default="0",
        min=0,
    ),
]
AnswersPerQuestion = Annotated[
    int | None,
    Sets("reasoning.n"),
    option(
        "Draw N answers to each description; needs --reasoning-temperature.",
        "--answers-per-question",
        panel=ANSWERS,
        example="--answers-per-question 5",
        default="1",
        min=1,
        metavar="N",
    ),
]

RotateOption = Annotated[
    str | None,
    Sets("rotate"),
    option(
        "Ask each multiple-choice question with N rotations of its options (all: as many as it has), from one "
        "description. Reports the accuracy per position, the answers per position against what the options would get "
        "in any order, and the robust accuracy: right in every rotation. The first rotation is the question as it is, "
        "with the same calls as without this option.",
        "--rotate",
        panel=ANSWERS,
        example="--rotate 4",
        default="1",
        metavar="N|all",
    ),
]

# Scoring

KindOption = Annotated[
    AnswerKind | None,
    Sets("answer_kind"),
    option(
        f"What a right answer looks like: {', '.join(AnswerKind)}.",
        "--answer-kind",
        panel=SCORING,
        example="--answer-kind yes_no",
        default="from the benchmark's name or columns",
    ),
]
ProfileOption = Annotated[
    str | None,
    Sets("profile"),
    option(
        "Rules that extract answers from replies: prism (the newest: prism-2), prism-1, or VLMEvalKit's: v1 (until "
        "2025-08), v2, v3 (current).",
        panel=SCORING,
        example="--profile v3",
        default="prism",
    ),
]
FailedOption = Annotated[
    bool | None,
    Sets("failed", {True: "wrong"}.get),
    option(
        "Count samples whose call failed as wrong answers, and say so wherever scores are shown.",
        "--failed-as-wrong",
        panel=SCORING,
        default="count them apart; accuracy is over the others",
    ),
]
JudgeOption = Annotated[
    str | None,
    Sets("judge"),
    option(
        "Model that is asked, at the end, about the answers that rules could not read; see `prism judge`.",
        panel=SCORING,
        example="--judge gpt-4o-mini",
        default="none",
        autocompletion=completion.models,
    ),
]

# Limits and money

RpmOption = Annotated[
    int | None,
    Sets("requests_per_minute"),
    option(
        "Requests per minute that the API allows; in a run, the reasoner's API.",
        "--rpm",
        panel=LIMITS,
        example="--rpm 500",
        min=1,
        default="the model's limit in the registry",
    ),
]
TpmOption = Annotated[
    int | None,
    Sets("tokens_per_minute"),
    option(
        "Tokens per minute, prompt and output together, that the API allows; in a run, the reasoner's API.",
        "--tpm",
        panel=LIMITS,
        example="--tpm 200000",
        min=1,
        default="the model's limit in the registry",
    ),
]
ConcurrencyOption = Annotated[
    int | None,
    Sets("concurrency"),
    option(
        "Maximum concurrent requests to the API; in a run, the reasoner's API.",
        panel=LIMITS,
        example="--concurrency 32",
        min=1,
        default="the model's limit in the registry",
    ),
]
MaxCostOption = Annotated[
    float | None,
    Sets("max_cost", dollars),
    option(
        "US dollars that all runs into the same results folder may cost together. The worst case of a request is "
        "reserved before it is sent, and the first request to a model is sent alone, because only its reply shows "
        "whether the provider bills more than that (hidden reasoning). When the cap is used up the run stops (exit "
        "code 3); the same command with a larger cap continues.",
        panel=LIMITS,
        example="--max-cost 5.00",
        default="no limit",
        min=0,
    ),
]

# Stopping and resuming

DeadlineOption = Annotated[
    str | None,
    Sets("deadline"),
    option(
        "When to stop (the run can be resumed): 07:00 (the next one), 8h30m from now, or 2026-11-22 07:00.",
        panel=STOPPING,
        example="--deadline 8h30m",
        default="none",
    ),
]
FailOnErrorOption = Annotated[
    float | None,
    Sets("fail_on_error"),
    option(
        "Stop when more samples failed than this share (0.05) or count (20); with that many or fewer, it counts as "
        "complete.",
        panel=STOPPING,
        example="--fail-on-error 0.05",
        default="continue, and say so at the end",
        min=0,
    ),
]
RetryFailedOption = Annotated[
    bool | None,
    Sets("retry_failed"),
    option(
        "Make calls only for samples that failed in the previous run of the same command; samples that never ran are "
        "left alone. (Without this option, failed samples are tried again too, together with the others.)",
        "--retry-failed",
        panel=STOPPING,
    ),
]

DetachOption = Annotated[
    bool,
    option(
        "Start the run in the background and leave it running when this terminal closes. Errors before its first call "
        "are printed here. Its output goes to run.log in the run's folder; `prism status` shows it, and `prism ctl` "
        "controls it.",
        "--detach",
        panel=STOPPING,
    ),
]

# Files

CacheDirOption = Annotated[
    Path | None,
    Sets("cache_dir"),
    option(
        "Folder of the cache of finished calls.",
        panel=FILES,
        example="--cache-dir /data/prism-cache",
        default="$PRISM_CACHE, else a checkout's cache/, else ~/.cache",
    ),
]
ResultsDirOption = Annotated[
    Path | None,
    Sets("results_dir"),
    option("Folder for results.", panel=FILES, example="--results-dir ablation", default=str(RESULTS_DIR)),
]
CacheFolder = Annotated[
    Path,
    option(
        "The cache's folder.",
        "--cache-dir",
        panel=FILES,
        default="as for `prism run`",
        default_factory=default_cache_dir,
        show_default=False,
    ),
]
"""For commands without a configuration: always a path. The parameter takes no default of its own."""
ResultsFolder = Annotated[Path, option("The results folder.", "--results-dir", panel=FILES)]
"""For commands without a configuration: always a path. The parameter's default is `RESULTS_DIR`."""
ModelsFileOption = Annotated[
    list[Path] | None,
    option("More models (YAML); may be repeated.", "--models-file", panel=FILES, example="--models-file mine.yaml"),
]

# Output

TagOption = Annotated[
    list[str] | None,
    Sets("tags", tags_of),
    option(
        "Label the run in the manifest and in tables; changes no call and no folder. May be repeated.",
        "--tag",
        panel=OUTPUT,
        example="--tag paper=v2 --tag seed=3",
        metavar="KEY=VALUE",
    ),
]
JsonOption = Annotated[
    bool, option("Print the result as JSON, for scripts; docs/json.md describes it.", "--json", panel=OUTPUT)
]
LogOption = Annotated[
    LogFormat | None,
    option(
        "Progress as a line every 10 seconds instead of the live view: plain for people, json for programs.",
        "--log",
        panel=OUTPUT,
        example="--log json",
        default="the live view on a terminal, plain elsewhere",
        envvar="PRISM_LOG",
        show_envvar=True,
    ),
]
NotifyOption = Annotated[
    str | None,
    option(
        "When the run has ended, in whatever way: POST a JSON summary to this URL (it is a secret: never stored or "
        "printed), or run this command with the summary on stdin and in $PRISM_TITLE, $PRISM_STATUS, $PRISM_ACCURACY, "
        "$PRISM_COST and $PRISM_FOLDER; no shell is involved. If that fails, the run's exit code stays.",
        "--notify",
        panel=OUTPUT,
        example="--notify https://hooks.slack.com/services/...",
        envvar="PRISM_NOTIFY",
        show_envvar=True,
        metavar="URL|COMMAND",
    ),
]
