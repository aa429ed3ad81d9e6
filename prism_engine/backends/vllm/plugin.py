"""What each process of vLLM runs first when prism started it: tie it to prism, keep it away from the terminal.

vLLM finds `detach` by the entry point `vllm.general_plugins` and calls it in every process of its own: in ours, where
it does nothing, in the engine core and its workers, and in a server. Whoever uses vLLM without prism is left alone.
"""

from __future__ import annotations

import ctypes
import logging
import multiprocessing
import os
import signal
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

PARENT = "PRISM_ENGINE_PARENT"
"""Environment variable with the process id of the prism that starts vLLM; unset where there is none."""
LOG = "PRISM_ENGINE_LOG"
"""Environment variable with the file that takes all output of the engine's processes; unset leaves it where it goes."""

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def detach() -> None:
    """Let this process outlive Ctrl-C and a signal to prism's process group, but not prism itself.

    Does nothing in prism's own process, and where prism started nothing.
    """
    prism = os.environ.get(PARENT, "")
    if not prism.isdecimal() or int(prism) == os.getpid():
        return
    _end_with_parent()
    if not _parents_live(int(prism)):
        os._exit(1)
    if os.getpgid(int(prism)) == os.getpgrp():  # a server has a group of its own, by which prism can end all of it
        os.setpgid(0, 0)
    if (log := os.environ.get(LOG)) and multiprocessing.parent_process() is not None:
        _redirect_output(log)
        log_vllm_to(log)


def log_vllm_to(path: str | Path) -> logging.Handler:
    """Send what vLLM logs in this process to a file, and nowhere else; return the handler, to be given back."""
    handler = logging.FileHandler(path, encoding="utf-8", delay=True)
    handler.setFormatter(logging.Formatter("%(asctime)s %(processName)s %(levelname)s %(name)s: %(message)s"))
    logger = logging.getLogger("vllm")
    for former in logger.handlers:
        former.close()
    logger.handlers = [handler]
    logger.propagate = False
    logger.setLevel(logging.INFO)
    return handler


def end_log(handler: logging.Handler) -> None:
    """Close the log; what vLLM still says in this process is dropped."""
    logger = logging.getLogger("vllm")
    if handler in logger.handlers:
        logger.handlers = [logging.NullHandler()]
    handler.close()


def _end_with_parent() -> None:
    # The kernel then kills us when the parent's *thread* that started us ends, so prism starts engines from a thread
    # that lives as long as they do. A worker's parent is the engine core, which is tied to prism in the same way.
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def _parents_live(prism: int) -> bool:
    """Return False where prism or our parent was killed before the kernel knew what we want then."""
    try:
        os.kill(prism, 0)
    except ProcessLookupError:
        return False
    parent = multiprocessing.parent_process()
    return parent is None or parent.pid == os.getppid()


def _redirect_output(log: str) -> None:
    file = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    os.dup2(file, 1)
    os.dup2(file, 2)
    os.close(file)
