from __future__ import annotations

import asyncio
import multiprocessing
import subprocess
import sys
import tempfile
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image as PillowImage

from prism_engine.backends.chat.api import ChatApi
from prism_engine.backends.vllm.engine import VllmEngine
from prism_engine.config import ApiModel, VllmModel
from prism_engine.errors import ConfigError, DeadError, NotRunError, RejectedError
from prism_engine.nano import CAPTIONER
from prism_engine.records import Image, Outcome
from tests.backends.vllm_calls import call, picture, right_description
from tests.backends.vllm_front import NAME
from tests.imaging.shades import encoded, stored

if TYPE_CHECKING:
    from pathlib import Path

IMAGE_TOKENS = 9
"""Tokens that nano-captioner uses for a picture, without its marker tokens."""

vllm = [
    pytest.mark.vllm,
    pytest.mark.xdist_group("vllm"),
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning"),  # of torch and vLLM
]


class TestStarted:
    pytestmark = vllm

    async def test_a_hundred_first_calls_start_one_engine(self, vllm_engine: VllmEngine, tmp_path: Path):
        calls = [call(picture(tmp_path, number)) for number in range(100)]
        completions = await asyncio.gather(*map(vllm_engine.generate, calls))
        assert len(multiprocessing.active_children()) == 1
        assert {completion.outcome for completion in completions} == {Outcome.OK}
        assert right([completion.text for completion in completions]) >= 90

    async def test_tokens_are_counted_with_the_picture(self, vllm_engine: VllmEngine, tmp_path: Path):
        with_picture = await vllm_engine.generate(call(picture(tmp_path, 1)))
        without = await vllm_engine.generate(call())
        assert with_picture.usage.prompt_tokens is not None
        assert without.usage.prompt_tokens is not None
        more = with_picture.usage.prompt_tokens - without.usage.prompt_tokens
        assert IMAGE_TOKENS <= more <= IMAGE_TOKENS + 8  # its markers, and a first word tokenized differently
        assert with_picture.usage.completion_tokens is not None
        assert len(right_description(1).split()) <= with_picture.usage.completion_tokens < 512
        assert with_picture.seconds > 0

    async def test_the_limit_truncates(self, vllm_engine: VllmEngine, tmp_path: Path):
        completion = await vllm_engine.generate(call(picture(tmp_path, 1), max_tokens=3))
        assert (completion.outcome, completion.finish_reason) == (Outcome.TRUNCATED, "length")
        assert completion.usage.completion_tokens == 3
        assert right_description(1).startswith(completion.text.strip())

    async def test_greedy_answers_repeat(self, vllm_engine: VllmEngine, tmp_path: Path):
        asked = call(picture(tmp_path, 2))
        assert (await vllm_engine.generate(asked)).text == (await vllm_engine.generate(asked)).text

    async def test_a_seed_repeats_a_sampled_answer(self, vllm_engine: VllmEngine):
        first, same, other = [  # without a picture the model has to guess, so that there is much to draw from
            (await vllm_engine.generate(call(temperature=2.0, seed=seed))).text for seed in (1, 1, 2)
        ]
        assert first == same != other

    async def test_pictures_and_their_order_matter(self, vllm_engine: VllmEngine, tmp_path: Path):
        one, two = picture(tmp_path, 1), picture(tmp_path, 8)
        there, back = [await vllm_engine.generate(call(*pictures)) for pictures in ((one, two), (two, one))]
        assert there.usage.prompt_tokens == back.usage.prompt_tokens
        assert there.text != back.text

    async def test_a_prompt_too_long_is_rejected(self, vllm_engine: VllmEngine):
        with pytest.raises(RejectedError, match="maximum context length is 1024"):
            await vllm_engine.generate(call("word " * 2000))

    async def test_bad_pictures_are_rejected_while_others_go_on(self, vllm_engine: VllmEngine, tmp_path: Path):
        (broken := tmp_path / "broken.png").write_bytes(picture(tmp_path, 1).path.read_bytes()[:60])
        (text := tmp_path / "text.png").write_text("not a picture")
        paths = [broken, text, tmp_path / "missing.png"]
        bad = [vllm_engine.generate(call(Image("0", path))) for path in paths]
        good = [vllm_engine.generate(call(picture(tmp_path, number))) for number in range(5)]
        results = await asyncio.gather(*bad, *good, return_exceptions=True)
        assert [type(result) for result in results[:3]] == [RejectedError] * 3
        assert all(not isinstance(result, BaseException) for result in results[3:])

    async def test_a_picture_that_cannot_be_converted_is_rejected(self, vllm_engine: VllmEngine, tmp_path: Path):
        model = replace(call().model, pictures=VllmModel(model="m").pictures)
        deep = stored(tmp_path, encoded(np.full((20, 20), 40_000, np.uint16), "PNG"))
        deep.path.write_bytes(deep.path.read_bytes()[:60])
        with pytest.raises(RejectedError, match="cannot convert the picture"):
            await vllm_engine.generate(replace(call(deep), model=model))
        assert (await vllm_engine.generate(call(picture(tmp_path, 1)))).outcome is Outcome.OK

    async def test_large_pictures_are_prepared_in_threads_and_described_like_small_ones(
        self, vllm_engine: VllmEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        drawn = [picture(tmp_path, number) for number in range(12)]
        calls = [call(one) for one in drawn] + [call(drawn[0], drawn[1]), call(drawn[1], drawn[0]), call(drawn[2])]
        small = await asyncio.gather(*map(vllm_engine.generate, calls))
        monkeypatch.setattr("prism_engine.backends.vllm.serving._SMALL", -1)
        large = await asyncio.gather(*map(vllm_engine.generate, calls))
        assert [(one.text, one.usage.prompt_tokens) for one in large] == [
            (one.text, one.usage.prompt_tokens) for one in small
        ]

    async def test_what_threads_prepare_equals_what_vllm_renders(self, vllm_engine: VllmEngine, tmp_path: Path):
        serving = (await vllm_engine._started())._serving
        ours, vllm_s = serving._rendering, serving._llm.renderer
        for number, pictures in enumerate(([100], [101, 102], [102, 103], [101])):
            asked = call(*(picture(tmp_path, one) for one in pictures), f"Describe the picture, {number % 2} times.")
            in_thread = await asyncio.to_thread(ours.pictures, asked.images, None)
            vllm_s.clear_mm_cache()
            ahead = ours.prompt(asked, in_thread)
            vllm_s.clear_mm_cache()
            _, (alone,) = vllm_s.render_chat(
                [ours._messages(asked, in_thread.loaded)], ours._chat, ours._tokens, skip_mm_cache=True
            )
            for same in ("prompt_token_ids", "mm_hashes", "mm_placeholders"):
                assert ahead[same] == alone[same]
            assert len(in_thread.processed) == len(pictures)
            assert ours._texts, "no text was kept for the next picture"
            assert _tensors(ahead) == _tensors(alone)
        vllm_s.clear_mm_cache()  # the engine has none of these pictures

    async def test_cancelled_calls_leave_the_engine(self, vllm_engine: VllmEngine):
        tasks = [asyncio.create_task(vllm_engine.generate(call(temperature=2.0, seed=n))) for n in range(400)]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        assert "16/16 held, 3" in repr(vllm_engine)  # more than 300 of them are waiting
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert "0/16 held, 0 waiting" in repr(vllm_engine)
        assert "0 running" in repr(vllm_engine)
        assert (await vllm_engine.generate(call())).outcome is Outcome.OK

    async def test_options_that_cannot_work_say_what_to_fix(self, vllm_engine: VllmEngine):
        await vllm_engine.generate(call("Hello."))  # so that the imports are done once, before the starts below
        misspelt = VllmEngine(VllmModel(model=str(CAPTIONER), engine={"max_model_length": 9}))
        with pytest.raises(ConfigError, match=r"no engine option 'max_model_length' - did you mean 'max_model_len'"):
            await misspelt.generate(call("Hello."))
        too_long = VllmEngine(VllmModel(model=str(CAPTIONER), engine={"max_model_len": 10**6}))
        for _ in range(2):
            with pytest.raises(DeadError, match=r"could not start(.|\n)*Lower `max_model_len`"):
                await too_long.generate(call("Hello."))
        await misspelt.aclose()
        await too_long.aclose()

    async def test_a_vlm_behind_an_api_describes_equally_well(self, captioner_url: str, tmp_path: Path):
        async with aclosing(api(captioner_url)) as served:
            calls = [call(picture(tmp_path, number)) for number in range(50)]
            completions = await asyncio.gather(*map(served.generate, calls))
        assert {completion.outcome for completion in completions} == {Outcome.OK}
        assert right([completion.text for completion in completions]) >= 45

    @pytest.mark.parametrize("kind", ["PNG", "TIFF"])
    async def test_a_16_bit_picture_is_described_like_its_8_bit_twin(
        self, vllm_engine: VllmEngine, tmp_path: Path, kind: str
    ):
        grey = np.asarray(PillowImage.open(picture(tmp_path, 4, "L").path))
        twin = stored(tmp_path, encoded(grey, "PNG"))
        deep = stored(tmp_path, encoded(grey.astype(np.uint16) * 257, kind))
        model = replace(call().model, pictures=VllmModel(model="m").pictures)
        replies = [await vllm_engine.generate(replace(call(image), model=model)) for image in (twin, deep)]
        assert replies[0].text == replies[1].text
        assert replies[0].text != (await vllm_engine.generate(call(deep))).text, "clipped, without a conversion"

    @pytest.mark.parametrize("mode", ["RGB", "RGBA", "P", "LA"])
    async def test_it_answers_like_vllm_s_server(
        self, vllm_engine: VllmEngine, captioner_url: str, tmp_path: Path, mode: str
    ):
        asked = call(picture(tmp_path, 3, mode))
        async with aclosing(api(captioner_url)) as served:
            theirs = await served.generate(asked)
        ours = await vllm_engine.generate(asked)
        assert ours.text == theirs.text
        assert ours.finish_reason == theirs.finish_reason == "stop"
        assert ours.usage.prompt_tokens == theirs.usage.prompt_tokens
        assert ours.usage.completion_tokens == theirs.usage.completion_tokens


def _tensors(rendered: Any) -> list[tuple[str, list[Any]]]:
    """Return all tensors of the pictures in a rendered prompt, as lists of numbers."""
    return [(name, field.data.tolist()) for item in rendered["mm_kwargs"]["image"] for name, field in item.items()]


def right(texts: list[str]) -> int:
    """Count the correct descriptions of the first pictures."""
    return sum(text.strip() == right_description(number) for number, text in enumerate(texts))


def api(url: str) -> ChatApi:
    return ChatApi(ApiModel(model=NAME, base_url=url, api_key_env=None), None)


async def test_a_drained_engine_is_never_started():
    engine = VllmEngine(VllmModel(model="m"))
    engine.drain()
    engine.drain()
    with pytest.raises(NotRunError):
        await engine.generate(call("Describe."))
    await engine.aclose()
    await engine.aclose()


async def test_a_full_disk_stops_the_run_with_place_and_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    engine = VllmEngine(VllmModel(model="m"))
    for _ in range(2):
        with pytest.raises(DeadError, match=r"missing.*No such file or directory.*TMPDIR"):
            await engine.generate(call("Describe."))
    await engine.aclose()


CANCELLED_CLOSE = """
import asyncio, threading, time
from prism_engine.backends.vllm import engine as vllm_engine
from prism_engine.config import VllmModel
from tests.backends.vllm_calls import call

class Start:
    begun = threading.Event()
    def __init__(self, spec, log):
        self.log = log
    def run(self):
        self.begun.set()
        time.sleep(600)
    def abandon(self):
        print("abandoned")
    def end_log(self):
        print("log ended", self.log.parent.is_dir())

async def main():
    vllm_engine.EngineStart = Start
    engine = vllm_engine.VllmEngine(VllmModel(model="m"))
    asked = asyncio.create_task(engine.generate(call("Describe.")))
    await asyncio.to_thread(Start.begun.wait)
    folder = engine._folder
    closing = asyncio.create_task(engine.aclose())
    await asyncio.sleep(0.1)
    closing.cancel()
    done = await asyncio.gather(closing, asked, return_exceptions=True)
    print(*(type(result).__name__ for result in done), folder.exists())

asyncio.run(main())
"""


def test_a_close_that_is_cancelled_during_the_start_still_lets_the_process_end():
    done = subprocess.run(
        [sys.executable, "-c", CANCELLED_CLOSE], capture_output=True, text=True, timeout=120, check=True
    )
    assert done.stdout.splitlines() == [
        "abandoned",
        "log ended True",
        "CancelledError NotRunError False",
        "abandoned",  # the start itself is cancelled with the loop
    ]
    assert done.stderr == ""


def test_twice_the_engine_s_batch_may_be_in_flight():
    assert VllmEngine(VllmModel(model="m")).capacity == 256
    assert VllmEngine(VllmModel(model="m", engine={"max_num_seqs": 3})).capacity == 6
