"""The embedded models made again: `prism train` from Python, heavy packages imported only when it is called."""

from __future__ import annotations

import os
import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from prism_engine.errors import DependencyError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from types import FrameType

    from prism_engine.training.nano.create import Created, TrainingObserver


def train(
    model: str,
    folder: Path,
    watch: TrainingObserver,
    *,
    seed: int = 0,
    threads: int = 1,
    device: str = "auto",
    dtype: str = "bfloat16",
) -> Created:
    """Teach one of the embedded models from a seed, or go on teaching it where an earlier call stopped.

    The first SIGINT or SIGTERM ends it after the step under way, with everything kept; a second one ends it at once.

    Args:
        model: "captioner" or "reasoner".
        folder: for the finished model in `model/`, its curve and numbers, and the state to go on from.
        watch: told what happens.
        threads: of torch on the CPU.
        device: "cpu", "cuda", or "auto" for a GPU where there is one.
        dtype: what the finished weights are rounded to: "bfloat16" or "float32".

    Raises:
        DependencyError: torch, transformers or matplotlib does not import here.
        ConfigError: the folder holds another training's state, or the device is not there.
        UserError: the folder cannot be written.
    """
    with _offline():
        try:
            from prism_engine.training.nano.create import create  # noqa: PLC0415 - heavy
            from prism_engine.training.nano.facts import Settings  # noqa: PLC0415 - heavy
        except (ImportError, RuntimeError) as error:  # RuntimeError: a torchvision that does not match torch
            raise DependencyError(
                f"Training needs torch, transformers and matplotlib, which do not all import here ({error}). "
                "Install them with `pip install 'prism-engine[cpu,train]'`, or with `prism-engine[vllm,train]` on a "
                "machine with a GPU."
            ) from error
    return create(model, folder, Settings(seed, threads, device, dtype), watch, _heeding_signals)


@contextmanager
def _offline() -> Iterator[None]:
    """Keep transformers' parts from asking the hub, which some try; they read this when they are imported."""
    before = os.environ.get("HF_HUB_OFFLINE")
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    try:
        yield
    finally:
        if before is None:
            del os.environ["HF_HUB_OFFLINE"]


@contextmanager
def _heeding_signals() -> Iterator[Callable[[], bool]]:
    """Give a function that says whether SIGINT or SIGTERM came; the second one does what it always does."""
    stop = threading.Event()
    if threading.current_thread() is not threading.main_thread():  # only the main one may ask for signals
        yield stop.is_set
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def put_back() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def on_signal(number: int, frame: FrameType | None) -> None:
        del number, frame
        stop.set()
        put_back()

    for number in before:
        signal.signal(number, on_signal)
    try:
        yield stop.is_set
    finally:
        put_back()
