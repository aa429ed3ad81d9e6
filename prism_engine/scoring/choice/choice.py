"""Reads one option's letter from a reply under a named and pinned set of rules.

prism-1   prism's own rules of 2026-11-24 (`reading.py`)
prism-2   prism's own rules, and the default
v1, v2, v3   VLMEvalKit's rules of three periods (`rules.py`), for scores that are to be compared with VLMEvalKit's
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from prism_engine.records import Score
from prism_engine.scoring.choice.committed import read_committed
from prism_engine.scoring.choice.reading import read_option
from prism_engine.scoring.choice.rules import Rules, match_as_upstream

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from prism_engine.records import Option, Sample


@dataclass(frozen=True, slots=True)
class ChoiceProfile:
    """One set of matching rules."""

    name: str
    match: Callable[[str, Sequence[Option]], str | None]
    """Reads the letter from a reply; for its result see `match_option`."""


_V1 = Rules(letter_near_end=False, short_reply=False, answer_phrase=False)
_V2 = Rules(letter_near_end=True, short_reply=True, answer_phrase=False)
_V3 = Rules(letter_near_end=True, short_reply=True, answer_phrase=True)

PROFILES: Final[Mapping[str, ChoiceProfile]] = MappingProxyType(
    {
        "prism-1": ChoiceProfile("prism-1", read_option),
        "prism-2": ChoiceProfile("prism-2", read_committed),
        "v1": ChoiceProfile("v1", partial(match_as_upstream, rules=_V1)),
        "v2": ChoiceProfile("v2", partial(match_as_upstream, rules=_V2)),
        "v3": ChoiceProfile("v3", partial(match_as_upstream, rules=_V3)),
    }
)
"""The matching rules by name."""


def match_option(reply: str, options: Sequence[Option], profile: ChoiceProfile) -> str | None:
    """Read the chosen option from a reply, in time linear in the reply's length.

    Returns:
        The letter of an option; "Z" for a refusal (or a real option Z); None if nothing can be inferred.
    """
    return profile.match(reply, options)


def score_choice(reply: str, sample: Sample, profile: ChoiceProfile) -> Score:
    """Score a reply strictly: a refusal or an unmatched reply is wrong; `Score.answer` distinguishes them.

    Returns:
        1.0 for the target's letter, otherwise 0.0; value None if the target is none of the sample's options: an open
        question, a test split without answers, a broken row. No choice could be right there.
    """
    answer = match_option(reply, sample.options, profile)
    target = (sample.answer or "").strip()
    choosable = any(option.letter == target for option in sample.options)
    return Score(value=float(answer == target) if choosable else None, answer=answer)
