"""The tasks in lmms-eval's async client for OpenAI-compatible APIs, run in its own environment by its command line.

Without limits it gets as many requests at once as the others (`num_cpus` is its name for that); under limits its
documented way is `adaptive_concurrency`, here with the start of its own example script. It has no two stages.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
from pathlib import Path

LIMIT = 64
"""Output tokens of each call."""
START = 16
"""Requests at once at the start under limits."""
NAME = "peer_tasks"


def write_task(folder: Path, tasks: Path) -> None:
    """Write the task's YAML (JSON is YAML) next to the functions that it refers to."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(Path(__file__).with_name("lmms_task.py"), folder / "lmms_task.py")
    text = f"""
task: {NAME}
dataset_path: json
dataset_kwargs: {{data_files: {{test: {json.dumps(str(tasks.resolve()))}}}}}
test_split: test
output_type: generate_until
doc_to_messages: !function lmms_task.messages
doc_to_text: !function lmms_task.text
doc_to_visual: !function lmms_task.visual
doc_to_target: target
process_results: !function lmms_task.results
generation_kwargs: {{max_new_tokens: {LIMIT}, temperature: 0, do_sample: false}}
metric_list: [{{metric: right, aggregation: mean, higher_is_better: true}}]
metadata: [{{version: 0.0}}]
"""
    (folder / f"{NAME}.yaml").write_text(text)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--url", required=True)
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--rpm", type=int)
    parser.add_argument("--tpm", type=int)
    given = parser.parse_args()
    write_task(given.out / "task", given.tasks)
    width = f"num_cpus={given.width}"
    if given.rpm is not None or given.tpm is not None:
        width = f"num_cpus={START},adaptive_concurrency=true,adaptive_max_concurrency={given.width}"
    arguments = {
        "--model": "async_openai",
        "--model_args": f"model=chaos,base_url={given.url},api_key=none,{width}",
        "--include_path": given.out / "task",
        "--tasks": NAME,
        "--batch_size": 1,
        "--output_path": given.out / "logs",
        "--use_cache": given.out / "cache",
    }
    os.environ |= {"HF_HOME": str(given.out / "hf"), "HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1"}
    words = [str(word) for pair in arguments.items() for word in pair]
    os.execv(sys.executable, [sys.executable, "-m", "lmms_eval", *words, "--log_samples"])  # noqa: S606 - no shell


if __name__ == "__main__":
    main()
