"""`prism gen-prompts`: has a hint writer write per-question hints, from the questions alone."""

from __future__ import annotations

import shutil
from pathlib import Path  # noqa: TC003 - Typer reads it
from typing import Annotated

import typer

from prism_engine.cli import completion
from prism_engine.cli.config_options import Sets, config_options, option
from prism_engine.cli.options import (
    DESCRIPTIONS,
    FILES,
    WHAT,
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
    TrustCodeOption,
)
from prism_engine.cli.run import run_all
from prism_engine.cli.show.console import stdout
from prism_engine.config import Arm, load_registry, load_run_configs
from prism_engine.errors import UserError


def gen_prompts(  # noqa: PLR0913 - one parameter per option is Typer's way
    *,
    data: Annotated[
        str,
        Sets("benchmark"),
        option(
            "The benchmark: a name from `prism datasets list`, or a file's path, as for `prism run`.",
            *("--data", "-d"),
            panel=WHAT,
            example="--data MMStar",
            autocompletion=completion.benchmarks,
        ),
    ],
    model: Annotated[
        str,
        Sets("instruction", "query-specific_{}".format),
        option(
            "The hint writer: a name from `prism models`; Prism's paper uses the reasoner.",
            *("--model", "-m"),
            panel=WHAT,
            example="--model gpt-4o-mini",
            autocompletion=completion.models,
        ),
    ],
    samples: SamplesOption = None,
    writing_tokens: Annotated[
        int | None,
        Sets("writing.max_tokens"),
        option(
            "Output limit of a question's hints, in tokens.",
            "--writing-tokens",
            panel=DESCRIPTIONS,
            example="--writing-tokens 256",
            min=1,
            default="512",
        ),
    ] = None,
    rpm: RpmOption = None,
    tpm: TpmOption = None,
    concurrency: ConcurrencyOption = None,
    nproc: Annotated[
        int | None, typer.Option("--nproc", hidden=True, min=1, help="The original's --concurrency.")
    ] = None,
    max_cost: MaxCostOption = None,
    deadline: DeadlineOption = None,
    fail_on_error: FailOnErrorOption = None,
    out: Annotated[
        Path | None,
        option(
            "Also copy the hints file (JSON) here, like the prompts/DATA_MODEL.json of an original checkout.",
            panel=FILES,
            example="--out prompts/MMStar_gpt-4o-mini.json",
        ),
    ] = None,
    cache_dir: CacheDirOption = None,
    results_dir: ResultsDirOption = None,
    models_file: ModelsFileOption = None,
    trust: TrustCodeOption = False,
) -> None:
    """Have a model write, from each question alone, hints about what to look for in the image; never the answer.

    `prism run --instruction query-specific_MODEL` does the same by itself if the hints are missing. Finished calls are
    never made twice, and the run takes them from the cache. The limits are those of MODEL's API.

    [bold]Example:[/] prism gen-prompts --data MMStar.tsv --model gpt-4o-mini --rpm 500
    """
    options = {"mode": Arm.PROMPTS, "concurrency": nproc} | config_options(gen_prompts, locals())
    (report,) = run_all(load_run_configs(None, options), load_registry(models_file or []))
    (written,) = report.folder.glob("*_*.json")
    stdout.print(f"Hints by index: {written}", soft_wrap=True)
    if out is not None:
        try:
            out.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(written, out)
        except OSError as error:
            raise UserError(f"--out {out}: cannot be written ({error.strerror})") from error
