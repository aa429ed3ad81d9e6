"""The process around a command: its standard streams, Ctrl-C at any moment, and errors that no command expects."""

from __future__ import annotations

import atexit
import io
import os
import resource
import signal
import sys
import threading
from contextlib import suppress
from typing import Any, ClassVar

INTERRUPTED = 130
FAILED = 2
_interrupted = False


def main() -> None:
    """Run the command line as a process does: always an exit code, never a traceback (unless `--debug`)."""
    _open_closed_descriptors()
    _Output.protect()
    atexit.register(_leave)  # before anything else is: it runs last
    code = _finished()
    if (problem := _output_problem()) is not None:
        _say(f"error: the output cannot be written ({problem.strerror}); results in files are complete")
        code = code or FAILED
    if threading.current_thread() is threading.main_thread():
        # All is done: Ctrl-C while Python tidies up ends it with the same code, and at the very end does nothing.
        signal.signal(signal.SIGINT, lambda *_: os._exit(code))
        atexit.register(signal.signal, signal.SIGINT, signal.SIG_IGN)
    if code:
        sys.exit(code)


def _leave() -> None:
    """End an interrupted process with its exit code.

    Python itself would end it by a signal if Ctrl-C came during an `exec`, as it does in the imports of dataclasses.
    """
    if _interrupted:
        _output_problem()
        os._exit(INTERRUPTED)


def _finished() -> int:
    """Run the command and return its exit code."""
    try:
        # Imported here, so that Ctrl-C and exhausted limits of the machine are handled meanwhile.
        from prism_engine.cli.app import main as command  # noqa: PLC0415

        command()
    except SystemExit as end:
        if _was_interrupted(end):
            return _end_interrupted("interrupted")
        if end.code == INTERRUPTED:  # said by the command
            return _end_interrupted()
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except KeyboardInterrupt:
        return _end_interrupted("interrupted")
    except Exception as error:
        if os.environ.get("PRISM_DEBUG"):
            raise
        return _unexpected(error)
    return 0


def _unexpected(error: Exception) -> int:
    sys.unraisablehook = lambda _: None  # objects that are half made would print more, one by one
    if _was_interrupted(error):  # libraries turn it into errors of their own while they are imported
        return _end_interrupted("interrupted")
    return _say(f"error: {_reason(error)}")


def _end_interrupted(line: str = "") -> int:
    global _interrupted  # noqa: PLW0603 - there is one process
    _interrupted = True
    return _say(line, INTERRUPTED) if line else INTERRUPTED


def _reason(error: Exception) -> str:
    """Return a sentence about an error that is none of prism's own."""
    text = " ".join(str(error).split())[:500]
    if isinstance(error, MemoryError):
        return "this process may not use enough memory for the command (`ulimit -v`)"
    if isinstance(error, OSError):
        name = str(error.filename)[:500] if error.filename is not None else ""
        if not name and _is_gone():
            return "the current folder was deleted or moved; change to one that exists"
        return f"{name}: {error.strerror}" if name else error.strerror or text
    if _lacks_resources(text):
        return f"this process may not use enough memory, files or threads (`ulimit -a`): {text}"
    kind = type(error).__name__
    return f"unexpected {kind}: {text}. This is a bug in prism, please report it; `prism --debug ...` shows where"


def _is_gone() -> bool:
    """Whether the current folder was deleted."""
    try:
        os.getcwd()  # noqa: PTH109 - nothing else is imported here
    except FileNotFoundError:
        return True
    return False


def _lacks_resources(text: str) -> bool:
    signs = ("cannot allocate", "Cannot allocate", "failed to map", "can't start new thread")
    return any(sign in text for sign in signs) or resource.getrlimit(resource.RLIMIT_AS)[0] != resource.RLIM_INFINITY


def _was_interrupted(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, KeyboardInterrupt):
            return True
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return False


def _say(line: str, code: int = FAILED) -> int:
    """Print one line to stderr without any library, which may not be importable, and return the code."""
    if sys.stderr is not None:
        with suppress(OSError, ValueError):
            sys.stderr.write(_printable(line) + "\n")
            sys.stderr.flush()
    return code


def _printable(line: str) -> str:
    return line if line.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in line)


def _open_closed_descriptors() -> None:
    """Put /dev/null in the place of closed standard streams: a file opened later would get their numbers."""
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            with suppress(OSError):
                os.open(os.devnull, os.O_RDWR)  # the lowest free number, which is this one
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115 - for the whole process


class _Output(io.FileIO):
    """A standard stream that drops what cannot be written (a full disk, a reader that went away): the run continues."""

    problem: OSError | None = None
    replaced: ClassVar[list[io.TextIOWrapper]] = []
    """Kept, because they would close their descriptors when they are deleted."""

    def write(self, data: bytes) -> int:  # type: ignore[override]
        """Write all bytes, or drop them."""
        left = memoryview(data)
        try:
            while left:
                left = left[super().write(left) or 0 :]
        except BrokenPipeError:  # `| head`: its reader has what it wants
            pass
        except OSError as error:
            _Output.problem = _Output.problem or error
        return len(data)

    @classmethod
    def protect(cls) -> None:
        """Replace stdout and stderr, unless something else has replaced them already."""
        for name in ("stdout", "stderr"):
            stream = getattr(sys, name)
            buffer = getattr(stream, "buffer", None)
            if type(stream) is io.TextIOWrapper and type(getattr(buffer, "raw", buffer)) is io.FileIO:
                raw: Any = cls(stream.fileno(), "w", closefd=False)
                if hasattr(buffer, "raw"):  # else PYTHONUNBUFFERED is set
                    raw = io.BufferedWriter(raw)
                replaced = io.TextIOWrapper(
                    raw,
                    encoding=stream.encoding,
                    errors="backslashreplace",
                    line_buffering=stream.line_buffering,
                    write_through=stream.write_through,
                )
                cls.replaced.append(stream)
                setattr(sys, name, replaced)


def _output_problem() -> OSError | None:
    """Write what is buffered, and return the first problem of a stream; None if there was none."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    return _Output.problem
