"""An OpenAI-compatible server with configurable limits, faults, prices and delays, for tests and drills.

To run it as a separate process: `prism chaos`, or `python -m prism_engine.chaos.server --port 0`, which prints its URL
as the first line.
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
from prism_engine.chaos.admission import Admission
from prism_engine.chaos.behaviour import Behaviour, Fault, Stats
from prism_engine.chaos.bill import Bill
from prism_engine.chaos.replies import Reply
from prism_engine.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

LARGEST_REQUEST = 2**30
"""Bytes."""


class ChaosServer:
    """Serves on 127.0.0.1 while entered: `async with ChaosServer(Behaviour(latency=0.1)) as server`.

    A completion is computed and billed when its request is accepted, because a provider continues to compute after its
    client has disconnected.

    Args:
        port: 0 chooses a free one.
        keep_bodies: whether to fill `bodies`; False for a server that runs for long.
        clock: for the limits, in seconds; None uses the event loop's clock.

    Attributes:
        behaviour: may be replaced while the server runs; this resets the limits, but no counts.
        stats: counts so far.
        bill: costs so far.
        bodies: the JSON of every request, in the order of arrival.
        base_url: ends in `/v1`; set once the server is entered.
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
        self._accepted = 0
        app = web.Application(client_max_size=LARGEST_REQUEST)
        app.router.add_post("/v1/chat/completions", self._chat)
        app.router.add_get("/v1/models", self._models)
        app.router.add_get("/stats", self._show_stats)
        app.router.add_get("/bill", self._show_bill)
        # A handler whose client has disconnected must no longer count as in flight.
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1, access_log=None)

    @property
    def behaviour(self) -> Behaviour:
        """The current behaviour."""
        return self._behaviour

    @behaviour.setter
    def behaviour(self, behaviour: Behaviour) -> None:
        self._behaviour = behaviour
        self._admission = Admission(behaviour, self.stats, self._clock)

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
        return self._admission.unauthorized(request, self.stats.received) or replies.as_json(models)

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
            return await self._respond(request, raw)
        except asyncio.CancelledError:
            self.stats.abandoned += 1
            raise
        finally:
            self.stats.in_flight -= 1

    async def _respond(self, request: web.Request, raw: bytes) -> web.StreamResponse:
        body = replies.parsed(raw)
        if body is None:
            return replies.error(400, "invalid_request_error", "This is not a chat completion request")
        if self._keep_bodies:
            self.bodies.append(body)
        reserved = replies.prompt_tokens(body) + (replies.output_limit(body) or replies.UNLIMITED)
        refusal = self._admission.unauthorized(request, self.stats.received - 1) or self._admission.over_limit(reserved)
        if refusal is not None:
            return refusal
        fault = self.behaviour.fault_at(self._accepted)
        self._accepted += 1
        reply = self._reply(body, fault)
        digest = hashlib.sha256(raw).hexdigest()
        if isinstance(reply, Reply):
            self.bill.charge(digest, reply.prompt_tokens, reply.completion_tokens, self.behaviour.prices)
        await asyncio.sleep(self.behaviour.latency)
        if not isinstance(reply, Reply):
            return reply
        self._admission.quota.settle(reserved, reply.prompt_tokens + reply.completion_tokens)
        match fault:
            case Fault.HANG:
                await asyncio.get_running_loop().create_future()
            case Fault.RESET:
                _reset(request)
                return web.Response()  # the connection is gone
            case Fault.TORN:
                text = orjson.dumps(reply.body)
                return web.Response(body=text[: len(text) // 2], content_type="application/json")
            case Fault.SLOW:
                await asyncio.sleep(self.behaviour.slow)
        return await self._send_completion(request, digest, reply)

    def _reply(self, body: dict[str, Any], fault: Fault | None) -> Reply | web.Response:
        if fault is not None:
            self.stats.faults += 1
            self.stats.by_fault[fault.value] = self.stats.by_fault.get(fault, 0) + 1
            if fault is Fault.RATE_LIMIT:
                return self._admission.too_many()
            if not fault.computed:
                return replies.failure(fault)
        text = self.behaviour.reply(body) if self.behaviour.reply else replies.option_text(body)
        if isinstance(text, web.Response):
            return text
        return replies.computed(
            body, text, fault, full_length=self.behaviour.full_length, hidden=self.behaviour.hidden_reasoning
        )

    async def _send_completion(self, request: web.Request, digest: str, reply: Reply) -> web.Response:
        response = replies.as_json(reply.body, headers=self._admission.quota.headers())
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
        ready: called with the base URL once requests are accepted.

    Returns:
        The stopped server, with its counts and its bill.

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


def _print_url(url: str) -> None:
    sys.stdout.write(f"{url}\n")
    sys.stdout.flush()


def main() -> None:
    """Serve until SIGTERM or SIGINT; `prism chaos` has more options."""
    parser = argparse.ArgumentParser(description="An OpenAI-compatible server with configurable faults.")
    parser.add_argument("--port", type=int, default=0, help="0 chooses a free one (default)")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds until each response")
    parser.add_argument("--key", help="the API key that requests must have")
    parser.add_argument("--rate-limit", type=int, help="maximum number of requests in any minute")
    parser.add_argument("--retry-after", help="Retry-After header of rate-limit errors")
    parser.add_argument("--fault", choices=[*Fault], help="fault of every n-th request")
    parser.add_argument("--every", type=int, default=10, help="n of --fault (default 10)")
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
    asyncio.run(serve(behaviour, options.port, _print_url))


if __name__ == "__main__":
    main()
