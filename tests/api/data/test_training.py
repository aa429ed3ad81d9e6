"""`api.training.train`: signals, missing packages, and the files that remain."""

from __future__ import annotations

import os
import signal
import sys
import threading

import pytest

from prism_engine.api.data.training import train
from prism_engine.errors import DependencyError
from prism_engine.training.nano import create
from tests.training.courses import LineCourse


class Heard:
    """Sends itself a signal at one of the steps."""

    def __init__(self, step=None, number=signal.SIGINT, times=1):
        self.steps, self._step, self._number, self._times = 0, step, number, times

    def said(self, message):
        pass

    def stepped(self, progress):
        self.steps += 1
        if self.steps == self._step:
            for _ in range(self._times):
                os.kill(os.getpid(), self._number)


@pytest.fixture(autouse=True)
def _interrupts():
    """Handle SIGINT as in the foreground: a shell's background jobs ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(autouse=True)
def _line(monkeypatch):
    monkeypatch.setitem(create.COURSES, "line", lambda device: LineCourse())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_stops_after_the_step_and_the_same_call_resumes(tmp_path, number):
    handlers = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    stopped = Heard(step=7, number=number)
    assert not train("line", tmp_path, stopped).finished
    assert stopped.steps == 7
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == handlers
    going_on = Heard()
    assert train("line", tmp_path, going_on).finished
    assert going_on.steps == 15


def test_the_second_signal_stops_at_once(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        train("line", tmp_path, Heard(step=7, times=2))
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_it_may_be_called_from_any_thread(tmp_path):
    made = []
    thread = threading.Thread(target=lambda: made.append(train("line", tmp_path, Heard())))
    thread.start()
    thread.join()
    assert made[0].finished


def test_a_missing_package_is_an_error_with_its_fix(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    for name in [name for name in sys.modules if name.startswith("prism_engine.training.nano.c")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    with pytest.raises(DependencyError, match=r"matplotlib.*pip install 'prism-engine\[cpu,train\]'"):
        train("reasoner", tmp_path / "out", Heard())
    assert not (tmp_path / "out").exists()
    assert "HF_HUB_OFFLINE" not in os.environ
