"""Trains the embedded models: `prism train` from Python; heavy packages are imported only on call."""

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
    """Train one of the embedded models from a seed, or resume where an earlier call stopped.

    The first SIGINT or SIGTERM ends it after the current step and saves everything; a second one ends it at once.

    Args:
        model: "captioner" or "reasoner".
        folder: for the finished model in `model/`, its training curve and metrics, and the state to resume from.
        watch: observer of the training's progress.
        threads: of torch on the CPU.
        device: "cpu", "cuda", or "auto" for a GPU if there is one.
        dtype: what the finished weights are rounded to: "bfloat16" or "float32".

    Raises:
        DependencyError: torch, transformers or matplotlib does not import here.
        ConfigError: the folder holds another training's state, or the device does not exist.
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
    return create(model, folder, Settings(seed, threads, device, dtype), watch, _stop_flag_on_signals)


@contextmanager
def _offline() -> Iterator[None]:
    """Keep transformers from contacting the hub; it reads this variable on import."""
    before = os.environ.get("HF_HUB_OFFLINE")
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    try:
        yield
    finally:
        if before is None:
            del os.environ["HF_HUB_OFFLINE"]


@contextmanager
def _stop_flag_on_signals() -> Iterator[Callable[[], bool]]:
    """Yield a function that reports whether SIGINT or SIGTERM arrived; a second one gets its original handler."""
    stop = threading.Event()
    if threading.current_thread() is not threading.main_thread():  # only the main thread may set signal handlers
        yield stop.is_set
        return
    original = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def restore() -> None:
        for number, handler in original.items():
            signal.signal(number, handler)

    def on_signal(number: int, frame: FrameType | None) -> None:
        del number, frame
        stop.set()
        restore()

    for number in original:
        signal.signal(number, on_signal)
    try:
        yield stop.is_set
    finally:
        restore()
