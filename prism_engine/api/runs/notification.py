"""Notifications at the end of a run: a POST to a URL, or a command of the user's."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import orjson

from prism_engine.api.runs.loops import run_blocking
from prism_engine.errors import ConfigError
from prism_engine.http import may_use_proxy

if TYPE_CHECKING:
    from collections.abc import Mapping

POST_SECONDS = 15.0
COMMAND_SECONDS = 120.0
_IN_ENVIRONMENT = ("title", "status", "accuracy", "cost", "folder")


@dataclass(frozen=True)
class Notification:
    """Where to report the end of a run. Its URL or command may hold a secret: it is never stored, logged or printed."""

    url: str | None
    command: tuple[str, ...]

    def __repr__(self) -> str:
        return f"<Notification to {self.name}>"

    @classmethod
    def of(cls, text: str) -> Notification:
        """Return the notification that `--notify` means: a URL if it begins with http:// or https://, else a command.

        Raises:
            ConfigError: it is neither a valid URL nor a command that is found here; the message does not repeat it.
        """
        # Python's own messages would repeat parts of the text, which may be secret.
        if re.match("https?://", text, re.IGNORECASE):
            if not _is_valid(text):
                raise ConfigError("--notify: the URL is not valid")
            return cls(text, ())
        try:
            command = tuple(shlex.split(text))
        except ValueError:
            raise ConfigError("--notify: the command has an open quotation mark") from None
        program = shutil.which(command[0]) if command else None
        if program is None:
            raise ConfigError(
                "--notify: is neither a URL that begins with https:// or http:// nor a command that is found on this "
                "machine"
            )
        # Absolute, because a resumed run changes the current folder.
        return cls(None, (str(Path(program).absolute()), *command[1:]))

    @property
    def name(self) -> str:
        """What to call it in messages: the URL's host, or the command's name."""
        return str(urlsplit(self.url).hostname) if self.url is not None else Path(self.command[0]).name

    def send(self, summary: Mapping[str, Any]) -> str | None:
        """Send a summary; return why that failed, in one line, or None."""
        body = orjson.dumps(summary)
        try:
            problem = run_blocking(_post(self.url, body)) if self.url is not None else self._run(summary, body)
        except Exception as error:  # noqa: BLE001 - whatever fails here must not change how the run ended
            problem = type(error).__name__  # its message may have the URL in it
        return None if problem is None else f"the notification to {self.name} failed: {problem}"

    def _run(self, summary: Mapping[str, Any], body: bytes) -> str | None:
        values = {name: "" if summary[name] is None else str(summary[name]) for name in _IN_ENVIRONMENT}
        environment = {f"PRISM_{name.upper()}": value.replace("\0", "") for name, value in values.items()}
        try:
            done = subprocess.run(  # noqa: S603 - the user's own command, typed for this run; no shell
                self.command,
                input=body,
                env={**os.environ, **environment},
                capture_output=True,
                timeout=COMMAND_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return f"it took more than {COMMAND_SECONDS:g} s"
        return f"exit code {done.returncode}" if done.returncode else None


async def _post(url: str, body: bytes) -> str | None:
    import aiohttp  # noqa: PLC0415 - most runs send no notification

    timeout = aiohttp.ClientTimeout(total=POST_SECONDS)
    async with aiohttp.ClientSession(timeout=timeout, trust_env=may_use_proxy(url)) as session:
        headers = {"Content-Type": "application/json"}
        # Redirects are not followed: a POST would become a GET, or send the summary to someone else.
        async with session.post(url, data=body, headers=headers, allow_redirects=False) as reply:
            return None if reply.status < 300 else f"HTTP {reply.status}"


def _is_valid(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
