"""The tasks in inspect_ai, run in its own environment: a solver per task, with one or two generations.

`eval_set` is its documented way to a run that the same command continues. Without limits it gets as many connections as
the others; under limits its documented way is the default, connections that adapt to 429s.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from inspect_ai import Task, eval_set
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.log import list_eval_logs, read_eval_log
from inspect_ai.model import (
    ChatMessageUser,
    ContentImage,
    ContentText,
    GenerateConfig,
    Model,
    get_model,
)
from inspect_ai.scorer import match
from inspect_ai.solver import Generate, Solver, TaskState, generate, solver

LIMIT = 64
"""Output tokens of each call."""


def dataset(path: Path, *, stages: bool) -> MemoryDataset:
    samples = []
    for line in path.read_text().splitlines():
        task = json.loads(line)
        asked: Any = task["blind"]
        if stages:
            parts = [ContentImage(image=task["picture"]), ContentText(text=task["describe"])]
            asked = [ChatMessageUser(content=parts)]
        samples.append(Sample(id=task["id"] + 1, input=asked, target="ABCD"[task["id"] % 4], metadata=task))
    return MemoryDataset(samples)


@solver
def two_stages(perceiver: Model, config: GenerateConfig) -> Solver:
    async def solve(state: TaskState, then: Generate) -> TaskState:
        described = await perceiver.generate(state.messages, config=config)
        task = state.metadata
        state.messages = [ChatMessageUser(content=f"{task['before']}{described.completion}{task['after']}")]
        return await then(state)

    return solve


def run(given: argparse.Namespace) -> bool:
    connections = {"max_connections": given.width} if given.rpm is None and given.tpm is None else {}
    config = GenerateConfig(max_tokens=LIMIT, temperature=0.0, **connections)
    stages = given.stages == "two"
    model = {"base_url": given.url, "api_key": "none"}
    # The two models must differ in name, or they share one pool of connections.
    perceiver = get_model("openai-api/chaos/vlm", config=config, **model)
    reasoner = get_model("openai-api/chaos/llm", config=config, **model)
    solvers = [two_stages(perceiver, config)] if stages else [generate()]
    task = Task(dataset=dataset(given.tasks, stages=stages), solver=solvers, scorer=match(location="any"), name="tasks")
    done, _ = eval_set(
        task,
        log_dir=str(given.out),
        model=reasoner,
        display="none",
        max_samples=given.width * (2 if stages else 1),
        max_tokens=LIMIT,
        temperature=0.0,
        **connections,
    )
    return bool(done)


def collect(out: Path) -> None:
    """Print one line of JSON per answered task, from the newest log."""
    newest = max(list_eval_logs(str(out)), key=lambda log: log.mtime or 0)
    for sample in read_eval_log(newest).samples or ():
        print(
            json.dumps({"id": int(sample.id) - 1, "text": sample.output.completion, "error": sample.error is not None})
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--url", default="")
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--rpm", type=int)
    parser.add_argument("--tpm", type=int)
    parser.add_argument("--stages", choices=["one", "two"], default="one")
    parser.add_argument("--collect", action="store_true")
    given = parser.parse_args()
    if given.collect:
        collect(given.out)
    else:
        sys.exit(not run(given))


if __name__ == "__main__":
    main()
