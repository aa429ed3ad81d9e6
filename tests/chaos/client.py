"""A plain HTTP client of the chaos server."""

from __future__ import annotations

from typing import Any, NamedTuple

import aiohttp
import orjson


class Answer(NamedTuple):
    status: int
    headers: Any
    raw: bytes

    @property
    def json(self):
        return orjson.loads(self.raw)

    @property
    def text(self):
        return self.json["choices"][0]["message"]["content"]


def body_of(text="Hello?", **fields):
    return {"model": "m", "messages": [{"role": "user", "content": text}]} | fields


async def ask(server, text="Hello?", *, key=None, **fields):
    """Post one request; `fields` are added to its JSON."""
    headers = {} if key is None else {"Authorization": f"Bearer {key}"}
    url = f"{server.base_url}/chat/completions"
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.post(url, json=body_of(text, **fields)) as answer,
    ):
        return Answer(answer.status, answer.headers, await answer.read())


async def look(server, page):
    """Return the JSON of `/stats` or `/bill`."""
    url = server.base_url.removesuffix("/v1") + page
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return orjson.loads(await answer.read())
