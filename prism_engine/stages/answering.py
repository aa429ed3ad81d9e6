"""A question and what it is answered from in, a reply out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prism_engine.prompts import direct_messages, reasoning_messages
from prism_engine.records import Call

if TYPE_CHECKING:
    from prism_engine.records import Completion, ModelIdentity, Sample, Sampling
    from prism_engine.stages.cached import CachedModel


class Answering:
    """Answers a sample's question: from its description, or (`direct`) from its pictures."""

    def __init__(
        self, model: CachedModel, identity: ModelIdentity, *, sampling: Sampling, direct: bool = False
    ) -> None:
        self._model = model
        self._identity = identity
        self._sampling = sampling
        self._direct = direct

    def call(self, sample: Sample, description: str | None) -> Call:
        """Return the call that answers the sample."""
        sampling = self._sampling.drawn(sample.draw and sample.draw.answer)
        if self._direct:
            return Call("direct", self._identity, direct_messages(sample), sampling)
        return Call("reason", self._identity, reasoning_messages(sample, description), sampling)

    async def answer(self, sample: Sample, description: str | None) -> Completion:
        """Return the reply.

        Raises:
            NotRunError, DeadError, StoreError: as `CachedModel.complete`.
        """
        return await self._model.complete(self.call(sample, description))
