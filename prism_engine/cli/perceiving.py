"""Options about the perceiver: what it is told, what it is shown, and how several of them are joined."""

from __future__ import annotations

from typing import Annotated

import typer

from prism_engine.config import Merge, Pictures

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
