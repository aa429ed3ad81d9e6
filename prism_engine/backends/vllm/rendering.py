"""Turns calls into vLLM's inputs: loads their pictures, applies the chat template, and runs the model's processor."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from prism_engine.backends.vllm.checkpoints import template_text
from prism_engine.backends.vllm.processed import Collected, Processor
from prism_engine.imaging.encoding import model_bytes
from prism_engine.imaging.picture_rules import conversion_of
from prism_engine.records import Image

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prism_engine.config import VllmModel
    from prism_engine.records import Call, PicturePolicy

_KEPT_TEXTS: Final = 64
"""Texts whose tokens are kept: descriptions of many pictures with one instruction all have the same text."""


class PreparedPictures(NamedTuple):
    """The pictures of one call: loaded, in the order of the call; and processed, as far as vLLM's cache lacks them."""

    loaded: tuple[Any, ...] = ()
    processed: Collected = Collected()


class Rendering:
    """vLLM's own renderer, in two steps: `pictures` in any thread, the rest in the engine's thread.

    Args:
        llm: an `AsyncLLM`.
    """

    def __init__(self, llm: Any, spec: VllmModel) -> None:
        from vllm.multimodal.media.image import ImageMediaIO  # noqa: PLC0415 - heavy
        from vllm.renderers import ChatParams, TokenizeParams  # noqa: PLC0415 - heavy
        from vllm.renderers.hf import HfRenderer  # noqa: PLC0415 - heavy

        self._renderer = llm.renderer
        self._has_templates = isinstance(llm.renderer, HfRenderer)  # others may count a picture's tokens themselves
        self._chat = ChatParams(
            chat_template=template_text(spec.chat_template),
            chat_template_kwargs={"add_generation_prompt": True, "tokenize": _is_mistral(llm)},
        )
        self._tokens = TokenizeParams(max_total_tokens=llm.model_config.max_model_len, add_special_tokens=False)
        media = llm.model_config.multimodal_config
        self._media = ImageMediaIO(**((media and media.media_io_kwargs) or {}).get("image", {}))
        self._processor = Processor(llm.renderer)
        self._texts: dict[object, dict[str, Any]] = {}

    def pictures(self, images: tuple[Image, ...], policy: PicturePolicy | None) -> PreparedPictures:
        """Load and process the pictures of one call for a model with this policy."""
        loaded = self.loaded(images, policy).loaded
        return PreparedPictures(loaded, self._processor.process(loaded))

    def loaded(self, images: tuple[Image, ...], policy: PicturePolicy | None) -> PreparedPictures:
        """Load the pictures of one call; they are then processed when the call is rendered."""
        return PreparedPictures(tuple(self._loaded(image, policy) for image in images))

    def prompt(self, call: Call, pictures: PreparedPictures) -> Any:
        """Return vLLM's input for a call with these pictures; in the engine's thread."""
        self._processor.offer(pictures.processed)
        try:
            return self._renderer.process_for_engine(
                self._tokenized(call, pictures.loaded), time.time(), tok_params=self._tokens
            )
        finally:
            self._processor.offer(Collected())

    def _tokenized(self, call: Call, loaded: Sequence[Any]) -> dict[str, Any]:
        """Return the prompt in tokens, with one placeholder per picture; kept for calls that have the same text.

        A template sees of a picture only that there is one, so its text does not depend on which.
        """
        text = tuple(
            (message.role, *(part if isinstance(part, str) else None for part in message.parts))
            for message in call.messages
        )
        kept = self._texts.get(text)
        if kept is not None:
            return kept | {"prompt_token_ids": [*kept["prompt_token_ids"]], "multi_modal_data": {"image": [*loaded]}}
        _, prompt = self._renderer.render_messages(self._messages(call, loaded), self._chat)
        from_template = self._has_templates and isinstance(prompt.get("prompt"), str)
        (tokenized,) = self._renderer.tokenize_prompts([prompt], self._tokens)
        if loaded and from_template and _are(tokenized.get("multi_modal_data"), loaded):
            if len(self._texts) >= _KEPT_TEXTS:
                del self._texts[next(iter(self._texts))]
            self._texts[text] = {key: value for key, value in tokenized.items() if key != "multi_modal_data"}
        return dict(tokenized)

    def _messages(self, call: Call, loaded: Sequence[Any]) -> list[dict[str, Any]]:
        # The form into which vLLM itself converts `image_url`, without building a URL. No `type`, because with it vLLM
        # insists on Pillow's own class; this one has the encoded bytes, which are cheaper to hash than the pixels.
        pictures = iter(loaded)
        return [
            {
                "role": message.role,
                "content": [
                    {"image_pil": next(pictures)} if isinstance(part, Image) else {"type": "text", "text": part}
                    for part in message.parts
                ],
            }
            for message in call.messages
        ]

    def _loaded(self, image: Image, policy: PicturePolicy | None) -> Any:
        # vLLM hashes the bytes that it is given, so a converted picture never shares its entry in vLLM's caches.
        if conversion_of(image, policy) is None:
            return self._media.load_file(image.path)
        return self._media.load_bytes(model_bytes(image, policy))


def _are(data: Any, loaded: Sequence[Any]) -> bool:
    """Whether vLLM passes the pictures on just as they are."""
    return data is not None and list(data) == ["image"] and [*map(id, data["image"])] == [*map(id, loaded)]


def _is_mistral(llm: Any) -> bool:
    from vllm.utils.mistral import is_mistral_tokenizer  # noqa: PLC0415 - heavy

    return bool(is_mistral_tokenizer(llm.renderer.tokenizer))
