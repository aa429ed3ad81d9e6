"""The golden data of open answers: rows of a table, replies, and recorded judge reviews."""

from __future__ import annotations

import csv
import json
import sys
from functools import cache
from pathlib import Path
from typing import Any

from prism_engine.records import Option, Sample

GOLDEN = Path(__file__).parents[1] / "golden"
KNOWN = ("index", "image", "question", "hint", "answer", "category", "l2-category", "split")


def lines(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]


@cache
def table(folder: str, name: str) -> list[Sample]:
    csv.field_size_limit(sys.maxsize)
    with (GOLDEN / folder / f"{name}.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    return [_sample(position, row) for position, row in enumerate(rows)]


def _sample(position: int, row: dict[str, Any]) -> Sample:
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    return Sample(
        position,
        row["index"],
        (),
        row.get("question") or "",
        row.get("hint") or None,
        tuple(Option(letter, row[letter]) for letter in letters if row.get(letter)),
        row.get("answer") or None,
        row.get("category") or None,
        row.get("l2-category") or None,
        row.get("split") or None,
        extra={key: value for key, value in row.items() if value and key not in KNOWN and key not in letters},
    )


@cache
def replies(folder: str, name: str) -> dict[str, str]:
    return {str(row["index"]): str(row["prediction"]) for row in lines(GOLDEN / folder / f"{name}.predictions.jsonl")}


@cache
def reviews(folder: str, name: str) -> dict[str, list[str | None]]:
    return {str(row["index"]): row["replies"] for row in lines(GOLDEN / folder / f"{name}.judge.jsonl")}


@cache
def expected(folder: str, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((GOLDEN / folder / f"{name}.expected.json").read_text(encoding="utf-8"))
    return found


@cache
def names(folder: str) -> list[str]:
    return sorted(path.name.removesuffix(".expected.json") for path in (GOLDEN / folder).glob("*.expected.json"))
