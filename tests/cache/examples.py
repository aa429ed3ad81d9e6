"""Calls and completions for the cache's tests."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

from prism_engine.cache import Store
from prism_engine.records import Call, Completion, Image, Message, ModelIdentity, Outcome, Sampling, Usage

MODEL = ModelIdentity("tiny", (("hub", "org/tiny@1"), ("weights", "sha256:00")))


def a_call(text: str = "Describe the image.", **sampling: Any) -> Call:
    image = Image("ab" * 32, Path("/somewhere/1.jpg"))
    return Call("perceive", MODEL, (Message("user", (image, text)),), Sampling(**sampling))


def a_completion(text: str = "A red bus.", *, tokens: int | None = 4, outcome: Outcome = Outcome.OK) -> Completion:
    return Completion(outcome, text=text, finish_reason="stop", usage=Usage(300, tokens), model="tiny-1", seconds=0.5)


def put_all(store: Store, *pairs: tuple[Call, Completion]) -> None:
    """Store (call, completion) pairs in their order, many at a time, in a new event loop."""

    async def run() -> None:
        for start in range(0, len(pairs), 100):
            await asyncio.gather(*(store.put(call, completion) for call, completion in pairs[start : start + 100]))

    asyncio.run(run())


def stored(path: Path, *pairs: tuple[Call, Completion]) -> Path:
    """Fill a store and close it."""
    with Store(path) as store:
        put_all(store, *pairs)
    return path


def execute(path: Path, statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
    """Run SQL on a closed store's file, bypassing `Store`."""
    with closing(sqlite3.connect(path)) as connection, connection:
        return connection.execute(statement, parameters).fetchall()


def child(script: str, *arguments: object) -> Any:
    """Start a Python process that runs a script, with text pipes for stdin and stdout."""
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", script, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )
