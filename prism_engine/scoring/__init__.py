"""Answer kinds: a reply and a target in, a score out."""

from __future__ import annotations

from difflib import get_close_matches
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from prism_engine.errors import ConfigError
from prism_engine.scoring.choice import REFUSAL, ChoiceProfile, match_option, score_choice

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["PROFILES", "REFUSAL", "ChoiceProfile", "choice_profile", "match_option", "score_choice"]

PROFILES: Final[Mapping[str, ChoiceProfile]] = MappingProxyType(
    {
        "v1": ChoiceProfile("v1", letter_near_end=False, short_reply=False, answer_phrase=False),
        "v2": ChoiceProfile("v2", letter_near_end=True, short_reply=True, answer_phrase=False),
        "v3": ChoiceProfile("v3", letter_near_end=True, short_reply=True, answer_phrase=True),
    }
)
"""The matching rules by name; what each means is told in `choice.py`."""


def choice_profile(name: str) -> ChoiceProfile:
    """Look a matching profile up.

    Raises:
        ConfigError: no profile has that name; the message names the nearest one and all that exist.
    """
    profile = PROFILES.get(name)
    if profile is None:
        near = get_close_matches(name.lower(), PROFILES, n=1, cutoff=0.5)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise ConfigError(f"There is no choice profile {name!r}.{hint} Known are {', '.join(PROFILES)}.")
    return profile
