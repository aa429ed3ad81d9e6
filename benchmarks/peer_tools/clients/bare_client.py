"""The tasks by bare aiohttp, as a floor: nothing is retried, limited or kept before the end."""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
from pathlib import Path
from typing import Any

import aiohttp

LIMIT = 64
"""Output tokens of each call."""


async def ask(session: aiohttp.ClientSession, url: str, content: Any) -> str:
    messages = [{"role": "user", "content": content}]
    body = {"model": "chaos", "messages": messages, "max_tokens": LIMIT, "temperature": 0}
    async with session.post(f"{url}/chat/completions", json=body) as reply:
        found = await reply.json()
        return str(found["choices"][0]["message"]["content"]) if reply.status == 200 else ""


def image_part(path: str) -> dict[str, Any]:
    picture = base64.b64encode(Path(path).read_bytes()).decode()
    return {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{picture}"}}


async def answered(
    session: aiohttp.ClientSession, given: argparse.Namespace, gates: list[asyncio.Semaphore], task: dict[str, Any]
) -> dict[str, Any]:
    prompt = task["blind"]
    if given.stages == "two":
        async with gates[0]:
            parts = [image_part(task["picture"]), {"type": "text", "text": task["describe"]}]
            description = await ask(session, given.url, parts)
        prompt = f"{task['before']}{description}{task['after']}"
    async with gates[1]:
        return {"id": task["id"], "text": await ask(session, given.url, prompt)}


async def run(given: argparse.Namespace, tasks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    gates = [asyncio.Semaphore(given.width), asyncio.Semaphore(given.width)]
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as session:
        return await asyncio.gather(*(answered(session, given, gates, task) for task in tasks))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--url", required=True)
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--rpm", type=int, help="ignored, as --tpm")
    parser.add_argument("--tpm", type=int)
    parser.add_argument("--stages", choices=["one", "two"], default="one")
    given = parser.parse_args()
    tasks = [json.loads(line) for line in given.tasks.read_text().splitlines()]
    rows = asyncio.run(run(given, tasks))
    given.out.mkdir(parents=True)
    (given.out / "answers.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


if __name__ == "__main__":
    main()
