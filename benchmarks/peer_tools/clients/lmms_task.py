"""What lmms-eval's task file refers to: a task's messages, and its score."""

from __future__ import annotations

from typing import Any


def messages(row: dict[str, Any], lmms_eval_specific_kwargs: object = None) -> list[dict[str, Any]]:
    del lmms_eval_specific_kwargs
    return [{"role": "user", "content": [{"type": "text", "text": row["blind"]}]}]


def text(row: dict[str, Any], lmms_eval_specific_kwargs: object = None) -> str:
    del lmms_eval_specific_kwargs
    return str(row["blind"])


def visual(row: dict[str, Any]) -> list[Any]:
    del row
    return []


def results(row: dict[str, Any], replies: list[str]) -> dict[str, float]:
    return {"right": float(f"answer is {row['target']}" in replies[0])}
