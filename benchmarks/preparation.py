"""Pictures per second that vLLM's side of prism can prepare, with one thread and with all cores.

    python benchmarks/preparation.py [--pictures 120] [--rounds 5] [--threads 1 2 ...] [--model FOLDER]

A stand-in takes the place of the engine: it has vLLM's real renderer, tokenizer and picture processor, and takes each
prepared request at once. So what is measured is all that prism does before a request leaves for the engine: reading,
decoding and processing pictures in the pool, rendering, and passing on. No GPU and no weights are needed.

The pictures are JPEGs of 1280 x 960 pixels with noise, about 350 kB each. Two models: nano-captioner, which makes them
small, and the same with a processor that keeps them large (20 MB of floats), as those of big models do. `--model` names
another one. Pool sizes take turns in each round, and each run has a renderer of its own, so that no cache helps.

In the first round all requests are compared: tokens, hashes, positions and every tensor must be equal whatever the
number of threads, and equal to what vLLM renders alone.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import logging
import os
import shutil
import statistics
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image as PillowImage

from prism_engine.backends.vllm.serving import Serving
from prism_engine.backends.vllm.start import engine_arguments
from prism_engine.config import VllmModel
from prism_engine.nano import CAPTIONER
from prism_engine.prompts import instruction_text
from prism_engine.records import Call, Image, Message, ModelIdentity, PictureFacts, Sampling
from prism_engine.usable_cores import usable_cores

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

WIDTH, HEIGHT = 1280, 960
OPTIONS = {"dtype": "float32", "enforce_eager": True}
SIDE = 1280
"""Pixels of the longer side in the variant of nano-captioner that does not make pictures small."""


class StandIn:
    """Has what prism uses of an `AsyncLLM`, and answers each request at once."""

    def __init__(self, spec: VllmModel) -> None:
        from vllm.renderers import renderer_from_config  # noqa: PLC0415 - only after the environment is set

        config = engine_arguments(spec).create_engine_config()
        self.model_config = config.model_config
        self.renderer = renderer_from_config(config)
        self.requests: dict[str, Any] = {}

    async def reset_mm_cache(self) -> None:
        self.renderer.clear_mm_cache()

    async def generate(self, prompt: Any, _parameters: object, name: str) -> AsyncIterator[str]:
        if name in self.requests:
            self.requests[name] = prompt
        yield name


def large_variant(folder: Path) -> Path:
    """Write nano-captioner with a processor that keeps large pictures as they are."""
    for file in CAPTIONER.iterdir():
        if file.suffix in (".json", ".jinja"):
            shutil.copy(file, folder)
    path = folder / "processor_config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    config["image_processor"] |= {"size": {"longest_edge": SIDE}, "max_image_size": {"longest_edge": SIDE}}
    path.write_text(json.dumps(config), encoding="utf-8")
    return folder


def photographs(folder: Path, count: int) -> list[Image]:
    """Write distinct JPEGs: coarse blotches with noise, as large as a photograph's."""
    rng = np.random.default_rng(0)
    images = []
    for number in range(count):
        blotches = PillowImage.fromarray(rng.integers(0, 255, (60, 80, 3), dtype=np.uint8))
        pixels = np.asarray(blotches.resize((WIDTH, HEIGHT), PillowImage.Resampling.BICUBIC)).astype(np.int16)
        noisy = (pixels + rng.integers(-12, 12, pixels.shape)).clip(0, 255).astype(np.uint8)
        PillowImage.fromarray(noisy).save(path := folder / f"{number}.jpg", quality=88)
        data = path.read_bytes()
        facts = PictureFacts("JPEG", "RGB", WIDTH, HEIGHT, len(data))
        images.append(Image(hashlib.sha256(data).hexdigest(), path, facts))
    return images


def calls(images: list[Image]) -> dict[str, Call]:
    model = ModelIdentity("m", ())
    text = instruction_text("generic")
    return {
        str(number): Call("perceive", model, (Message("user", (image, text)),), Sampling())
        for number, image in enumerate(images)
    }


async def prepared(llm: StandIn, spec: VllmModel, asked: dict[str, Call]) -> tuple[float, float]:
    """Return wall time and CPU time in seconds until the stand-in has all calls but the first, which starts things."""
    left: set[str] = set()
    done = asyncio.Event()

    def answer(given: tuple[str, Any]) -> None:
        name, output = given
        if isinstance(output, BaseException):
            raise SystemExit(f"picture {name}: {output!r}")
        left.remove(name)
        if not left:
            done.set()

    async def answered(names: list[str]) -> None:
        left.update(names)
        done.clear()
        for name in names:
            serving.ask(name, asked[name])
        await done.wait()

    serving = Serving(llm, spec, answer)
    thread = threading.Thread(target=serving.run, daemon=True)
    thread.start()
    first, *names = asked
    await answered([first])
    began, cpu = time.perf_counter(), time.process_time()
    await answered(names)
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    serving.end(orderly=False)
    thread.join()
    return seconds, cpu


