"""A sample's pictures in, one description each out."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from prism_engine.prompts import join_descriptions, perception_messages
from prism_engine.records import Call

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prism_engine.records import Completion, ModelIdentity, Sample, Sampling
    from prism_engine.stages.cached import CachedModel


class Perception:
    """Describes every picture of a sample with one instruction."""

    def __init__(self, model: CachedModel, identity: ModelIdentity, *, instruction: str, sampling: Sampling) -> None:
        self._model = model
        self._identity = identity
        self._instruction = instruction
        self._sampling = sampling

    def calls(self, sample: Sample) -> tuple[Call, ...]:
        """Return one call per picture. They depend on pictures and instruction alone, never on the question."""
        sampling = self._sampling.drawn(sample.draw and sample.draw.description)
        return tuple(
            Call("perceive", self._identity, perception_messages(image, self._instruction), sampling)
            for image in sample.images
        )

    async def describe(self, sample: Sample) -> tuple[Completion, ...]:
        """Return one completion per picture, in order.

        Raises:
            NotRunError, DeadError, StoreError: as `CachedModel.complete`; no call is left running.
        """
        calls = self.calls(sample)
        if len(calls) == 1:
            return (await self._model.complete(calls[0]),)
        # A call that is already paid for is not thrown away because its neighbour failed.
        results = await asyncio.gather(*map(self._model.complete, calls), return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result
        return tuple(result for result in results if not isinstance(result, BaseException))

    def text(self, _sample: Sample, texts: Sequence[str]) -> str:
        """Return the sample's description, made of its pictures' in order."""
        return join_descriptions(texts)
