"""Makes Python's cyclic garbage collector run less often while many calls are in flight."""

from __future__ import annotations

import gc
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

THRESHOLD = 10_000
"""New objects until a collection. By default it is 700, and each call in flight holds hundreds: its collections find
nothing, but look at everything that is alive, an eighth of an API run's CPU time. What they would find can wait, as
this many objects take a few megabytes."""

_lock = threading.Lock()
_blocks = 0
_before = (0, 0, 0)


@contextmanager
def rare_collections() -> Iterator[None]:
    """Collect cyclic garbage rarely in this block; afterwards as before. Blocks may overlap, in any thread.

    Does nothing where the collector is off, or runs even more rarely.
    """
    _enter()
    try:
        yield
    finally:
        _leave()


def _enter() -> None:
    global _before, _blocks  # noqa: PLW0603 - the collector is the process's, and so is the count of blocks
    with _lock:
        if _blocks == 0:
            _before = gc.get_threshold()
            if 0 < _before[0] < THRESHOLD:
                gc.set_threshold(THRESHOLD, *_before[1:])
        _blocks += 1


def _leave() -> None:
    global _blocks  # noqa: PLW0603 - see above
    with _lock:
        _blocks -= 1
        if _blocks == 0:
            gc.set_threshold(*_before)
