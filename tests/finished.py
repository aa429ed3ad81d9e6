"""Writes folders of finished runs, as `prism run` does, with scores chosen by the test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

CATEGORIES = ("seeing", "counting")


def write_run(
    results: Path,
    scores: Sequence[float | None],
    *,
    mode: str = "all",
    perceiver: str | None = "eye",
    reasoner: str | None = "brain",
    instruction: str = "generic",
    benchmark: str = "Bench",
    sha256: str = "ab" * 32,
    per_picture: int = 1,
    question: str = "What?",
    about: dict[str, Any] | None = None,
    headline: float | None = None,
    maximum: float = 1.0,
    profile: str = "v3",
    suffix: str = "",
    kind: str | None = None,
    rows: Sequence[dict[str, Any]] | None = None,
) -> Path:
    """Write one run's folder under `results`, a row per score (None: it failed), and return the folder.

    Args:
        per_picture: questions about each picture.
        headline: the benchmark's own number; NaN if it has one with an unknown value.
        maximum: the highest value that `headline` can have.
        suffix: suffix of the last folder's name, such as `-2048`.
        kind: the answer kind that its manifest names.
        rows: fields that replace those of each row, such as its index.
    """
    names = [perceiver, reasoner] if mode in ("all", "reasoning") else [perceiver if mode == "direct" else reasoner]
    parent = results / (instruction if mode in ("all", "reasoning") else mode) / benchmark
    folder = parent.joinpath(*map(str, names))
    folder = folder.with_name(folder.name + suffix)
    folder.mkdir(parents=True)
    own_fields = rows or [{}] * len(scores)
    rows = [
        _row(position, score, per_picture, question) | more
        for position, (score, more) in enumerate(zip(scores, own_fields, strict=True))
    ]
    (folder / "predictions.jsonl").write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows))
    config = {
        "benchmark": f"{benchmark}.tsv",
        "perceiver": perceiver,
        "reasoner": reasoner,
        "instruction": instruction,
        "mode": mode,
        "samples": None,
        "profile": profile,
    }
    models = {role: {"name": config[role], "about": about} for role in ("perceiver", "reasoner") if config[role]}
    manifest = {"config": config, "benchmark": {"name": benchmark, "sha256": sha256}, "models": models}
    if kind is not None:
        manifest["scoring"] = {"answer_kind": kind, "profile": profile}
    (folder / "manifest.json").write_bytes(orjson.dumps(manifest))
    metric = {"name": "own", "value": headline, "maximum": maximum, "n": 1, "level": "overall", "group": None}
    own = {"metrics": [metric | {"group": "a part", "value": 0.1}, metric], "headline": "own"}
    (folder / "scores.json").write_bytes(orjson.dumps({} if headline is None else own))
    return folder


def rotated(questions: int, turns: int = 4) -> list[dict[str, Any]]:
    """Return the fields of rotations of some questions, question by question, that share its picture."""
    return [
        {
            "index": str(question + turn * 1_000_000),
            "images": [f"picture {question}"],
            "question": f"What? {question}",
            "category": CATEGORIES[question % 2],
            "target": "ABCD"[turn % 4],
        }
        for question in range(questions)
        for turn in range(turns)
    ]


def _row(position: int, score: float | None, per_picture: int, question: str) -> dict[str, Any]:
    return {
        "index": str(position),
        "position": position,
        "category": CATEGORIES[position % 2],
        "l2_category": None,
        "split": None,
        "question": f"{question} {position}",
        "options": [{"letter": letter, "text": letter} for letter in "ABCD"],
        "target": "A",
        "images": [f"picture {position // per_picture}"],
        "extracted": None if score is None else "A" if score else "B",
        "score": score,
        "status": "failed" if score is None else "done",
    }
