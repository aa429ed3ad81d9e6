"""A folder of results as the original framework leaves it, written with polars as pandas would."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from prism_engine.datasets import open_benchmark
from tests.shapes import write_shapes

if TYPE_CHECKING:
    from pathlib import Path

FAILED = "Failed to obtain answer via API."
SAMPLES = 12


def benchmark(folder: Path, count: int = SAMPLES) -> list[dict[str, object]]:
    """Write shapes.tsv and return its rows as the original keeps them: every column but the picture."""
    write_shapes(folder / "shapes.tsv", count, 0)
    with open_benchmark(folder / "shapes.tsv", folder / "cache") as opened:
        return [
            {
                "index": int(sample.index),
                "question": sample.question,
                **{option.letter: option.text for option in sample.options},
                "answer": sample.answer,
                "category": sample.category,
                "l2-category": sample.l2_category,
            }
            for sample in opened
        ]


def table(path: Path, rows: list[dict[str, object]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pl.DataFrame(rows, infer_schema_length=None).write_excel(path)
    return path


def described(rows: list[dict[str, object]], **changes: object) -> list[dict[str, object]]:
    """Return the rows with a description each; `i3="..."` is another one for index 3."""
    return [row | {"description": changes.get(f"i{row['index']}", f"picture {row['index']}")} for row in rows]


def answered(rows: list[dict[str, object]], **changes: tuple[str, str]) -> list[dict[str, object]]:
    """Return the rows with the right answer each; `i3=("", "log")` is another one with its log."""
    found = []
    for row in rows:
        said, log = changes.get(f"i{row['index']}", (f"The answer is {row['answer']}.", "Succeed"))
        found.append(row | {"prediction": said, "post_log": log})
    return found


def place(root: Path, *, prompt: str = "generic", dataset: str = "shapes", model: str = "GPT4V") -> Path:
    return root / prompt / dataset / model
