"""`prism gen-prompts`: what to observe for each question of a benchmark, written by a model before anything is seen."""

# ruff: noqa: TC001 - Typer reads the options
from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated

import typer

from prism_engine.cli.options import (
    CacheDirOption,
    ConcurrencyOption,
    DeadlineOption,
    FailOnErrorOption,
    MaxCostOption,
    ModelsFileOption,
    ResultsDirOption,
    RpmOption,
    SamplesOption,
    TpmOption,
)
from prism_engine.cli.run import run_all
from prism_engine.cli.show.tables import stdout
from prism_engine.config import load_registry, load_run_configs
from prism_engine.errors import UserError

DataOption = Annotated[
    str, typer.Option("--data", "-d", help="A TSV in VLMEvalKit's format: its path, or its name in $LMUData.")
]
WriterOption = Annotated[
    str, typer.Option("--model", "-m", help="Who writes: a name of `prism models`; Prism's paper takes the reasoner.")
]
WritingTokens = Annotated[
    int | None, typer.Option("--writing-tokens", help="Output limit of what is written.  \\[default: 512]")
]
OutOption = Annotated[
    Path | None, typer.Option(help="Copy the JSON here as well, as an original checkout's prompts/DATA_MODEL.json.")
]


def gen_prompts(  # noqa: PLR0913 - one parameter per option is Typer's way
    *,
    data: DataOption,
    model: WriterOption,
    samples: SamplesOption = None,
    writing_tokens: WritingTokens = None,
    rpm: RpmOption = None,
    tpm: TpmOption = None,
    concurrency: ConcurrencyOption = None,
    nproc: Annotated[int | None, typer.Option("--nproc", hidden=True, help="The original's name.")] = None,
    max_cost: MaxCostOption = None,
    deadline: DeadlineOption = None,
    fail_on_error: FailOnErrorOption = None,
    out: OutOption = None,
    cache_dir: CacheDirOption = None,
    results_dir: ResultsDirOption = None,
    models_file: ModelsFileOption = None,
) -> None:
    """Let a model say, from each question alone, what of the image must be observed to answer it; never the answer.

    `prism run --instruction query-specific_MODEL` does the same by itself where it is missing. Finished calls are never
    made twice, and the run takes them from the cache. The limits are those of MODEL's API.

    [bold]Example:[/] prism gen-prompts --data MMStar.tsv --model gpt-4o-mini --rpm 500
    """
    options = {
        "benchmark": data,
        "instruction": f"query-specific_{model}",
        "mode": "prompts",
        "samples": samples,
        "writing.max_tokens": writing_tokens,
        "requests_per_minute": rpm,
        "tokens_per_minute": tpm,
        "concurrency": concurrency or nproc,
        "max_cost": max_cost,
        "deadline": deadline,
        "fail_on_error": fail_on_error,
        "cache_dir": cache_dir,
        "results_dir": results_dir,
    }
    (report,) = run_all(load_run_configs(None, options), load_registry(models_file or []))
    (written,) = report.folder.glob("*_*.json")
    stdout.print(f"Contents by index: {written}", soft_wrap=True)
    if out is not None:
        try:
            out.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(written, out)
        except OSError as error:
            raise UserError(f"--out {out}: cannot be written ({error.strerror})") from error
