"""The client against a run that is slow, gone, or replies nonsense."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager

import pytest

from prism_engine.control.client import send
from prism_engine.control.messages import LONGEST_REPLY
from prism_engine.control.sockets import SOCKET_NAME
from prism_engine.errors import ConfigError, UserError


@contextmanager
def replying(folder, content):
    """Listen in a folder and reply with these bytes, whatever is asked; None replies nothing."""
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(folder / SOCKET_NAME))
        server.listen()
        done = threading.Event()

        def serve():
            connection, _ = server.accept()
            with connection:
                connection.recv(1 << 16)
                if content is None:
                    done.wait(30)
                else:
                    try:
                        connection.sendall(content)
                    except OSError:
                        return

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield
        done.set()
        thread.join(30)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "ended before it replied"),
        (b"\xff\n", "reply is damaged"),
        (b"[]\n", "the reply is damaged"),
        (b'{"ok": true, "state": 5}\n', "the reply is damaged"),
        (b'{"ok": tr', "ended before it replied"),
        (b"x" * (LONGEST_REPLY + 2), "longer than a reply may be"),
        (b'{"ok": "yes"}\n', "refused"),
        (b'{"ok": false, "error": "not now"}\n', "not now"),
    ],
)
def test_a_damaged_reply_is_one_error(tmp_path, content, problem):
    with replying(tmp_path, content), pytest.raises(UserError, match=problem):
        send(tmp_path, "status", timeout=10)


def test_a_run_that_does_not_reply_is_not_waited_for(tmp_path):
    with replying(tmp_path, None), pytest.raises(UserError, match=r"did not reply within 0\.2 s"):
        send(tmp_path, "status", timeout=0.2)


def test_a_wrong_command_is_found_before_anything_is_sent(tmp_path):
    with pytest.raises(ConfigError, match="rpm: must be greater than 0"):
        send(tmp_path / "no such run", "set", {"rpm": "-1"})
