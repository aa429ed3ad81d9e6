"""The tasks in bespoke curator, run in its own environment: a pass over the rows per stage, as its examples do.

Its requests per minute and tokens per minute are its documented knobs; its working directory is what the same command
continues from.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
from pathlib import Path
from typing import Any

_LITELLM = importlib.util.find_spec("litellm")
assert _LITELLM is not None
assert _LITELLM.origin is not None
os.environ |= {  # read on import; nothing is downloaded, and the vocabulary for counting tokens is litellm's copy
    "TELEMETRY_ENABLED": "false",
    "CURATOR_DISABLE_RICH_DISPLAY": "1",
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "TIKTOKEN_CACHE_DIR": str(Path(_LITELLM.origin).parent / "litellm_core_utils" / "tokenizers"),
}

from bespokelabs import curator  # noqa: E402 - after the variables that it reads
from bespokelabs.curator.types.prompt import Image  # noqa: E402
from datasets import Dataset  # noqa: E402

LIMIT = 64
"""Output tokens of each call."""


class Asked(curator.LLM):
    """A text call per row."""

    def prompt(self, row: dict[str, Any]) -> str:
        return str(row["prompt"])

    def parse(self, row: dict[str, Any], response: str) -> dict[str, Any]:
        return {"id": row["id"], "text": response}


class Described(curator.LLM):
    """A description per row, put into the row's prompt."""

    def prompt(self, row: dict[str, Any]) -> Any:
        return row["describe"], Image(url=row["picture"])

    def parse(self, row: dict[str, Any], response: str) -> dict[str, Any]:
        return {"id": row["id"], "prompt": f"{row['before']}{response}{row['after']}"}


def options(given: argparse.Namespace) -> dict[str, Any]:
    limits = {"max_requests_per_minute": given.rpm or 1_000_000, "max_tokens_per_minute": given.tpm or 1_000_000_000}
    return {
        "model_name": "chaos",
        "backend": "openai",
        "generation_params": {"max_tokens": LIMIT, "temperature": 0},
        "backend_params": {
            "base_url": given.url,
            "api_key": "none",
            "max_concurrent_requests": given.width,
            "require_all_responses": False,
            **limits,
        },
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--url", required=True)
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--rpm", type=int)
    parser.add_argument("--tpm", type=int)
    parser.add_argument("--stages", choices=["one", "two"], default="one")
    given = parser.parse_args()
    os.environ["CURATOR_CACHE_DIR"] = str(given.out)
    tasks = [json.loads(line) for line in given.tasks.read_text().splitlines()]
    if given.stages == "two":
        rows: Any = Described(**options(given))(Dataset.from_list(tasks)).dataset
    else:
        rows = Dataset.from_list([{"id": task["id"], "prompt": task["blind"]} for task in tasks])
    answered = Asked(**options(given))(rows).dataset
    (given.out / "answers.jsonl").write_text("".join(json.dumps(row) + "\n" for row in answered))


if __name__ == "__main__":
    main()
