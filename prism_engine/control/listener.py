"""Listens on the control sockets of runs: one short line of JSON in, one out, then the connection closes."""

from __future__ import annotations

import asyncio
import logging
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import orjson

from prism_engine.control.messages import LONGEST_REQUEST, request_of
from prism_engine.control.sockets import is_own_peer, listening_socket, remove_socket
from prism_engine.errors import PrismError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
    from pathlib import Path

    from prism_engine.control.messages import ControlRequest

REQUEST_SECONDS: Final = 5.0
"""Within which a client must have sent its line."""
MOST_CLIENTS: Final = 16
"""Connections at a time; further ones are closed at once."""

_log = logging.getLogger(__name__)


@asynccontextmanager
async def listening(
    handlers: Mapping[Path, Callable[[ControlRequest], Awaitable[dict[str, Any]]]],
) -> AsyncIterator[dict[Path, str]]:
    """Take commands for the runs of some folders while the block lasts; yields why a folder cannot, by folder.

    A run never fails because it cannot be controlled.

    Args:
        handlers: carries out a request to the run of a folder and returns the fields of the reply; an expected error
            (`PrismError`) becomes the reply.
    """
    clients: set[asyncio.Task[None]] = set()
    problems: dict[Path, str] = {}
    async with AsyncExitStack() as opened:
        for folder, handle in handlers.items():
            try:
                await opened.enter_async_context(_served(folder, partial(_answer, handle=handle, clients=clients)))
            except OSError as error:
                problems[folder] = error.strerror or str(error)
                _log.info("%s: cannot be controlled: %s", folder, problems[folder])
        try:
            yield problems
        finally:
            for client in tuple(clients):
                client.cancel()
            await asyncio.gather(*clients, return_exceptions=True)


@asynccontextmanager
async def _served(
    folder: Path, answer: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
) -> AsyncIterator[None]:
    made, inode = await asyncio.to_thread(listening_socket, folder)
    try:
        server = await asyncio.start_unix_server(answer, sock=made, limit=LONGEST_REQUEST)
    except BaseException:
        made.close()
        raise
    try:
        yield
    finally:
        server.close()
        with suppress(OSError):
            remove_socket(folder, inode)


async def _answer(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    *,
    handle: Callable[[ControlRequest], Awaitable[dict[str, Any]]],
    clients: set[asyncio.Task[None]],
) -> None:
    task = asyncio.current_task()
    assert task is not None
    if len(clients) >= MOST_CLIENTS or not is_own_peer(writer.get_extra_info("socket")):
        writer.transport.abort()
        return
    clients.add(task)
    try:
        reply = await _reply(reader, handle)
        with suppress(OSError, TimeoutError):
            writer.write(orjson.dumps(reply, default=str, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_NON_STR_KEYS))
            async with asyncio.timeout(REQUEST_SECONDS):
                await writer.drain()
    except asyncio.CancelledError:  # the run has ended; asyncio would report it
        pass
    finally:
        clients.discard(task)
        writer.close()


async def _reply(
    reader: asyncio.StreamReader, handle: Callable[[ControlRequest], Awaitable[dict[str, Any]]]
) -> dict[str, Any]:
    try:
        async with asyncio.timeout(REQUEST_SECONDS):
            line = await reader.readline()
        if not line.endswith(b"\n"):
            return {"ok": False, "error": "the request is not one whole line"}  # its client has gone, most likely
        return {"ok": True, **await handle(request_of(line))}
    except TimeoutError:
        return {"ok": False, "error": f"no request within {REQUEST_SECONDS:g} s"}
    except OSError as error:
        return {"ok": False, "error": str(error)}
    except ValueError:  # of `readline`
        return {"ok": False, "error": f"the request is longer than {LONGEST_REQUEST:,} bytes"}
    except PrismError as error:
        return {"ok": False, "error": str(error)}
