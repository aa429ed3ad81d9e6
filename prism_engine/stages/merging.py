"""Several perceivers of one sample: each describes as if it were alone, and the texts become one."""

from __future__ import annotations

import asyncio
from itertools import islice
from typing import TYPE_CHECKING

from prism_engine.prompts import merge_descriptions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prism_engine.config import Merge
    from prism_engine.records import Call, Completion, Sample
    from prism_engine.stages.perception import PerceiverContext


class MergedContext:
    """Perceivers in the order in which they are named.

    Their calls are the very ones that each makes in a run of its own, so the cache serves what such runs left.
    """

    def __init__(self, perceivers: Sequence[PerceiverContext], merge: Merge) -> None:
        self._perceivers = tuple(perceivers)
        self._merge = merge

    def calls(self, sample: Sample) -> tuple[Call, ...]:
        """Return the calls of all perceivers, one perceiver after the other."""
        return tuple(call for one in self._perceivers for call in one.calls(sample))

    async def describe(self, sample: Sample) -> tuple[Completion, ...]:
        """Return one completion per call, in order.

        Raises:
            NotRunError, DeadError, StoreError: as `CachedModel.complete`; no call is left running.
        """
        results = await asyncio.gather(*(one.describe(sample) for one in self._perceivers), return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result
        return tuple(each for result in results if not isinstance(result, BaseException) for each in result)

    def text(self, sample: Sample, texts: Sequence[str]) -> str:
        """Return the sample's description, made of what each perceiver says."""
        rest = iter(texts)
        said = [one.text(sample, list(islice(rest, len(one.calls(sample))))) for one in self._perceivers]
        return merge_descriptions(said, self._merge)