def tensors(request: Any) -> list[Any]:
    return [field.data for item in request["mm_kwargs"]["image"] for field in item.values()]


def check(requests: dict[str, Any], others: dict[str, Any]) -> None:
    """Compare the requests of two runs."""
    import torch  # noqa: PLC0415 - only after the environment is set

    for name, request in requests.items():
        other = others[name]
        for same in ("prompt_token_ids", "mm_hashes", "mm_placeholders"):
            if request[same] != other[same]:
                raise SystemExit(f"picture {name}: {same} differ")
        pairs = zip(tensors(request), tensors(other), strict=True)
        if not all(torch.equal(torch.as_tensor(one), torch.as_tensor(two)) for one, two in pairs):
            raise SystemExit(f"picture {name}: tensors differ")


def vllm_alone(llm: StandIn, asked: dict[str, Call]) -> dict[str, Any]:
    """Render calls with nothing but vLLM's own renderer."""
    from vllm.multimodal.media.image import ImageMediaIO  # noqa: PLC0415 - only after the environment is set
    from vllm.renderers import ChatParams, TokenizeParams  # noqa: PLC0415 - only after the environment is set

    chat = ChatParams(chat_template_kwargs={"add_generation_prompt": True, "tokenize": False})
    tokens = TokenizeParams(max_total_tokens=llm.model_config.max_model_len, add_special_tokens=False)
    requests = {}
    for name, call in asked.items():
        image, text = call.messages[0].parts
        assert isinstance(image, Image)
        parts = [{"image_pil": ImageMediaIO().load_file(image.path)}, {"type": "text", "text": text}]
        _, (requests[name],) = llm.renderer.render_chat([[{"role": "user", "content": parts}]], chat, tokens)
    return requests


def measure(label: str, model: Path, images: list[Image], threads: list[int], rounds: int) -> None:
    asked = calls(images)
    compared = dict(list(asked.items())[:16])
    rates: dict[int, list[float]] = {count: [] for count in threads}
    reference: dict[str, Any] = {}
    for number in range(rounds):
        for count in threads if number % 2 == 0 else threads[::-1]:
            spec = VllmModel(model=str(model), engine=OPTIONS | {"renderer_num_workers": count})
            llm = StandIn(spec)
            if number == 0:
                reference = reference or vllm_alone(llm, compared)
                llm.requests = dict.fromkeys(compared)
            seconds, cpu = asyncio.run(prepared(llm, spec, asked))
            if number == 0:
                check(llm.requests, reference)
            timed = len(asked) - 1
            rates[count].append(timed / seconds)
            print(
                f"{label}, round {number + 1}, {count} threads: {rates[count][-1]:.1f} pictures/s, "
                f"{1000 * cpu / timed:.1f} ms of CPU per picture, {cpu / seconds:.2f} cores busy",
                flush=True,
            )
    print(f"{label}: tokens, hashes, positions and tensors of {len(compared)} pictures equal vLLM's own")
    for count in threads[1:]:
        ratios = [more / one for more, one in zip(rates[count], rates[threads[0]], strict=True)]
        print(
            f"{label}: {count} threads over {threads[0]}: {statistics.median(ratios):.2f} "
            f"({min(ratios):.2f} to {max(ratios):.2f}, {rounds} rounds)"
        )


def main() -> None:
    cores = usable_cores()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--pictures", type=int, default=120)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--threads", type=int, nargs="+", default=[1, cores], help="pool sizes (default: 1 and all cores)"
    )
    parser.add_argument("--model", help="folder of another model (default: nano-captioner in both variants)")
    given = parser.parse_args()
    os.environ.setdefault("VLLM_CONFIGURE_LOGGING", "0")
    logging.disable(logging.WARNING)
    print(f"{cores} cores", flush=True)
    with tempfile.TemporaryDirectory() as name:
        images = photographs(Path(name), given.pictures)
        (variant := Path(name) / "variant").mkdir()
        models = {"small": CAPTIONER, "large": large_variant(variant)}
        for label, model in {given.model: Path(given.model)}.items() if given.model else models.items():
            measure(label, Path(model), images, given.threads, given.rounds)


if __name__ == "__main__":
    main()
