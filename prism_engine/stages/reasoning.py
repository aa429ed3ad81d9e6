"""A question and a description in, a reply out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prism_engine.prompts import reasoning_messages
from prism_engine.records import Call

if TYPE_CHECKING:
    from prism_engine.records import Completion, ModelIdentity, Sample, Sampling
    from prism_engine.stages.cached import CachedModel


class Reasoning:
    """Answers a sample's question from its description, without the picture."""

    def __init__(self, model: CachedModel, identity: ModelIdentity, *, sampling: Sampling) -> None:
        self._model = model
        self._identity = identity
        self._sampling = sampling

    def call(self, sample: Sample, description: str) -> Call:
        """Return the call that answers the sample."""
        return Call("reason", self._identity, reasoning_messages(sample, description), self._sampling)

    async def answer(self, sample: Sample, description: str) -> Completion:
        """Return the reply.

        Raises:
            NotRunError, DeadError, StoreError: as `CachedModel.complete`.
        """
        return await self._model.complete(self.call(sample, description))
