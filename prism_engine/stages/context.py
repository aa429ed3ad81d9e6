"""Sources of a sample's description: perception calls, a given text, or none."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from prism_engine.prompts import join_descriptions

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from prism_engine.records import Call, Completion, Sample


class Made(NamedTuple):
    """A call with its completion."""

    call: Call
    completion: Completion


class Context(Protocol):
    """The source of a sample's description."""

    def calls(self, sample: Sample) -> tuple[Call, ...]:
        """Return the calls that the description needs; empty if it needs none."""
        ...

    async def describe(self, sample: Sample) -> tuple[Made, ...]:
        """Make the calls; return them with their completions, in order."""
        ...

    def text(self, sample: Sample, texts: Sequence[str]) -> str | None:
        """Return the description, composed of the calls' texts in order; None if there is none."""
        ...


class FixedContext:
    """A context that needs no calls.

    Args:
        text: returns the description of a sample, or None to answer without one.
    """

    def __init__(self, text: Callable[[Sample], str | None]) -> None:
        self._text = text

    def calls(self, _sample: Sample) -> tuple[Call, ...]:  # noqa: D102 - documented by the protocol
        return ()

    async def describe(self, _sample: Sample) -> tuple[Made, ...]:  # noqa: D102
        return ()

    def text(self, sample: Sample, _texts: Sequence[str]) -> str | None:  # noqa: D102
        return self._text(sample)


def gold_description(sample: Sample) -> str | None:
    """Return the benchmark's own description, in the form the reasoner receives."""
    return None if sample.gold_description is None else sample.gold_description.strip()


def joined(texts: Callable[[Sample], Sequence[str] | None]) -> Callable[[Sample], str | None]:
    """Return a function that joins a sample's given texts in the same way as a perceiver's descriptions.

    Args:
        texts: returns one text for the sample, or one per picture; None if there are none.
    """

    def text(sample: Sample) -> str | None:
        given = texts(sample)
        return None if given is None else join_descriptions(given)

    return text


def nothing(_sample: Sample) -> None:
    """Return no description."""
