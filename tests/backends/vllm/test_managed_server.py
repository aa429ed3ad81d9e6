from __future__ import annotations

import asyncio
import json
import time
import urllib.request
from contextlib import aclosing
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from prism_engine.backends.chat.api import ChatApi
from prism_engine.backends.vllm.managed_server import ManagedServer, server_arguments
from prism_engine.config import ApiModel, ServerSpec
from prism_engine.errors import DeadError, NotRunError
from prism_engine.prompts import reasoning_messages
from prism_engine.records import Call, ModelIdentity, Option, Outcome, Sample, Sampling
from prism_engine.scenes import description, drawn_scene
from tests.backends.processes import wait_until_gone
from tests.conftest import SERVED_NAME

if TYPE_CHECKING:
    from pathlib import Path


def test_options_become_a_command_line():
    spec = ServerSpec(
        model="org/name",
        revision="main",
        options={
            "max_model_len": 4096,
            "enforce-eager": True,
            "enable_prefix_caching": False,
            "hf_overrides": {"a": [1]},
        },
    )
    assert server_arguments(spec, "served", 8000) == [
        "--disable-uvicorn-access-log",
        "--shutdown-timeout=10",
        "--max-model-len=4096",
        "--enforce-eager",
        "--no-enable-prefix-caching",
        '--hf-overrides={"a": [1]}',
        "--model=org/name",
        "--revision=main",
        "--served-model-name=served",
        "--host=127.0.0.1",
        "--port=8000",
    ]


def test_vllm_gets_the_expanded_path_of_a_folder_in_the_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "model").mkdir()
    assert f"--model={tmp_path / 'model'}" in server_arguments(ServerSpec(model="~/model"), "served", 8000)


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Replace vLLM's server by a few lines of Python, which find its arguments in `arguments`."""

    def install(code: str, timeout: float = 30.0) -> ManagedServer:
        package = tmp_path / "fakes" / "stand_in"
        package.mkdir(parents=True)
        (package / "__init__.py").touch()
        head = "import sys\narguments = dict(a[2:].split('=', 1) for a in sys.argv[1:] if '=' in a)\n"
        (package / "server.py").write_text(head + code)
        monkeypatch.setenv("PYTHONPATH", str(tmp_path / "fakes"))
        monkeypatch.setattr("prism_engine.backends.vllm.managed_server._MODULE", "stand_in.server")
        monkeypatch.setattr("prism_engine.backends.vllm.managed_server.find_spec", lambda _: True)
        spec = ServerSpec(model="m", startup_timeout=timeout)
        return ManagedServer(spec, served_name="m", log=tmp_path / "logs" / "server.log")

    return install


HEALTHY = """
import http.server, pathlib, subprocess, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers()
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print("child", child.pid, flush=True)
http.server.HTTPServer(("127.0.0.1", int(arguments["port"])), Handler).serve_forever()
"""


async def test_one_server_starts_for_all_callers_and_ends_with_its_children(fake, tmp_path: Path):
    server = fake(HEALTHY)
    assert not server.starting
    starts = [asyncio.create_task(server.start()) for _ in range(5)]
    await asyncio.sleep(0)
    assert server.starting
    urls = await asyncio.gather(*starts)
    assert not server.starting
    assert len(set(urls)) == 1
    assert urls[0].startswith("http://127.0.0.1:")
    assert urls[0].endswith("/v1")
    lines = [line for line in (tmp_path / "logs" / "server.log").read_text().splitlines() if line.startswith("child")]
    assert len(lines) == 1
    await server.aclose()
    await server.aclose()
    assert wait_until_gone([int(lines[0].split()[1])]) == []
    with pytest.raises(NotRunError):
        await server.start()


async def test_a_server_that_dies_says_why(fake, tmp_path: Path):
    server = fake("raise SystemExit('no such model')")
    with pytest.raises(DeadError, match=r"exit code 1(.|\n)*server\.log(.|\n)*no such model"):
        await server.start()
    await server.aclose()


async def test_a_server_that_hangs_is_given_up(fake):
    server = fake("import time\nprint('loading', flush=True)\ntime.sleep(600)", timeout=1.5)
    with pytest.raises(DeadError, match=r"not healthy within 1\.5 seconds"):
        await server.start()
    await server.aclose()


async def test_a_taken_port_is_replaced_by_another(fake, tmp_path: Path):
    marker = tmp_path / "first"
    code = f"import pathlib\nfirst = pathlib.Path({str(marker)!r})\nif not first.exists():\n    first.touch()\n"
    server = fake(code + "    raise OSError('[Errno 98] Address already in use')\n" + HEALTHY)
    assert (await server.start()).endswith("/v1")
    await server.aclose()


