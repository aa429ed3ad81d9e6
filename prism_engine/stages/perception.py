"""The perception stage: a sample's pictures in; one description of each, or one of all, out."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from prism_engine.config import Pictures
from prism_engine.prompts import join_descriptions, perception_messages, together_messages
from prism_engine.records import Call
from prism_engine.stages.context import Made

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prism_engine.records import ModelIdentity, Sample, Sampling
    from prism_engine.stages.cached import CachedModel


class PerceiverContext:
    """Describes the pictures of a sample according to one instruction.

    Args:
        pictures: how the pictures of a multi-picture sample are sent.
    """

    def __init__(
        self,
        model: CachedModel,
        identity: ModelIdentity,
        *,
        instruction: str,
        sampling: Sampling,
        pictures: Pictures = Pictures.EACH,
    ) -> None:
        self._model = model
        self._identity = identity
        self._instruction = instruction
        self._sampling = sampling
        self._pictures = pictures

    def calls(self, sample: Sample) -> tuple[Call, ...]:
        """Return one call per picture, or one for all. The calls depend only on the pictures and the instruction."""
        sampling = self._sampling.drawn(sample.draw and sample.draw.description)
        images = sample.images[:1] if self._pictures is Pictures.FIRST else sample.images
        if self._pictures is Pictures.TOGETHER and images:
            messages = [together_messages(images, self._instruction)]
        else:
            messages = [perception_messages(image, self._instruction) for image in images]
        return tuple(Call("perceive", self._identity, message, sampling) for message in messages)

    async def describe(self, sample: Sample) -> tuple[Made, ...]:
        """Make the calls; return them with their completions, in order.

        Raises:
            NotRunError, DeadError, StoreError: as `CachedModel.complete`; no call is left running.
        """
        calls = self.calls(sample)
        if len(calls) == 1:
            return (Made(calls[0], await self._model.complete(calls[0])),)
        # A call that is already paid for must not be cancelled because another one failed.
        results = await asyncio.gather(*map(self._model.complete, calls), return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result
        return tuple(
            Made(call, result)
            for call, result in zip(calls, results, strict=True)
            if not isinstance(result, BaseException)
        )

    def text(self, sample: Sample, texts: Sequence[str]) -> str:
        """Return the sample's description, joined from those of its pictures in order."""
        if self._pictures is Pictures.FIRST and len(sample.images) > 1:
            return f"Image 1: {texts[0].strip()}"  # the name by which the question refers to it
        return join_descriptions(texts)
