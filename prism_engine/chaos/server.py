"""An OpenAI-compatible server that answers, limits, fails and hangs as it is told: for tests and drills.

As a process of its own: `python -m prism_engine.chaos.server --port 0` prints its URL as the first line.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import signal
import socket
import struct
import sys
from collections import deque
from typing import TYPE_CHECKING, Any, Self

import orjson
from aiohttp import web

from prism_engine.chaos.behaviour import Behaviour, Fault, Stats

if TYPE_CHECKING:
    from types import TracebackType


class ChaosServer:
    """Serves on 127.0.0.1 while entered: `async with ChaosServer(Behaviour(latency=0.1)) as server`.

    Attributes:
        behaviour: may be replaced while it runs.
        stats: counts up to now.
        bodies: the JSON of every request, in the order of arrival.
        base_url: with `/v1`, once it is entered.
    """

    def __init__(self, behaviour: Behaviour | None = None, *, port: int = 0, keep_bodies: bool = True) -> None:
        self.behaviour = behaviour or Behaviour()
        self.stats = Stats()
        self.bodies: list[dict[str, Any]] = []
        self.base_url = ""
        self._port = port
        self._keep_bodies = keep_bodies
        self._accepted: deque[float] = deque()
        self._turn = 0
        app = web.Application(client_max_size=2**30)
        app.router.add_post("/v1/chat/completions", self._chat)
        app.router.add_get("/v1/models", self._models)
        app.router.add_get("/stats", self._show_stats)
        # A handler whose client has gone must not go on counting as in flight.
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1, access_log=None)

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port)
        await site.start()
        self._port = self._runner.addresses[0][1]
        self.base_url = f"http://127.0.0.1:{self._port}/v1"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._runner.cleanup()

    async def _models(self, request: web.Request) -> web.Response:
        return self._unauthorized(request) or _json({"object": "list", "data": [{"id": "chaos", "object": "model"}]})

    async def _show_stats(self, _: web.Request) -> web.Response:
        return _json(self.stats)

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        raw = await request.read()
        self.stats.received += 1
        self.stats.in_flight += 1
        self.stats.most_in_flight = max(self.stats.most_in_flight, self.stats.in_flight)
        try:
            body = orjson.loads(raw)
            if self._keep_bodies:
                self.bodies.append(body)
            refused = self._unauthorized(request) or self._over_limit()
            if refused is not None:
                return refused
            fault = self._next_fault()
            await asyncio.sleep(self.behaviour.latency)
            if fault is not None:
                self.stats.faults += 1
                return await self._faulty(fault, request, body)
            reply = self.behaviour.reply(body) if self.behaviour.reply else _default_text(body)
            if isinstance(reply, web.Response):
                return reply
            return await self._completed(request, raw, _completion(body, reply))
        finally:
            self.stats.in_flight -= 1

    async def _completed(self, request: web.Request, raw: bytes, completion: dict[str, Any]) -> web.Response:
        response = _json(completion)
        await response.prepare(request)
        await response.write_eof()
        digest = hashlib.sha256(raw).hexdigest()
        self.stats.completed += 1
        self.stats.tokens += completion["usage"]["total_tokens"]
        self.stats.hits[digest] = self.stats.hits.get(digest, 0) + 1
        return response

    def _unauthorized(self, request: web.Request) -> web.Response | None:
        sent = request.headers.get("Authorization", "")
        if self.behaviour.key is None or sent == f"Bearer {self.behaviour.key}":
            return None
        self.stats.unauthorized += 1
        return _error(401, "invalid_api_key", f"Incorrect API key provided: {sent.removeprefix('Bearer ')}")

    def _over_limit(self) -> web.Response | None:
        if self.behaviour.rate_limit is None:
            return None
        now = asyncio.get_running_loop().time()
        while self._accepted and now - self._accepted[0] >= self.behaviour.rate_window:
            self._accepted.popleft()
        if len(self._accepted) < self.behaviour.rate_limit:
            self._accepted.append(now)
            return None
        self.stats.rate_limited += 1
        return self._too_many()

    def _too_many(self) -> web.Response:
        wait = self.behaviour.retry_after
        return _error(429, "rate_limit_exceeded", "Rate limit reached", {"Retry-After": wait} if wait else None)

    def _next_fault(self) -> Fault | None:
        faults, turn = self.behaviour.faults, self._turn
        self._turn += 1
        if faults and self.behaviour.repeat:
            turn %= len(faults)
        return faults[turn] if turn < len(faults) else None

    async def _faulty(self, fault: Fault, request: web.Request, body: dict[str, Any]) -> web.Response:
        whole = _completion(body, _default_text(body))
        match fault:
            case Fault.SERVER_ERROR:
                return _error(500, "server_error", "The server had an error")
            case Fault.BAD_REQUEST:
                return _error(400, "context_length_exceeded", "This model's maximum context length is 8 tokens")
            case Fault.RATE_LIMIT:
                return self._too_many()
            case Fault.HANG:
                await asyncio.get_running_loop().create_future()
            case Fault.RESET:
                _reset(request)
            case Fault.TORN:
                text = orjson.dumps(whole)
                return web.Response(body=text[: len(text) // 2], content_type="application/json")
            case Fault.EMPTY:
                whole = _completion(body, "")
            case Fault.FILTERED:
                whole = _completion(body, "", finish="content_filter")
            case Fault.CUT:
                whole["choices"][0]["finish_reason"] = "length"
        return _json(whole)


def _default_text(body: dict[str, Any]) -> str:
    """Return a sentence that names an option, always the same one for the same messages."""
    letter = "ABCD"[hashlib.sha256(orjson.dumps(body["messages"])).digest()[0] % 4]
    return f"The answer is {letter}."


def _completion(body: dict[str, Any], text: str, finish: str = "stop") -> dict[str, Any]:
    prompt, completion = len(orjson.dumps(body["messages"])) // 4, len(text.split())
    return {
        "id": "chatcmpl-chaos",
        "object": "chat.completion",
        "model": body.get("model"),
        "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": finish}],
        "usage": {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion},
    }


def _error(status: int, code: str, message: str, headers: dict[str, str] | None = None) -> web.Response:
    error = {"message": message, "type": "chaos", "param": None, "code": code}
    return _json({"error": error}, status=status, headers=headers)


def _json(value: object, *, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    return web.Response(body=orjson.dumps(value), status=status, headers=headers, content_type="application/json")


def _reset(request: web.Request) -> None:
    transport = request.transport
    assert transport is not None
    raw = transport.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # close with RST, not with FIN
    transport.abort()


async def _serve(behaviour: Behaviour, port: int) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with ChaosServer(behaviour, port=port, keep_bodies=False) as server:
        sys.stdout.write(f"{server.base_url}\n")
        sys.stdout.flush()
        await stop.wait()


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(description="An OpenAI-compatible server that fails as it is told.")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one (default)")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds until each answer")
    parser.add_argument("--key", help="the API key that requests must bring")
    parser.add_argument("--rate-limit", type=int, help="requests accepted in any minute")
    parser.add_argument("--retry-after", help="Retry-After header of the refusals for the rate limit")
    parser.add_argument("--fault", choices=[*Fault], help="what every n-th request meets")
    parser.add_argument("--every", type=int, default=10, help="that n (default 10)")
    options = parser.parse_args()
    faults = (*(None,) * (options.every - 1), Fault(options.fault)) if options.fault else ()
    behaviour = Behaviour(
        latency=options.latency,
        key=options.key,
        rate_limit=options.rate_limit,
        retry_after=options.retry_after,
        faults=faults,
        repeat=True,
    )
    asyncio.run(_serve(behaviour, options.port))


if __name__ == "__main__":
    main()
