"""What the perceiver is told for one sample in particular: contents that a model writes, or that a file lists."""

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
    """A perceiver that knows what it is asked for, and what that is."""

    context: Context
    hints: str | None
    """What the question needs observed."""
    fell_back: str | None
    """Why there are no contents, so that the instruction is the one for all."""


class HintSource(Protocol):
    """Where the contents to observe come from."""

    def call(self, sample: Sample) -> Call | None:
        """Return the call that writes the contents; None where it takes none."""
        ...

    async def write(self, sample: Sample, *, ahead: bool = False) -> Completion | None:
        """Return the completion of that call; None where there is none.

        Args:
            ahead: the sample is taken up later, and counts only then.

        Raises:
            NotRunError, DeadError, StoreError: as `CachedModel.complete`.
        """
        ...

    def tell(self, sample: Sample, written: Completion | None) -> InstructedContext:
        """Return the perceiver, told what to observe: whatever is amiss, it is told the instruction for all."""
        ...


class InstructionBuilder:
    """The way from contents to a perceiver that observes them.

    Args:
        instruction: the one for all, to which contents are added.
        context: describes as an instruction says.
    """

    def __init__(self, instruction: str, context: Callable[[str], Context]) -> None:
        self._instruction = instruction
        self._context = context

    def observe(self, hints: str) -> InstructedContext:
        """Return the perceiver that is told to observe these contents."""
        return InstructedContext(self._context(specific_instruction(self._instruction, hints)), hints, None)

    def fall_back(self, reason: str) -> InstructedContext:
        """Return the perceiver that is told the instruction for all."""
        return InstructedContext(self._context(self._instruction), None, reason)


class ModelHints:
    """Contents that a model writes, from the question alone.

    Args:
        shots: examples for it.
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

    def call(self, sample: Sample) -> Call:  # noqa: D102 - the protocol says it
        messages = hint_messages(hint_query(sample), self._shots)
        return Call("write", self._identity, messages, self._sampling)

    async def write(self, sample: Sample, *, ahead: bool = False) -> Completion:  # noqa: D102
        make = self._model.make_ahead if ahead else self._model.complete
        return await make(self.call(sample))

    def tell(self, _sample: Sample, written: Completion | None) -> InstructedContext:  # noqa: D102
        assert written is not None
        if not written.usable:
            return self._builder.fall_back(f"{written.outcome.value}: {written.detail or 'no text'}")
        hints = clean_hints(written.text, len(self._shots))
        if hints is None:
            return self._builder.fall_back("empty: nothing to observe in the writer's reply")
        return self._builder.observe(hints)


class FileHints:
    """Contents that are known already.

    Args:
        contents: those of a sample; None where there are none.
    """

    def __init__(self, builder: InstructionBuilder, hints: Callable[[Sample], str | None]) -> None:
        self._builder = builder
        self._hints = hints

    def call(self, _sample: Sample) -> None:  # noqa: D102
        return None

    async def write(self, _sample: Sample, *, ahead: bool = False) -> None:  # noqa: ARG002, D102
        return None

    def tell(self, sample: Sample, _written: Completion | None) -> InstructedContext:  # noqa: D102
        hints = self._hints(sample)
        return self._builder.fall_back("missing: not in the file") if hints is None else self._builder.observe(hints)
