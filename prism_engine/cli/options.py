"""More options of `prism run` and `prism plan`: descriptions from elsewhere, several draws, engines of a sweep."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

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
