"""An event loop whose clock jumps to the next timer when there is nothing else to do.

Real sockets work: the clock stands still while a byte travels over loopback. Hours of limits, retries and timeouts pass
in milliseconds, and no test depends on the machine's speed.
"""

from __future__ import annotations

import asyncio
import selectors
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, TypeVar
from unittest import mock

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

T = TypeVar("T")
GRACE = 0.002
"""Real seconds that the kernel gets to deliver a byte before the clock jumps; ten times as long before a long jump."""
SHORT, LONG = 0.05, 5.0
"""Virtual seconds; short jumps (polling) get this grace only shortly after the sockets were busy."""


class JumpingSelector(selectors.DefaultSelector):
    now = 1000.0
    quiet = 0

    def select(self, timeout: float | None = None) -> Any:
        if timeout is None or timeout <= 0:
            return super().select(timeout)
        alone = len(self.get_map()) == 1  # the loop's own wake-up pipe
        grace = 0 if alone or (timeout <= SHORT and self.quiet > 3) else GRACE * (10 if timeout > LONG else 1)
        ready = super().select(grace)
        self.quiet = 0 if ready else self.quiet + 1
        if not ready:
            self.now += timeout
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self.clock = JumpingSelector()
        super().__init__(self.clock)

    def time(self) -> float:
        return self.clock.now


async def _at_once(work: Callable[..., T], *args: Any) -> T:
    return work(*args)


def run_virtually(main: Coroutine[Any, Any, T]) -> T:
    """Run to the end in virtual time, including asyncio-throttle's clock; `asyncio.to_thread` work takes no time."""
    loop = VirtualLoop()
    with (
        mock.patch("asyncio_throttle.throttler.time", SimpleNamespace(monotonic=loop.time)),
        mock.patch("asyncio.to_thread", _at_once),
        asyncio.Runner(loop_factory=lambda: loop) as runner,
    ):
        return runner.run(main)


def now() -> float:
    """Return the loop's time in seconds."""
    return asyncio.get_running_loop().time()
