"""Serves an application on 127.0.0.1 until the process is asked to end."""

from __future__ import annotations

import asyncio
import errno
import signal
from typing import TYPE_CHECKING, Final

from aiohttp import web

from prism_engine.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Callable

HOST: Final = "127.0.0.1"
_DRAIN_SECONDS: Final = 2.0
"""How long requests in progress may go on once the server ends."""


async def serve(app: web.Application, port: int, announce: Callable[[int], None]) -> None:
    """Serve until SIGINT or SIGTERM, then finish the requests in progress.

    Args:
        port: 0 takes a free one.
        announce: called with the port once it is open.

    Raises:
        UserError: the port cannot be opened.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=_DRAIN_SECONDS)
    await runner.setup()
    try:
        opened = await _open(runner, port)
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
        announce(opened)
        await stop.wait()
    finally:
        await runner.cleanup()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


async def _open(runner: web.AppRunner, port: int) -> int:
    try:
        await web.TCPSite(runner, HOST, port).start()
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise UserError(f"--port {port}: in use on {HOST}; name another, or 0 for a free one") from error
        raise UserError(f"--port {port}: cannot be opened on {HOST} ({error.strerror}); 0 takes a free one") from error
    return int(runner.addresses[0][1])
