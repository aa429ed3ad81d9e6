"""The answering stage: a question, with its description or pictures, in; a reply out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from prism_engine.prompts import direct_messages, reasoning_messages
from prism_engine.records import Call

if TYPE_CHECKING:
    from prism_engine.records import Completion, ModelIdentity, Sample, Sampling
    from prism_engine.stage import StageKey
    from prism_engine.stages.cached import CachedModel


class Answering:
    """Answers a sample's question from its description, or (`direct`) from its pictures.

    Args:
        most_pictures: use at most this many pictures of a sample, from the first on; None uses all.
    """

    def __init__(
        self,
        model: CachedModel,
        identity: ModelIdentity,
        *,
        sampling: Sampling,
        direct: bool = False,
        most_pictures: int | None = None,
    ) -> None:
        self._model = model
        self._identity = identity
        self._sampling = sampling
        self.stage: StageKey = "direct" if direct else "reason"
        self.round = 0
        self._most_pictures = most_pictures

    def call(self, sample: Sample, description: str | None) -> Call:
        """Return the call that answers the sample."""
        sampling = self._sampling.drawn(sample.draw and sample.draw.answer)
        if self.stage == "direct":
            shown = replace(sample, images=sample.images[: self._most_pictures])
            return Call(self.stage, self._identity, direct_messages(shown), sampling)
        return Call(self.stage, self._identity, reasoning_messages(sample, description), sampling)

    async def complete(self, call: Call) -> Completion:
        """Return the reply to a call.

        Raises:
            NotRunError, DeadError, StoreError: as `CachedModel.complete`.
        """
        return await self._model.complete(call)
