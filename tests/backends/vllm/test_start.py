"""Starting vLLM's engine, with stand-ins for vLLM; `test_engine.py` tests the real one."""

from __future__ import annotations

import multiprocessing
import sys
import threading
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from prism_engine.backends.vllm import start as vllm_start
from prism_engine.backends.vllm.start import EngineStart, engine_arguments
from prism_engine.config import VllmModel
from prism_engine.errors import NotRunError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Return a start whose engine is created by a given function."""

    def install(come_up: Callable[[], Any]) -> EngineStart:
        llm = SimpleNamespace(from_engine_args=lambda _, usage_context: come_up())
        usage = SimpleNamespace(UsageContext=SimpleNamespace(LLM_CLASS="llm"))
        monkeypatch.setitem(sys.modules, "vllm.usage.usage_lib", usage)
        for name in ("vllm", "vllm.usage"):
            monkeypatch.setitem(sys.modules, name, SimpleNamespace())
        monkeypatch.setattr(vllm_start, "_import_vllm", lambda: (llm, (RuntimeError,)))
        monkeypatch.setattr(vllm_start, "engine_arguments", lambda _: None)
        return EngineStart(VllmModel(model="m"), tmp_path / "engine.log")

    return install


class Run:
    """`EngineStart.run` in its own thread, as in production: it masks the thread's signals."""

    def __init__(self, start: EngineStart) -> None:
        self.result: Any = None
        self._thread = threading.Thread(target=self._run, args=(start,))
        self._thread.start()

    def _run(self, start: EngineStart) -> None:
        try:
            self.result = start.run()
        except (NotRunError, AssertionError) as error:
            self.result = error

    def wait(self) -> Any:
        self._thread.join(120)
        assert not self._thread.is_alive()
        return self.result


def test_abandoning_once_ends_an_engine_that_only_starts_afterwards(stand_in):
    coming, abandoned = threading.Event(), threading.Event()
    children = []

    def come_up() -> None:
        coming.set()
        abandoned.wait(60)
        child = multiprocessing.get_context("spawn").Process(target=time.sleep, args=(600,), name="EngineCore")
        child.start()
        children.append(child)
        child.join()
        raise RuntimeError("the engine died")

    start = stand_in(come_up)
    run = Run(start)
    assert coming.wait(60)
    start.abandon()
    start.abandon()
    abandoned.set()
    assert isinstance(run.wait(), NotRunError)
    start.end_log()
    assert [child.exitcode for child in children] == [-9]
    assert not any(thread.name == "prism-vllm-abandon" and not thread.daemon for thread in threading.enumerate())


def test_a_start_that_was_abandoned_before_it_began_starts_nothing(stand_in):
    before = set(threading.enumerate())  # another test's thread may still be ending
    start = stand_in(lambda: pytest.fail("started"))
    start.abandon()
    assert isinstance(Run(start).wait(), NotRunError)
    start.end_log()
    assert not any(thread.name == "prism-vllm-abandon" for thread in set(threading.enumerate()) - before)


def test_an_engine_that_came_up_is_returned(stand_in):
    start = stand_in(lambda: "the engine")
    assert Run(start).wait() == "the engine"
    start.end_log()


def test_vllm_gets_the_expanded_path_of_a_folder_in_the_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    class Arguments(SimpleNamespace):
        __dataclass_fields__ = ("dtype",)

    platform = SimpleNamespace(is_cpu=lambda: False)
    monkeypatch.setitem(sys.modules, "vllm", SimpleNamespace(AsyncEngineArgs=Arguments))
    monkeypatch.setitem(sys.modules, "vllm.config", SimpleNamespace())
    monkeypatch.setitem(sys.modules, "vllm.config.logging", SimpleNamespace(LoggingConfig=SimpleNamespace))
    monkeypatch.setitem(sys.modules, "vllm.platforms", SimpleNamespace(current_platform=platform))
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "model").mkdir()
    assert engine_arguments(VllmModel(model="~/model")).model == str(tmp_path / "model")
    assert engine_arguments(VllmModel(model="org/name")).model == "org/name"
