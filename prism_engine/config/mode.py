"""Who answers the questions of a run, and from what."""

from __future__ import annotations

from enum import StrEnum


class Mode(StrEnum):
    """One arm of the analysis: who answers the questions, and from what."""

    ALL = "all"
    """The reasoner, from the perceiver's descriptions."""
    PERCEPTION = "perception"
    """Nobody: the perceiver describes."""
    REASONING = "reasoning"
    """The reasoner, from descriptions that are in the cache; the perceiver is never started."""
    DIRECT = "direct"
    """The perceiver by itself, from the pictures."""
    BLIND = "blind"
    """The reasoner, from the question alone: what can be known without seeing."""
    ORACLE = "oracle"
    """The reasoner, from the benchmark's gold descriptions: its ceiling."""
    PROMPTS = "prompts"
    """Nobody, and nothing is described: the writer of a query-specific instruction says what each question needs
    observed."""

    @property
    def describes(self) -> bool:
        """Whether the perceiver's descriptions are part of it."""
        return self in (Mode.ALL, Mode.PERCEPTION, Mode.REASONING)

    @property
    def answers(self) -> bool:
        """Whether questions are answered, and so scored."""
        return self not in (Mode.PERCEPTION, Mode.PROMPTS)

    @property
    def needs_perceiver(self) -> bool:
        """Whether a perceiver must be named."""
        return self.describes or self is Mode.DIRECT

    @property
    def needs_reasoner(self) -> bool:
        """Whether a reasoner must be named."""
        return self.answers and self is not Mode.DIRECT
