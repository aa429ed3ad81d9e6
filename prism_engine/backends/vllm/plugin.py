"""vLLM plugin that ties the vLLM processes started by prism to prism, and detaches them from the terminal.

vLLM finds `detach` by the entry point `vllm.general_plugins` and calls it in every one of its processes: in prism's
own, where it does nothing, in the engine core and its workers, and in a server. It does nothing if vLLM is used without
prism.
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
"""Environment variable with the process id of the prism process that starts vLLM; unset without prism."""
LOG = "PRISM_ENGINE_LOG"
"""Environment variable with the file that receives all output of the engine's processes; unset: no redirection."""

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def detach() -> None:
    """Make this process survive Ctrl-C and signals to prism's process group, but end with prism itself.

    Does nothing in prism's own process, and in processes that prism did not start.
    """
    prism = os.environ.get(PARENT, "")
    if not prism.isdecimal() or int(prism) == os.getpid():
        return
    _end_with_parent()
    if not _parents_alive(int(prism)):
        os._exit(1)
    if os.getpgid(int(prism)) == os.getpgrp():  # not for a server: its own group lets prism end all of it
        os.setpgid(0, 0)
    if (log := os.environ.get(LOG)) and multiprocessing.parent_process() is not None:
        _redirect_output(log)
        log_vllm_to(log)


def log_vllm_to(path: str | Path) -> logging.Handler:
    """Redirect vLLM's log in this process to a file only; return the handler, to be passed to `end_log`."""
    handler = logging.FileHandler(path, encoding="utf-8", delay=True)
    handler.setFormatter(logging.Formatter("%(asctime)s %(processName)s %(levelname)s %(name)s: %(message)s"))
    logger = logging.getLogger("vllm")
    for old_handler in logger.handlers:
        old_handler.close()
    logger.handlers = [handler]
    logger.propagate = False
    logger.setLevel(logging.INFO)
    return handler


def end_log(handler: logging.Handler) -> None:
    """Close the log; later messages of vLLM in this process are dropped."""
    logger = logging.getLogger("vllm")
    if handler in logger.handlers:
        logger.handlers = [logging.NullHandler()]
    handler.close()


def _end_with_parent() -> None:
    # The kernel then kills this process when the *thread* that started it ends, so prism starts engines from a thread
    # that lives as long as they do. A worker's parent is the engine core, which is tied to prism in the same way.
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def _parents_alive(prism: int) -> bool:
    """Return False if prism or our parent was killed before the death signal was set up."""
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
