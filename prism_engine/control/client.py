"""Sends one command to a running run and returns its reply; blocking, so a web server calls it in a thread."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import orjson

from prism_engine.control.messages import LONGEST_REPLY, request_for
from prism_engine.control.sockets import connected_socket
from prism_engine.errors import UserError

if TYPE_CHECKING:
    import socket
    from collections.abc import Mapping
    from pathlib import Path

TIMEOUT: Final = 10.0
"""Seconds for a run to take the connection, and to reply."""


def send(
    folder: Path, command: str, values: Mapping[str, str] | None = None, *, timeout: float = TIMEOUT
) -> dict[str, Any]:
    """Send a command to the run whose results go into a folder, and return the reply to it.

    Args:
        command: one of `messages.COMMANDS`.
        values: for `set`: texts by name, such as `{"rpm": "100", "max_cost": "2.50"}`.

    Returns:
        `message`, a text for people, and `state`, which `RunControl.state` describes.

    Raises:
        ConfigError: the command or a value is wrong; nothing was sent.
        NotListeningError: no run listens in the folder.
        UserError: the run has refused the command, or did not reply in time.
    """
    request = request_for(command, values)
    with connected_socket(folder, timeout) as connection:
        try:
            connection.sendall(request.line())
            content = orjson.loads(_line(connection))
        except TimeoutError:
            raise UserError(f"{folder}: the run did not reply within {timeout:g} s; try again") from None
        except (OSError, ValueError) as error:
            raise UserError(f"{folder}: the run ended before it replied, or its reply is damaged ({error})") from error
    if not isinstance(content, dict) or not isinstance(content.get("state", {}), dict):
        raise UserError(f"{folder}: the reply is damaged")
    if content.get("ok") is not True:
        raise UserError(str(content.get("error", "the run has refused the command")))
    return {"message": str(content.get("message", "")), "state": content.get("state", {})}


def _line(connection: socket.socket) -> bytes:
    received = bytearray()
    while not received.endswith(b"\n"):
        if not (part := connection.recv(1 << 16)):
            raise ValueError("no complete line")
        received += part
        if len(received) > LONGEST_REPLY:
            raise ValueError("longer than a reply may be")
    return bytes(received)
