"""What the server has prepared of chosen runs: made by a process of its own, kept for a while, renewed as runs grow."""

from __future__ import annotations

import asyncio
import shutil
import sys
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any, Final

import orjson

from prism_engine.report.viewer.row_index import RowIndex
from prism_engine.web.indexing import USER_ERROR

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from prism_engine.web.known_runs import KnownRun

_KEPT: Final = 8
"""Views that are kept: the one used least recently is dropped first."""
_LEAST_SECONDS: Final = 2.0
"""Time between the end of a preparation and the start of the next one of the same view ..."""
_SHARE: Final = 4.0
"""... and that many times as long as the preparation took, so that a long run is not read all the time."""


@dataclass(eq=False)
class View:
    """One task's result for chosen runs.

    Attributes:
        numbers: the versions of the server's results, each once, so that a page never takes one view for another.
        version: of the result; 0 while there is none.
        error: why there is none, or why it could not be renewed.
        found: what the task returned.
        index: of the rows, if that was the task.
    """

    task: str
    runs: Sequence[KnownRun]
    cache_dir: Path | None
    place: Path
    turn: asyncio.Semaphore
    numbers: Iterator[int]
    version: int = 0
    error: str | None = None
    found: Any = None
    index: RowIndex | None = None
    _mark: object = None
    _ended: float = 0.0
    _took: float = 0.0
    _work: asyncio.Task[None] | None = field(default=None, repr=False)

    @property
    def folder(self) -> Path:
        """Where the current result's files are."""
        return self.place / str(self.version)

    async def renew(self) -> None:
        """Start to prepare it if its runs have changed and the last time is long enough ago."""
        pause = 0.0 if not self._ended else max(_LEAST_SECONDS, _SHARE * self._took)
        if (self._work is not None and not self._work.done()) or time.monotonic() - self._ended < pause:
            return
        mark = await asyncio.to_thread(lambda: [run.rows_mark() for run in self.runs])
        if mark != self._mark and (self._work is None or self._work.done()):
            self._mark = mark
            self._work = asyncio.create_task(self._prepare(), name="prepare view")

    async def ready(self, seconds: float) -> bool:
        """Wait for the first result, for a limited time; return whether there is one."""
        await self.renew()
        if not self.version and self._work is not None:
            await asyncio.wait([self._work], timeout=seconds)
        return self.version > 0

    async def close(self) -> None:
        """Stop what is going on, and delete its files."""
        if self._work is not None:
            self._work.cancel()
            await asyncio.wait([self._work])
        if self.index is not None:
            self.index.close()
        await asyncio.to_thread(shutil.rmtree, self.place, ignore_errors=True)

    async def _prepare(self) -> None:
        started, number = time.monotonic(), next(self.numbers)
        out = self.place / str(number)
        async with self.turn:
            try:
                out.mkdir(parents=True)
                found = await _result(self.task, self.runs, self.cache_dir, out)
                self._replace(number, found, await asyncio.to_thread(RowIndex, out) if self.task == "rows" else None)
                self.error = None
            except Exception as error:  # noqa: BLE001 - whatever it is, a page waits for it and shows it
                self.error = str(error) or type(error).__name__
                await asyncio.to_thread(shutil.rmtree, out, ignore_errors=True)
        self._ended = time.monotonic()
        self._took = self._ended - started

    def _replace(self, number: int, found: Any, index: RowIndex | None) -> None:
        if self.index is not None:
            self.index.close()
        shutil.rmtree(self.folder, ignore_errors=True)  # what the old index has mapped stays until it is collected
        self.found, self.index, self.version = found, index, number


class ViewError(Exception):
    """Runs could not be prepared; the message says why."""


async def _result(task: str, runs: Sequence[KnownRun], cache_dir: Path | None, out: Path) -> Any:
    job = {"task": task, "runs": [str(run.folder) for run in runs], "out": str(out), "cache_dir": cache_dir}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "prism_engine.web.indexing"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,  # Ctrl-C is for the server, which then ends this one
    )
    try:
        said, problem = await process.communicate(orjson.dumps(job, default=str))
    except asyncio.CancelledError:
        process.kill()
        await process.wait()
        raise
    if process.returncode == USER_ERROR:
        raise ViewError(problem.decode(errors="replace"))
    if process.returncode:
        last = problem.decode(errors="replace").strip().rpartition("\n")[2]
        raise ViewError(f"these runs could not be read ({last or f'exit code {process.returncode}'})")
    return orjson.loads(said)


class Views:
    """The views of one server.

    Args:
        folder: for their files.
        cache_dir: the cache with pictures and prompts; None takes that of each run.
    """

    def __init__(self, folder: Path, cache_dir: Path | None) -> None:
        self.cache_dir = cache_dir
        self._folder = folder
        self._turn = asyncio.Semaphore(1)
        self._views: OrderedDict[tuple[str, ...], View] = OrderedDict()
        self._numbers = count(1)
        self._made = 0

    async def view(self, task: str, runs: Sequence[KnownRun]) -> View:
        """Return a task's result for these runs, which may still have to be prepared."""
        key = (task, *(run.id for run in runs))
        if (view := self._views.get(key)) is None:
            self._made += 1
            place = self._folder / str(self._made)
            view = self._views[key] = View(task, runs, self.cache_dir, place, self._turn, self._numbers)
        self._views.move_to_end(key)
        if len(self._views) > _KEPT:
            _, oldest = self._views.popitem(last=False)
            await oldest.close()
        return view

    async def close(self) -> None:
        """Close all views."""
        for view in self._views.values():
            await view.close()
