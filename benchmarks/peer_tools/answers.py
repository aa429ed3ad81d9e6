"""Reads the tools' own output: the text of each answered task. A task without an answer is simply not there."""

from __future__ import annotations

import json
from typing import Any


def _rows(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines() if line.strip()]


def prism(text: str, column: str) -> dict[int, str]:
    """Read prism's predictions (column `reply`) or descriptions (`description`)."""
    return {int(row["index"]): row[column] for row in _rows(text) if row.get(column)}


def lines(text: str) -> dict[int, str]:
    """Read what a client script wrote: `id`, `text`, and whether the sample failed (`error`)."""
    return {row["id"]: row["text"] for row in _rows(text) if row["text"] and not row.get("error")}


def lmms(text: str) -> dict[int, str]:
    """Read lmms-eval's sample log; a failed request is a text there, which lacks the task's mark."""
    found = {}
    for row in _rows(text):
        reply = row["filtered_resps"]
        found[row["doc_id"]] = reply if isinstance(reply, str) else str(reply[0])
    return found


def batch(text: str) -> dict[int, str]:
    """Read OpenAI's batch output, which vLLM's run-batch writes."""
    found = {}
    for row in _rows(text):
        response = row.get("response") or {}
        if row.get("error") is None and response.get("status_code", 200) == 200:
            found[int(row["custom_id"])] = response["body"]["choices"][0]["message"]["content"]
    return found


def right(found: dict[int, str], tasks: int, *, marked: bool) -> int:
    """Return how many of the tasks have their own answer.

    Args:
        marked: whether an answer must carry its task's mark (see `server.py`).
    """
    return sum(
        bool(found.get(number)) and (not marked or found[number].endswith(f"[task {number}]"))
        for number in range(tasks)
    )
