"""`prism convert`: converts published checkpoints to the format that vLLM loads."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - Typer reads it
from typing import Annotated

import typer

from prism_engine.cli.show.console import human_bytes, stderr, stdout

convert_app = typer.Typer(no_args_is_help=True, help="Convert published checkpoints to the format that vLLM loads.")


@convert_app.callback()
def _convert() -> None:
    """Convert published checkpoints to the format that vLLM loads."""


@convert_app.command()
def xtuner(
    model: Annotated[
        str, typer.Argument(help="Folder or hub id, e.g. Yuxuan-Qiao/PrismCaptioner-7B.", metavar="MODEL")
    ],
    out: Annotated[Path, typer.Argument(help="Folder to write; must not exist yet.", metavar="OUT")],
    *,
    llm: Annotated[
        str | None,
        typer.Option(
            help="InternLM2 chat model that it was trained on: folder or hub id.  \\[default: llm/ of the model, else "
            "the one of PrismCaptioner]"
        ),
    ] = None,
    encoder: Annotated[
        str | None,
        typer.Option(
            help="Vision encoder: folder or hub id.  \\[default: visual_encoder/ of the model, else "
            "google/siglip-so400m-patch14-384]"
        ),
    ] = None,
    dtype: Annotated[
        str, typer.Option(help="Data type of the weights: float16 (the original's), bfloat16 or float32.")
    ] = "float16",
) -> None:
    """Convert PrismCaptioner, or another xtuner LLaVA on InternLM2, to a plain LLaVA checkpoint.

    vLLM and transformers load the result, and prism by its folder: `prism run ... -p OUT`. Merges the LoRA adapter,
    splits InternLM2's weights into Llama's, and writes processor, tokenizer and chat template. Needs a few GB of
    memory, and disk for one copy of the model.
    """
    from prism_engine.api.data.conversion import convert_xtuner  # noqa: PLC0415 - commands import what they use when called

    written = convert_xtuner(
        model, out, llm=llm, encoder=encoder, dtype=dtype, say=lambda what: stderr.print(f"{what} ...", soft_wrap=True)
    )
    stdout.print(f"{out}: {human_bytes(written)} of weights; use it with `prism run ... -p {out}`", soft_wrap=True)
