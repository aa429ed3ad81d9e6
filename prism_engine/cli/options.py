"""The options of `prism run` and `prism plan`, some of them other commands' too."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from prism_engine.config import Merge, Mode, Pictures
from prism_engine.records import AnswerKind

BenchmarksArgument = Annotated[
    list[str] | None,
    typer.Argument(
        help="A benchmark's name (`prism datasets list`), or the path of a TSV in VLMEvalKit's format, of a JSONL or "
        "Parquet file, or of a mapping for any other data (YAML). Several make a sweep.",
        metavar="BENCHMARK...",
    ),
]
ConfigOption = Annotated[Path | None, typer.Option("--config", "-c", help="Run file (YAML); options override it.")]
PerceiverOption = Annotated[
    list[str] | None,
    typer.Option(
        "--perceiver",
        "-p",
        help="The VLM that describes: a name of `prism models`, or a checkpoint's folder. A~B joins the descriptions "
        "of several. Repeat it for a sweep.",
    ),
]
ReasonerOption = Annotated[
    list[str] | None,
    typer.Option(
        "--reasoner",
        "-r",
        help="The LLM that answers: a name of `prism models`; NAME-2048 also sets the output limit of its answers. "
        "Repeat it for a sweep.",
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
EnginesOption = Annotated[
    int | None,
    typer.Option(
        "--engines-at-once",
        min=1,
        help="Engines on this machine that describe and may be up together in a sweep; the others wait until one is "
        "done.  \\[default: 1]",
    ),
]
DescriptionsOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--descriptions",
        help="Descriptions from elsewhere instead of a perceiver's: .jsonl, .csv, .xlsx or .parquet with a column "
        "`index` (or doc_id, or the pictures' digests) and a column `description` (or caption, prediction, "
        "filtered_resps). --perceiver then only labels them. With --mode oracle they are the gold descriptions.",
    ),
]
MissingOption = Annotated[
    str | None,
    typer.Option(
        "--missing",
        metavar="error|skip",
        help="What becomes of samples that --descriptions lacks, and of rows that belong to no sample: an error before "
        "anything is called, or skip and count them.  \\[default: error]",
    ),
]
FailedOption = Annotated[
    bool | None,
    typer.Option(
        "--failed-as-wrong",
        help="Count samples whose call failed as wrong answers, and say so wherever scores are told.  "
        "\\[default: count them apart; accuracy is over the others]",
    ),
]
PerceptionTemperature = Annotated[
    float | None, typer.Option("--perception-temperature", min=0, help="Of descriptions.  \\[default: 0]")
]
ReasoningTemperature = Annotated[
    float | None, typer.Option("--reasoning-temperature", min=0, help="Of answers.  \\[default: 0]")
]
DescriptionsPerImage = Annotated[
    int | None,
    typer.Option(
        "--descriptions-per-image",
        min=1,
        help="Draw so many descriptions, each with a seed of its own, and answer from each; needs "
        "--perception-temperature. Reported are the mean, the best of each question, and the majority's answer.",
    ),
]
AnswersPerQuestion = Annotated[
    int | None,
    typer.Option(
        "--answers-per-question",
        min=1,
        help="Draw so many answers to each description; needs --reasoning-temperature.",
    ),
]
InstructionOption = Annotated[
    list[str] | None,
    typer.Option(
        "--instruction",
        "--prompt-version",
        help="What the perceiver is told: generic, human1, human2, gpt1, gpt2, cot, decompose; words of your own; "
        "@FILE (a text, or JSON with contents by index); query-specific_MODEL (generic, and what MODEL says that the "
        "question needs observed). Repeat it for a sweep.  \\[default: generic]",
    ),
]
PicturesOption = Annotated[
    Pictures | None,
    typer.Option(
        help="Of samples with several pictures: each described on its own, all together in one request, or only the "
        "first.  \\[default: each]"
    ),
]
MergeOption = Annotated[
    Merge | None,
    typer.Option(
        help="How the descriptions of A~B are joined: labelled (A first, numbered), plain (A first), original (as the "
        "original framework: B first, nothing between).  \\[default: labelled]"
    ),
]
