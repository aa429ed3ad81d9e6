"""An HTTP server in a thread that keeps what is posted to it."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

import orjson


class Posted(NamedTuple):
    """A request that arrived."""

    path: str
    headers: dict[str, str]
    """Their names are in lower case."""
    body: object
    """What its JSON says."""


@contextmanager
def receiver(status=200, *, answer=None, delay=None):
    """Yield the server's URL, and the list of the requests that it got.

    Args:
        status: its status for every request.
        answer: a value that it sends as JSON; None sends no body.
        delay: an event to wait for before the answer.
    """
    got = []
    content = b"" if answer is None else orjson.dumps(answer)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            got.append(Posted(self.path, headers, orjson.loads(body)))
            if delay is not None:
                delay.wait(30)
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("Location", "/elsewhere")
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", got
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
