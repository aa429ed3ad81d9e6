from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from prism_engine.backends.vllm.plugin import PARENT, detach
from prism_engine.nano import CAPTIONER
from tests.backends.processes import descendants, wait_until_gone

if TYPE_CHECKING:
    from collections.abc import Iterator

linux = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc and Linux's parent-death signal")
ROOT = Path(__file__).parents[3]
DETACHED = "import os, time; from prism_engine.backends.vllm.plugin import detach; detach(); "


def run(code: str, parent: int | None, *, new_session: bool = False) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != PARENT}
    if parent is not None:
        environment[PARENT] = str(parent)
    return subprocess.run(
        [sys.executable, "-c", DETACHED + code],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        start_new_session=new_session,
    )


def test_it_leaves_processes_alone_that_prism_did_not_start(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv(PARENT, raising=False)
    before = os.getpgrp()
    detach()
    monkeypatch.setenv(PARENT, "not a number")
    detach()
    monkeypatch.setenv(PARENT, str(os.getpid()))
    detach()
    assert os.getpgrp() == before
    assert run("print(os.getpgrp())", None).stdout.strip() == str(before)


def test_a_child_leaves_the_process_group_of_prism():
    assert run("print(os.getpgrp() == os.getpid())", os.getpid()).stdout == "True\n"


def test_a_child_with_a_group_of_its_own_stays_there():
    code = "a = os.getpgrp(); detach(); print(a == os.getpgrp())"
    assert run(code, os.getpid(), new_session=True).stdout == "True\n"


def test_a_child_that_comes_too_late_ends_itself():
    with subprocess.Popen(["true"]) as gone:
        gone.wait()
    result = run("print('still here')", gone.pid)
    assert (result.returncode, result.stdout) == (1, "")


@linux
def test_a_child_ends_when_its_parent_is_killed():
    code = (
        f"import os, subprocess, sys, time; os.environ['{PARENT}'] = str(os.getpid());"
        f"subprocess.Popen([sys.executable, '-c', {DETACHED + 'print(os.getpid(), flush=True); time.sleep(60)'!r}]);"
        "time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        parent.kill()
        assert wait_until_gone([child]) == []


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """The program in `vllm_lifecycle`; the tests below run its steps in order."""
    started = Program(tmp_path_factory.mktemp("lifecycle") / "stderr.txt")
    yield started
    started.end()


class Program:
    def __init__(self, errors: Path) -> None:
        self._errors = errors
        with errors.open("wb") as stderr:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.backends.vllm_lifecycle", str(CAPTIONER)],
                cwd=ROOT,
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
                start_new_session=True,
            )

    def next_line(self) -> tuple[str, list[str]]:
        assert self.process.stdout is not None
        word, *values = self.process.stdout.readline().split() or ["ended"]
        return word, values

    def printed(self) -> str:
        """Return the stderr output, without the line that vLLM's CPU build prints before our plugin runs."""
        lines = self._errors.read_text().splitlines()
        return "\n".join(line for line in lines if not line.startswith("Triton is installed, but doesn't include CPU"))

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()


@linux
@pytest.mark.vllm
@pytest.mark.xdist_group("vllm")
class TestLifecycle:
    def test_the_engine_survives_ctrl_c_and_answers_the_requests_in_flight(self, program: Program):
        word, pids = program.next_line()
        assert word == "working", program.printed()
        os.killpg(program.process.pid, signal.SIGINT)
        word, (answered, *failed) = program.next_line()
        assert word == "drained", program.printed()
        assert int(answered) >= 16  # at least all that were in flight
        assert failed == []
        assert program.printed() == ""
        assert program.next_line() == ("working", pids)

    def test_kill_minus_nine_leaves_no_engine_behind(self, program: Program):
        pids = descendants(program.process.pid)
        assert len(pids) >= 2  # the engine and its worker
        program.process.kill()
        assert wait_until_gone(pids) == []
