"""What a question is answered from: a description that calls make, one that is given, or none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from prism_engine.prompts import join_descriptions

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from prism_engine.records import Call, Completion, Sample


class Context(Protocol):
    """Where a sample's description comes from."""

    def calls(self, sample: Sample) -> tuple[Call, ...]:
        """Return the calls that the description takes; none where it costs nothing."""
        ...

    async def describe(self, sample: Sample) -> tuple[Completion, ...]:
        """Return the completion of each call, in order."""
        ...

    def text(self, sample: Sample, texts: Sequence[str]) -> str | None:
        """Return the description, made of the calls' texts in order; None where there is none."""
        ...


class FixedContext:
    """A context that takes no call.

    Args:
        text: the description of a sample, or None for an answer without one.
    """

    def __init__(self, text: Callable[[Sample], str | None]) -> None:
        self._text = text

    def calls(self, _sample: Sample) -> tuple[Call, ...]:  # noqa: D102 - the protocol says it
        return ()

    async def describe(self, _sample: Sample) -> tuple[Completion, ...]:  # noqa: D102
        return ()

    def text(self, sample: Sample, _texts: Sequence[str]) -> str | None:  # noqa: D102
        return self._text(sample)


def gold_description(sample: Sample) -> str | None:
    """Return the benchmark's own description, as the reasoner is given one."""
    return None if sample.gold_description is None else sample.gold_description.strip()


def joined(texts: Callable[[Sample], Sequence[str] | None]) -> Callable[[Sample], str | None]:
    """Return what makes one description of a sample's given texts, as those of a perceiver are joined.

    Args:
        texts: one for the sample, or one per picture; None where there is none.
    """

    def text(sample: Sample) -> str | None:
        found = texts(sample)
        return None if found is None else join_descriptions(found)

    return text


def nothing(_sample: Sample) -> None:
    """Return no description."""
