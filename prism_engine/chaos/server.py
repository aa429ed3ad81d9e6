"""An OpenAI-compatible server that answers, limits, bills, fails and hangs as it is told: for tests and drills.

As a process of its own: `prism chaos`, or `python -m prism_engine.chaos.server --port 0`, which prints its URL as the
first line.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import signal
import socket
import struct
import sys
from typing import TYPE_CHECKING, Any, Self

import orjson
from aiohttp import web

from prism_engine.chaos import replies
from prism_engine.chaos.behaviour import Behaviour, Fault, Stats
from prism_engine.chaos.bill import Bill
from prism_engine.chaos.door import Door
from prism_engine.chaos.replies import Reply
from prism_engine.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

LARGEST_REQUEST = 2**30
"""Bytes."""


class ChaosServer:
    """Serves on 127.0.0.1 while entered: `async with ChaosServer(Behaviour(latency=0.1)) as server`.

    A completion is computed and billed when its request is accepted: a provider computes on after its client has gone.

    Args:
        port: 0 takes a free one.
        keep_bodies: False for a server that runs long.
        clock: seconds, for the limits; None takes the event loop's.

    Attributes:
        behaviour: may be replaced while it runs; limits begin anew then, what is counted goes on.
        stats: counts up to now.
        bill: costs up to now.
        bodies: the JSON of every request, in the order of arrival.
        base_url: with `/v1`, once it is entered.
    """

    def __init__(
        self,
        behaviour: Behaviour | None = None,
        *,
        port: int = 0,
        keep_bodies: bool = True,
        clock: Callable[[], float] | None = None,
    ) -> None:
        self.stats = Stats()
        self.bill = Bill()
        self.bodies: list[dict[str, Any]] = []
        self.base_url = ""
        self._clock = clock or _loop_time
        self.behaviour = behaviour or Behaviour()
        self._port = port
        self._keep_bodies = keep_bodies
        self._turn = 0
        app = web.Application(client_max_size=LARGEST_REQUEST)
        app.router.add_post("/v1/chat/completions", self._chat)
        app.router.add_get("/v1/models", self._models)
        app.router.add_get("/stats", self._show_stats)
        app.router.add_get("/bill", self._show_bill)
        # A handler whose client has gone must not go on counting as in flight.
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1, access_log=None)

    @property
    def behaviour(self) -> Behaviour:
        """What it does now."""
        return self._behaviour

    @behaviour.setter
    def behaviour(self, behaviour: Behaviour) -> None:
        self._behaviour = behaviour
        self._door = Door(behaviour, self.stats, self._clock)

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port)
        try:
            await site.start()
        except OSError as problem:
            await self._runner.cleanup()
            raise ConfigError(f"port {self._port} of 127.0.0.1 cannot be used ({problem.strerror})") from problem
        self._port = self._runner.addresses[0][1]
        self.base_url = f"http://127.0.0.1:{self._port}/v1"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._runner.cleanup()

    async def _models(self, request: web.Request) -> web.Response:
        models = {"object": "list", "data": [{"id": "chaos", "object": "model"}]}
        return self._door.unauthorized(request, self.stats.received) or replies.as_json(models)

    async def _show_stats(self, _: web.Request) -> web.Response:
        return replies.as_json(self.stats)

    async def _show_bill(self, _: web.Request) -> web.Response:
        return replies.as_json(self.bill.as_json())

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        raw = await request.read()
        self.stats.received += 1
        self.stats.in_flight += 1
        self.stats.most_in_flight = max(self.stats.most_in_flight, self.stats.in_flight)
        try:
            return await self._answered(request, raw)
        except asyncio.CancelledError:
            self.stats.abandoned += 1
            raise
        finally:
            self.stats.in_flight -= 1

    async def _answered(self, request: web.Request, raw: bytes) -> web.StreamResponse:
        body = replies.parsed(raw)
        if body is None:
            return replies.error(400, "invalid_request_error", "This is no chat completion request")
        if self._keep_bodies:
            self.bodies.append(body)
        reserved = replies.prompt_tokens(body) + (replies.output_limit(body) or replies.UNLIMITED)
        refused = self._door.unauthorized(request, self.stats.received - 1) or self._door.over_limit(reserved)
        if refused is not None:
            return refused
        fault = self.behaviour.fault_at(self._turn)
        self._turn += 1
        reply = self._reply(body, fault)
        digest = hashlib.sha256(raw).hexdigest()
        if isinstance(reply, Reply):
            self.bill.charge(digest, reply.prompt_tokens, reply.completion_tokens, self.behaviour.prices)
        await asyncio.sleep(self.behaviour.latency)
        if not isinstance(reply, Reply):
            return reply
        self._door.quota.settle(reserved, reply.prompt_tokens + reply.completion_tokens)
        match fault:
            case Fault.HANG:
                await asyncio.get_running_loop().create_future()
            case Fault.RESET:
                _reset(request)
                return web.Response()  # nobody reads it any more
            case Fault.TORN:
                text = orjson.dumps(reply.body)
                return web.Response(body=text[: len(text) // 2], content_type="application/json")
            case Fault.SLOW:
                await asyncio.sleep(self.behaviour.slow)
        return await self._completed(request, digest, reply)

    def _reply(self, body: dict[str, Any], fault: Fault | None) -> Reply | web.Response:
        if fault is not None:
            self.stats.faults += 1
            self.stats.by_fault[fault.value] = self.stats.by_fault.get(fault, 0) + 1
            if fault is Fault.RATE_LIMIT:
                return self._door.too_many()
            if not fault.computed:
                return replies.failure(fault)
        text = self.behaviour.reply(body) if self.behaviour.reply else replies.option_text(body)
        if isinstance(text, web.Response):
            return text
        return replies.computed(body, text, fault, full_length=self.behaviour.full_length)

    async def _completed(self, request: web.Request, digest: str, reply: Reply) -> web.Response:
        response = replies.as_json(reply.body, headers=self._door.quota.headers())
        await response.prepare(request)
        await response.write_eof()
        self.stats.completed += 1
        self.stats.tokens += reply.prompt_tokens + reply.completion_tokens
        self.stats.hits[digest] = self.stats.hits.get(digest, 0) + 1
        return response


def _loop_time() -> float:
    return asyncio.get_running_loop().time()


def _reset(request: web.Request) -> None:
    transport = request.transport
    assert transport is not None
    raw = transport.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # close with RST, not with FIN
    transport.abort()


async def serve(behaviour: Behaviour, port: int, ready: Callable[[str], None]) -> ChaosServer:
    """Serve until SIGTERM or SIGINT.

    Args:
        ready: called with the base URL once requests are taken.

    Returns:
        The server as it ended, with its counts and its bill.

    Raises:
        ConfigError: the port cannot be used.
    """
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with ChaosServer(behaviour, port=port, keep_bodies=False) as server:
        ready(server.base_url)
        await stop.wait()
    return server


def _announce(url: str) -> None:
    sys.stdout.write(f"{url}\n")
    sys.stdout.flush()


def main() -> None:
    """Serve until SIGTERM or SIGINT; `prism chaos` can do more."""
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
    asyncio.run(serve(behaviour, options.port, _announce))


if __name__ == "__main__":
    main()
