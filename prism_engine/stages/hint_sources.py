"""Sources of per-question hints for the perceiver: a hint writer (a model), or a hints file."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from prism_engine.prompts import clean_hints, hint_messages, hint_query, specific_instruction
from prism_engine.records import Call

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from prism_engine.records import Completion, ModelIdentity, Sample, Sampling
    from prism_engine.stages.cached import CachedModel
    from prism_engine.stages.context import Context


class InstructedContext(NamedTuple):
    """A perceiver with the instruction for one sample."""

    context: Context
    hints: str | None
    """The hints in the instruction; None if it is the shared one."""
    fell_back: str | None
    """Why there are no hints, so that the instruction is the shared one."""


class HintSource(Protocol):
    """The source of per-question hints."""

    def call(self, sample: Sample) -> Call | None:
        """Return the call that writes the hints; None if no call is needed."""
        ...

    async def write(self, sample: Sample, *, ahead: bool = False) -> Completion | None:
        """Return the completion of that call; None if there is no call.

        Args:
            ahead: the call is made in advance; it is counted when the sample itself is processed.

        Raises:
            NotRunError, DeadError, StoreError: as `CachedModel.complete`.
        """
        ...

    def instruct(self, sample: Sample, written: Completion | None) -> InstructedContext:
        """Return the perceiver with a per-question instruction; fall back to the shared one on any problem."""
        ...


class InstructionBuilder:
    """Builds the perceiver for a question's hints.

    Args:
        instruction: the shared instruction, to which hints are added.
        context: returns the perceiver for an instruction.
    """

    def __init__(self, instruction: str, context: Callable[[str], Context]) -> None:
        self._instruction = instruction
        self._context = context

    def with_hints(self, hints: str) -> InstructedContext:
        """Return the perceiver with these hints in its instruction."""
        return InstructedContext(self._context(specific_instruction(self._instruction, hints)), hints, None)

    def fall_back(self, reason: str) -> InstructedContext:
        """Return the perceiver with the shared instruction."""
        return InstructedContext(self._context(self._instruction), None, reason)


class ModelHints:
    """Hints written by a model, from the question alone.

    Args:
        shots: few-shot examples for the hint writer.
    """

    def __init__(
        self,
        model: CachedModel,
        identity: ModelIdentity,
        builder: InstructionBuilder,
        *,
        shots: Sequence[tuple[str, str]],
        sampling: Sampling,
    ) -> None:
        self._model = model
        self._identity = identity
        self._builder = builder
        self._shots = tuple(shots)
        self._sampling = sampling

    def call(self, sample: Sample) -> Call:  # noqa: D102 - documented by the protocol
        messages = hint_messages(hint_query(sample), self._shots)
        return Call("write", self._identity, messages, self._sampling)

    async def write(self, sample: Sample, *, ahead: bool = False) -> Completion:  # noqa: D102
        make = self._model.make_ahead if ahead else self._model.complete
        return await make(self.call(sample))

    def instruct(self, _sample: Sample, written: Completion | None) -> InstructedContext:  # noqa: D102
        assert written is not None
        if not written.usable:
            return self._builder.fall_back(f"{written.outcome.value}: {written.detail or 'no text'}")
        hints = clean_hints(written.text, len(self._shots))
        if hints is None:
            return self._builder.fall_back("empty: nothing to observe in the writer's reply")
        return self._builder.with_hints(hints)


class FileHints:
    """Hints read from a hints file.

    Args:
        hints: returns the hints of a sample; None if there are none.
    """

    def __init__(self, builder: InstructionBuilder, hints: Callable[[Sample], str | None]) -> None:
        self._builder = builder
        self._hints = hints

    def call(self, _sample: Sample) -> None:  # noqa: D102
        return None

    async def write(self, _sample: Sample, *, ahead: bool = False) -> None:  # noqa: ARG002, D102
        return None

    def instruct(self, sample: Sample, _written: Completion | None) -> InstructedContext:  # noqa: D102
        hints = self._hints(sample)
        return self._builder.fall_back("missing: not in the file") if hints is None else self._builder.with_hints(hints)
