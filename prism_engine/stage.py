"""The stages that call a model, as one table: everything that counts, plans or shows calls iterates over it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

StageKey = Literal["write", "perceive", "reason", "direct", "judge"]


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage: its key and the words for it."""

    key: StageKey
    """Its name in calls, in the cache and the ledger, and in `status.json`, `manifest.json` and the log."""
    role: str
    """The role of its model; further models of the same stage have the same role with a number (`perceiver_2`)."""
    section: str | None
    """The section of a run file with its sampling parameters; None for a stage that no run file samples."""
    unit: str
    """What one of its calls produces, as in a sentence."""
    label: str
    """Its name in tables for people."""
    option: str | None
    """What raises its output limit, as in a sentence; None if no option does."""

    @property
    def units(self) -> str:
        """What its calls produce, in the plural."""
        return f"{self.unit}s"


STAGES: Final = (
    Stage("write", "writer", "writing", "hint", "Hints", "`writing: {max_tokens: ...}` in a run file"),
    Stage("perceive", "perceiver", "perception", "description", "Descriptions", "--perception-tokens"),
    Stage("reason", "reasoner", "reasoning", "answer", "Answers", "--reasoning-tokens"),
    Stage("direct", "perceiver", "reasoning", "answer", "Direct answers", "--reasoning-tokens"),
    Stage("judge", "judge", None, "review", "Reviews", None),
)
"""All stages, in the order in which a sample passes through them."""
STAGE_OF: Final = {stage.key: stage for stage in STAGES}
"""The row of a key."""
ANSWERS: Final = ("reason", "direct")
"""The stages whose reply is the sample's answer; a run has at most one of them."""

DESCRIBING: Final = ("write", "perceive")
"""The stages that make the description: all that a run whose descriptions come from the cache makes no calls for."""


def label_of(key: str) -> str:
    """Return a stage's name in tables; a key that this version of prism does not know stands for itself."""
    return next((stage.label for stage in STAGES if stage.key == key), key)


def place_of(key: str) -> int:
    """Return a stage's place in the order of stages; one that this version of prism does not know comes last."""
    keys: list[str] = [stage.key for stage in STAGES]
    return keys.index(key) if key in keys else len(keys)
