"""A context that merges the descriptions of multiple perceivers."""

from __future__ import annotations

import asyncio
from itertools import islice
from typing import TYPE_CHECKING

from prism_engine.prompts import merge_descriptions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prism_engine.config import Merge
    from prism_engine.records import Call, Sample
    from prism_engine.stages.context import Made
    from prism_engine.stages.perception import PerceiverContext


class MergedContext:
    """The merged descriptions of multiple perceivers, in the order in which they are named.

    Each perceiver makes exactly the calls of a run with it alone, so the cache entries of such runs are reused.
    """

    def __init__(self, perceivers: Sequence[PerceiverContext], merge: Merge) -> None:
        self._perceivers = tuple(perceivers)
        self._merge = merge

    def calls(self, sample: Sample) -> tuple[Call, ...]:
        """Return the calls of all perceivers, one perceiver after another."""
        return tuple(call for perceiver in self._perceivers for call in perceiver.calls(sample))

    async def describe(self, sample: Sample) -> tuple[Made, ...]:
        """Make the calls; return them with their completions, in order.

        Raises:
            NotRunError, DeadError, StoreError: as `CachedModel.complete`; no call is left running.
        """
        descriptions = (perceiver.describe(sample) for perceiver in self._perceivers)
        results = await asyncio.gather(*descriptions, return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result
        return tuple(each for result in results if not isinstance(result, BaseException) for each in result)

    def text(self, sample: Sample, texts: Sequence[str]) -> str:
        """Return the sample's description, merged from those of the perceivers."""
        remaining = iter(texts)
        descriptions = [
            perceiver.text(sample, list(islice(remaining, len(perceiver.calls(sample)))))
            for perceiver in self._perceivers
        ]
        return merge_descriptions(descriptions, self._merge)
