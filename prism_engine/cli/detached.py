"""`prism run --detach`: the same command again as a process of its own session, watched until its first call.

The foreground process waits for one line on a pipe, which the background process writes when everything is checked and
nothing has been called yet. If the pipe ends without one, the command has failed, and its output is printed here.
"""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import tempfile
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

import orjson
import typer

import prism_engine
from prism_engine.cli.show.console import print_json, stderr, stdout
from prism_engine.errors import UserError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping
    from contextlib import AbstractAsyncContextManager

    from prism_engine.engine.progress import Progress

LOG_NAME: Final = "run.log"
_PIPE: Final = "PRISM_DETACHED"
"""The variable by which the background process knows the pipe's descriptor."""


def pipe_to_foreground() -> int | None:
    """Return the pipe to the waiting foreground process if this is a detached process; only the first call does."""
    number = os.environ.pop(_PIPE, "")
    if not number.isdecimal():
        return None
    with suppress(OSError, OverflowError):
        if stat.S_ISFIFO(os.fstat(int(number)).st_mode):
            os.set_inheritable(int(number), False)
            return int(number)
    return None


def start_detached(*, as_json: bool) -> None:
    """Start this process's command again in the background, and print where it is and how to look at it.

    Raises:
        typer.Exit: it ended before its first call; its output was printed, and the code is its own.
        UserError: it cannot be started.
    """
    reading, writing = os.pipe()
    with tempfile.TemporaryFile() as output, open(reading, "rb") as pipe:  # noqa: PTH123 - not a path
        try:
            process = _started(writing, output)
        except OSError as error:
            raise UserError(f"--detach: no process can be started ({error.strerror})") from error
        finally:
            os.close(writing)
        try:
            line = pipe.readline(1 << 20)
        except KeyboardInterrupt:
            process.terminate()
            process.wait()
            raise
        _print_early(output)
        if not line.endswith(b"\n"):
            raise typer.Exit(process.wait() or 2)
        process.returncode = 0  # it goes on without this one, which need not wait for it
    _print_started(orjson.loads(line), as_json=as_json)


def announced(
    watch: Callable[[Progress], AbstractAsyncContextManager[None]], pipe: int
) -> Callable[[Progress], AbstractAsyncContextManager[None]]:
    """Return a display that first lets the foreground process go, and moves this one's output into the run's log."""

    @asynccontextmanager
    async def show(progress: Progress) -> AsyncIterator[None]:
        folders = [one.folder for one in progress.runs or (progress,) if one.folder is not None]
        log = folders[0] / LOG_NAME
        _move_output(log)
        started = {"process": os.getpid(), "folders": [str(folder) for folder in folders], "log": str(log)}
        with suppress(OSError):  # the foreground process was killed: the run goes on
            os.write(pipe, orjson.dumps(started, option=orjson.OPT_APPEND_NEWLINE))
        os.close(pipe)
        async with watch(progress):
            yield

    return show


def _started(pipe: int, output: IO[bytes]) -> subprocess.Popen[bytes]:
    # The package is found as it was here; a folder of the user's own is not searched for modules if it was not before.
    at_home = Path(prism_engine.__file__).parents[1] == Path.cwd()
    return subprocess.Popen(  # noqa: S603 - this command again
        [sys.executable, *([] if at_home else ["-P"]), "-m", "prism_engine", *sys.argv[1:]],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        start_new_session=True,
        pass_fds=[pipe],
        env={**os.environ, _PIPE: str(pipe)},
    )


def _move_output(log: Path) -> None:
    """Let the standard streams continue in a log, after what they have said so far.

    Raises:
        UserError: the log cannot be written.
    """
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    try:
        # A link in a received folder could lead to any file of this user.
        target = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
    except OSError as error:
        raise UserError(f"{log}: cannot be written ({error.strerror})") from error
    os.write(target, os.pread(1, 1 << 20, 0))
    os.dup2(target, 1)
    os.dup2(target, 2)
    os.close(target)


def _print_early(output: IO[bytes]) -> None:
    """Print what the background process said before its first call: notes, or why it failed."""
    output.seek(0)
    if text := output.read(1 << 20).decode(errors="replace").rstrip("\n"):
        stderr.print(text, soft_wrap=True, markup=False)


def _print_started(started: Mapping[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(started)
        return
    folders = started["folders"]
    lines = [f"running in the background as process {started['process']}:", *(f"  {folder}" for folder in folders)]
    lines += [
        f"look: prism status {folders[0]}",
        f"control: prism ctl {folders[0]} pause|resume|drain|set ...",
        f"log: {started['log']}",
    ]
    for line in lines:
        stdout.print(line, soft_wrap=True, markup=False)
