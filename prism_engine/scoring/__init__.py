"""Answer kinds: a reply and a target in, a score out."""

from __future__ import annotations

from difflib import get_close_matches
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from prism_engine.errors import ConfigError
from prism_engine.records import AnswerKind
from prism_engine.scoring.base import OUR_PROFILE, PROFILE_NAMES, REFUSAL, Metric, Scored, Scorer
from prism_engine.scoring.choice import PROFILES, Choice, ChoiceProfile, match_option, score_choice
from prism_engine.scoring.open_kinds import OPEN_SCORERS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = [
    "OUR_PROFILE",
    "PROFILES",
    "PROFILE_NAMES",
    "REFUSAL",
    "SCORERS",
    "ChoiceProfile",
    "Metric",
    "Scored",
    "Scorer",
    "choice_profile",
    "match_option",
    "score_choice",
    "scorer_of",
]

SCORERS: Final[Mapping[AnswerKind, Callable[[str], Scorer]]] = MappingProxyType(
    {
        AnswerKind.CHOICE: Choice,
        **OPEN_SCORERS,
    }
)
"""What makes a scorer of each answer kind from the name of a profile."""


def scorer_of(kind: AnswerKind, profile: str) -> Scorer:
    """Return what scores replies of that kind under that profile.

    Raises:
        ConfigError: there is no such profile (the message names the nearest one), or nothing scores that kind.
    """
    if profile not in PROFILE_NAMES:
        raise ConfigError(f"There is no scoring profile {profile!r}.{_hint(profile)}")
    if kind not in SCORERS:
        raise ConfigError(f"Nothing scores answers of kind {kind.value!r}. Known are {', '.join(SCORERS)}.")
    return SCORERS[kind](profile)


def choice_profile(name: str) -> ChoiceProfile:
    """Look a matching profile up.

    Raises:
        ConfigError: no profile has that name; the message names the nearest one and all that exist.
    """
    profile = PROFILES.get(name)
    if profile is None:
        raise ConfigError(f"There is no choice profile {name!r}.{_hint(name)}")
    return profile


def _hint(name: str) -> str:
    near = get_close_matches(name.lower(), PROFILE_NAMES, n=1, cutoff=0.5)
    return (f" Did you mean {near[0]!r}?" if near else "") + f" Known are {', '.join(PROFILE_NAMES)}."