async def test_a_cancelled_caller_leaves_the_start_to_the_others(fake):
    server = fake(HEALTHY)
    impatient, patient = asyncio.create_task(server.start()), asyncio.create_task(server.start())
    await asyncio.sleep(0)
    impatient.cancel()
    assert (await patient).endswith("/v1")
    await server.aclose()


async def test_closing_aborts_a_start(fake):
    server = fake("import time\ntime.sleep(600)")
    start = asyncio.create_task(server.start())
    await asyncio.sleep(0.2)
    await server.aclose()
    with pytest.raises((asyncio.CancelledError, NotRunError)):
        await start


STUBBORN = """
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print("processes", os.getpid(), child.pid, flush=True)
time.sleep(600)
"""


def processes_of(log: Path) -> list[int]:
    """Wait until a stand-in has printed its process ids."""
    while not (log.is_file() and (text := log.read_text()).endswith("\n")):
        time.sleep(0.05)
    return [int(pid) for pid in text.split()[1:]]


async def test_a_cancelled_stop_kills_a_server_that_does_not_want_to_end(fake, tmp_path: Path):
    server = fake(STUBBORN)
    start = asyncio.create_task(server.start())
    processes = await asyncio.to_thread(processes_of, tmp_path / "logs" / "server.log")
    closing = asyncio.create_task(server.aclose())
    while server._starting is None or not server._starting.done():
        await asyncio.sleep(0)
    await asyncio.sleep(0.05)
    assert not closing.done()
    closing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await closing
    assert wait_until_gone(processes) == []
    await server.aclose()
    assert server._process is None
    await asyncio.gather(start, return_exceptions=True)


async def test_a_close_during_the_stop_of_a_failed_start_leaves_nothing(fake, tmp_path: Path):
    server = fake(STUBBORN, timeout=0.5)
    start = asyncio.create_task(server.start())
    processes = await asyncio.to_thread(processes_of, tmp_path / "logs" / "server.log")
    await asyncio.sleep(1.5)  # it has been given up, and is being stopped
    await server.aclose()
    assert wait_until_gone(processes) == []
    assert server._process is None
    await asyncio.gather(start, return_exceptions=True)


async def test_a_log_that_cannot_be_written_is_named(fake, tmp_path: Path):
    server = fake("")
    (tmp_path / "logs").write_text("a file where the folder should be")
    with pytest.raises(DeadError, match=r"cannot start the vLLM server for m: .*logs: File exists"):
        await server.start()
    await server.aclose()


async def test_a_program_that_cannot_be_run_is_named(fake, monkeypatch: pytest.MonkeyPatch):
    server = fake("")
    monkeypatch.setattr("prism_engine.backends.vllm.managed_server.sys.executable", "/no/such/python")
    with pytest.raises(DeadError, match=r"cannot start the vLLM server for m: /no/such/python: No such file"):
        await server.start()
    await server.aclose()


@pytest.mark.vllm
@pytest.mark.xdist_group("vllm")
@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
class TestReal:
    async def test_it_serves_the_model_under_its_name(self, vllm_server: ManagedServer):
        models = await asyncio.to_thread(_get, await vllm_server.start() + "/models")
        assert [model["id"] for model in models["data"]] == [SERVED_NAME]

    async def test_it_answers_the_backend_that_starts_it(self, vllm_server: ManagedServer):
        spec = ApiModel(model=SERVED_NAME, api_key_env=None)
        async with aclosing(ChatApi(spec, None, start=vllm_server.start)) as api:
            completions = await asyncio.gather(*map(api.generate, map(counting, range(20))))
        assert {completion.outcome for completion in completions} == {Outcome.OK}
        replies = [completion.text.strip() for completion in completions]
        right = [reply.endswith(f"({LETTERS[number % 4]})") for number, reply in enumerate(replies)]
        assert sum(right) >= 15, replies


LETTERS = "ABCD"


def counting(number: int) -> Call:
    """Ask for the number of objects in a scene, which its description states; the right option rotates."""
    scene = drawn_scene(Random(number))
    count = len(scene.things)
    texts = [str(other) for other in range(1, 6) if other != count][:3]
    texts.insert(number % 4, str(count))
    options = tuple(map(Option, LETTERS, texts))
    sample = Sample(number, str(number), (), "How many objects are there?", options=options)
    messages = reasoning_messages(sample, description(scene))
    return Call("reason", ModelIdentity("nano-reasoner", ()), messages, Sampling())


def _get(url: str) -> Any:
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=60) as reply:
        return json.load(reply)
