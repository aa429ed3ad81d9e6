"""What happens to calls between prism and vLLM, with stand-ins for vLLM's engine and renderer."""

from __future__ import annotations

import asyncio
import threading
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from prism_engine.backends.vllm import serving as vllm_serving
from prism_engine.backends.vllm.serving import Serving
from prism_engine.config import VllmModel
from prism_engine.errors import RejectedError
from prism_engine.records import Image, PictureFacts
from tests.backends.vllm_calls import call

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from prism_engine.records import Call

pytestmark = [  # they import vLLM, but start no engine
    pytest.mark.vllm,
    pytest.mark.xdist_group("vllm"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning"),  # of torch and vLLM
]

Answers = dict[str, Any]


class Rendering:
    """Renders a call as the names of its pictures, and fails for some."""

    def __init__(self, _llm: object, _spec: object) -> None:
        self.threads: dict[str, str] = {}

    def pictures(self, images: tuple[Image, ...], policy: object) -> list[str]:
        return self.loaded(images, policy)

    def loaded(self, images: tuple[Image, ...], _policy: object) -> list[str]:
        names = [image.digest for image in images]
        self.threads |= dict.fromkeys(names, threading.current_thread().name)
        if "broken" in names:
            raise RejectedError("cannot read the picture")
        if "unforeseen" in names:
            raise EOFError
        return names

    def prompt(self, _call: Call, names: list[str]) -> str:
        return "+".join(names)


class Llm:
    model_config = SimpleNamespace(get_diff_sampling_param=dict)

    def __init__(self) -> None:
        self.cancelled: list[str] = []

    async def reset_mm_cache(self) -> None:
        return

    async def generate(self, prompt: str, _parameters: object, name: str):
        try:
            if prompt == "endless":
                await asyncio.Event().wait()
            yield prompt
        except asyncio.CancelledError:
            self.cancelled.append(name)
            raise


class Served:
    """A `Serving` in a thread of its own."""

    def __init__(self) -> None:
        self.answers: Answers = {}
        self.llm = Llm()
        self.serving = Serving(self.llm, VllmModel(model="m"), lambda answer: self.answers.update([answer]))
        self.running = asyncio.create_task(asyncio.to_thread(self.serving.run))

    async def until(self, reached: Callable[[], bool]) -> None:
        async with asyncio.timeout(60):
            while not reached():
                await asyncio.sleep(0.001)

    async def end(self) -> None:
        self.serving.end(orderly=False)
        await self.running


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Callable[[], Served]:
    monkeypatch.setattr(vllm_serving, "Rendering", Rendering)
    return Served


def pictured(folder: Path, name: str, side: int = 2000) -> Call:
    return call(Image(name, folder / name, PictureFacts("PNG", "RGB", side, side, 10)))


async def test_large_pictures_leave_the_engine_s_thread_and_small_ones_stay(served, tmp_path: Path):
    there = served()
    for name, side in (("large", 2000), ("small", 500)):
        there.serving.ask(name, pictured(tmp_path, name, side))
    await there.until(lambda: len(there.answers) == 2)
    await there.end()
    assert there.answers == {"large": "large", "small": "small"}
    threads = there.serving._rendering.threads
    assert threads["large"].startswith("prism-vllm-pictures")
    assert not threads["small"].startswith("prism-vllm-pictures")


@pytest.mark.parametrize("side", [500, 2000])
async def test_a_broken_picture_fails_its_own_call_only(served, tmp_path: Path, side: int):
    there = served()
    for name in ("first", "broken", "last"):
        there.serving.ask(name, pictured(tmp_path, name, side))
    await there.until(lambda: len(there.answers) == 3)
    await there.end()
    assert isinstance(there.answers.pop("broken"), RejectedError)
    assert there.answers == {"first": "first", "last": "last"}


@pytest.mark.parametrize("side", [500, 2000])
async def test_an_unforeseen_error_ends_the_serving_so_that_no_call_waits_forever(served, tmp_path: Path, side: int):
    there = served()
    there.serving.ask("1", pictured(tmp_path, "endless", side))
    there.serving.ask("2", pictured(tmp_path, "unforeseen", side))
    with pytest.raises(EOFError):
        await asyncio.wait_for(there.running, 60)


async def test_a_cancelled_call_leaves_the_engine(served, tmp_path: Path):
    there = served()
    there.serving.ask("1", pictured(tmp_path, "endless"))
    await there.until(lambda: "1" in there.serving._tasks and bool(there.serving._rendering.threads))
    there.serving.cancel("1")
    there.serving.ask("2", pictured(tmp_path, "2"))
    await there.until(lambda: bool(there.answers))
    await there.end()
    assert there.answers == {"2": "2"}
    assert not there.serving._tasks
