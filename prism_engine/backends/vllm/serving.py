"""The engine thread's side of a running vLLM: an event loop that renders calls and sends them to the engine."""

from __future__ import annotations

import asyncio
import gc
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from prism_engine.backends.vllm.checkpoints import template_text
from prism_engine.backends.vllm.thread import Mailbox
from prism_engine.imaging.encoding import model_bytes
from prism_engine.imaging.picture_rules import conversion_of
from prism_engine.records import Image

if TYPE_CHECKING:
    from collections.abc import Callable

    from prism_engine.config import VllmModel
    from prism_engine.records import Call, Message, PicturePolicy, Sampling

# What a model's template, tokenizer and picture code may raise for a malformed call; some of it asserts or divides.
MALFORMED = (
    *(ArithmeticError, AssertionError, AttributeError, LookupError, OSError),
    *(RuntimeError, SyntaxError, TypeError, ValueError),
)
_GRACE = 30.0  # seconds for an orderly shutdown: it takes about 4, and vLLM's default of 5 may leak shared memory


class Serving:
    """Runs an `AsyncLLM` in a thread with its own event loop.

    Requests are processed entirely in that thread: rendering them in one thread and sending them from another,
    interleaved with vLLM's outputs and the run's own work, costs a sixth of the throughput in thread switches.

    Args:
        answer: called with a call's name and vLLM's final output, or the exception that ended it, in the event loop in
            which this object was created.
    """

    def __init__(self, llm: Any, spec: VllmModel, answer: Callable[[tuple[str, Any]], object]) -> None:
        from jinja2 import TemplateError  # noqa: PLC0415 - installed with vLLM
        from PIL.Image import DecompressionBombError  # noqa: PLC0415 - only needed with vLLM
        from vllm.exceptions import VLLMError  # noqa: PLC0415 - heavy
        from vllm.multimodal.media.image import ImageMediaIO  # noqa: PLC0415 - heavy
        from vllm.renderers import ChatParams, TokenizeParams  # noqa: PLC0415 - heavy
        from vllm.v1.engine.exceptions import EngineDeadError  # noqa: PLC0415 - heavy

        self.died = EngineDeadError
        self.rejects = (VLLMError, TemplateError, DecompressionBombError, *MALFORMED)
        self._llm = llm
        self._defaults = llm.model_config.get_diff_sampling_param()
        self._chat = ChatParams(
            chat_template=template_text(spec.chat_template),
            chat_template_kwargs={"add_generation_prompt": True, "tokenize": _is_mistral(llm)},
        )
        self._tokens = TokenizeParams(max_total_tokens=llm.model_config.max_model_len, add_special_tokens=False)
        media = llm.model_config.multimodal_config
        self._pictures = ImageMediaIO(**((media and media.media_io_kwargs) or {}).get("image", {}))
        self._waiting: dict[str, Call] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._wake = asyncio.Event()
        self._ended = self._orderly = False
        self._loop = asyncio.new_event_loop()
        self._inbox: Mailbox[tuple[str, Call | None]] = Mailbox(self._loop, self._take)
        self._answers = Mailbox(asyncio.get_running_loop(), answer)

    def run(self) -> None:
        """Answer calls until `end`; shut the engine down, too, if the end is orderly."""
        from vllm.utils.gc_utils import freeze_gc_heap  # noqa: PLC0415 - heavy

        freeze_gc_heap()  # else each full collection takes half a second, mostly for vLLM's imports
        try:
            with suppress(self.died), asyncio.Runner(loop_factory=lambda: self._loop) as runner:
                runner.run(self._feed())
        finally:
            gc.unfreeze()
        if self._orderly:
            self._llm.shutdown(_GRACE)
            self._llm.shutdown = lambda: None  # its finalizer calls it again, perhaps after vLLM's modules are gone

    def ask(self, name: str, call: Call) -> None:
        """Submit a call; its result is passed to `answer` under this name."""
        self._inbox.put((name, call))

    def cancel(self, name: str) -> None:
        """Drop a call, waiting or in flight."""
        self._inbox.put((name, None))

    def end(self, *, orderly: bool) -> None:
        """Make `run` return soon; calls unanswered by then stay so. Idempotent; callable from any thread."""
        self._orderly = self._orderly or orderly
        self._ended = True
        with suppress(RuntimeError):  # the loop is closed: `run` has returned
            self._loop.call_soon_threadsafe(self._wake.set)

    # Everything below runs in the engine's thread.

    def _take(self, message: tuple[str, Call | None]) -> None:
        name, call = message
        if call is not None:
            self._waiting[name] = call
            self._wake.set()
        elif self._waiting.pop(name, None) is None and name in self._tasks:
            self._tasks[name].cancel()

    async def _feed(self) -> None:
        await self._llm.reset_mm_cache()  # drop the pictures of vLLM's warm-up
        while not self._ended:
            if not self._waiting:
                self._wake.clear()
                await self._wake.wait()
                continue
            name = next(iter(self._waiting))
            call = self._waiting.pop(name)
            try:
                request = self._prompt(call), self._parameters(call.sampling), name
            except self.rejects as error:
                self._answers.put((name, error))
            else:
                task = self._tasks[name] = asyncio.create_task(self._generate(*request))
                task.add_done_callback(partial(self._tasks.pop, name))
            await asyncio.sleep(0)  # let the engine send it, and finished tasks end

    async def _generate(self, prompt: Any, parameters: Any, name: str) -> None:
        final: Any = None
        try:
            async for output in self._llm.generate(prompt, parameters, name):
                final = output
        except (self.died, *self.rejects) as error:
            final = error
        self._answers.put((name, final))

    def _prompt(self, call: Call) -> Any:
        messages = [
            {"role": message.role, "content": self._content(message, call.model.pictures)} for message in call.messages
        ]
        _, (prompt,) = self._llm.renderer.render_chat([messages], self._chat, self._tokens)
        return prompt

    def _content(self, message: Message, policy: PicturePolicy | None) -> list[dict[str, Any]]:
        # The form into which vLLM itself converts `image_url`, without building a URL. No `type`, because with it vLLM
        # insists on Pillow's own class; this one has the encoded bytes, which are cheaper to hash than the pixels.
        return [
            {"image_pil": self._loaded(part, policy)} if isinstance(part, Image) else {"type": "text", "text": part}
            for part in message.parts
        ]

    def _loaded(self, image: Image, policy: PicturePolicy | None) -> Any:
        # vLLM hashes the bytes that it is given, so a converted picture never shares its entry in vLLM's caches.
        if conversion_of(image, policy) is None:
            return self._pictures.load_file(image.path)
        return self._pictures.load_bytes(model_bytes(image, policy))

    def _parameters(self, sampling: Sampling) -> Any:
        from vllm.sampling_params import RequestOutputKind, SamplingParams  # noqa: PLC0415 - heavy

        ours = {
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "seed": None if sampling.greedy else sampling.seed,
            "max_tokens": sampling.max_tokens,
            "stop": list(sampling.stop),
        }
        return SamplingParams.from_optional(
            **self._defaults | ours, output_kind=RequestOutputKind.FINAL_ONLY, skip_clone=True
        )


def _is_mistral(llm: Any) -> bool:
    from vllm.utils.mistral import is_mistral_tokenizer  # noqa: PLC0415 - heavy

    return bool(is_mistral_tokenizer(llm.renderer.tokenizer))
