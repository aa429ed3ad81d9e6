"""Scoring of replies against targets, with one scorer per answer kind."""

from __future__ import annotations

from difflib import get_close_matches
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from prism_engine.errors import ConfigError
from prism_engine.scoring.answer_counts import AnswerCounts
from prism_engine.scoring.choice.choice import PROFILES, Choice, ChoiceProfile, match_option, score_choice
from prism_engine.scoring.grouping import Group, groups_of
from prism_engine.scoring.kinds.anls import Anls
from prism_engine.scoring.kinds.caption import Caption
from prism_engine.scoring.kinds.circular import Circular
from prism_engine.scoring.kinds.exact import Exact
from prism_engine.scoring.kinds.llavabench import LlavaBench
from prism_engine.scoring.kinds.mathvista import MathVista
from prism_engine.scoring.kinds.mmmu import Mmmu
from prism_engine.scoring.kinds.mmvet import MmVet
from prism_engine.scoring.kinds.ocrbench import OcrBench
from prism_engine.scoring.kinds.relaxed import Relaxed
from prism_engine.scoring.kinds.unjudged import Unjudged
from prism_engine.scoring.kinds.vqa import Vqa
from prism_engine.scoring.kinds.yes_no import YesNo
from prism_engine.scoring.kinds.yes_no_benchmarks import Hallusion, Mme, Pope
from prism_engine.scoring.scorer import (
    GUESS_SEED,
    INABILITY,
    OUR_PROFILE,
    PROFILE_NAMES,
    REFUSAL,
    Level,
    Metric,
    Scored,
    Scorer,
    guess_is_right,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from prism_engine.records import AnswerKind

__all__ = [
    "GUESS_SEED",
    "INABILITY",
    "OUR_PROFILE",
    "PROFILES",
    "PROFILE_NAMES",
    "REFUSAL",
    "SCORERS",
    "AnswerCounts",
    "ChoiceProfile",
    "Group",
    "Level",
    "Metric",
    "Scored",
    "Scorer",
    "choice_profile",
    "groups_of",
    "guess_is_right",
    "known_profile",
    "match_option",
    "score_choice",
    "scorer_of",
]

_SCORERS: Final = (
    *(Choice, Circular, Mmmu, YesNo, Mme, Pope, Hallusion),
    *(Vqa, Anls, Relaxed, Exact, OcrBench, MathVista, MmVet, LlavaBench, Caption, Unjudged),
)
SCORERS: Final[Mapping[AnswerKind, Callable[[str], Scorer]]] = MappingProxyType({cls.kind: cls for cls in _SCORERS})
"""The scorer class of each answer kind; constructed with the name of a profile."""


def known_profile(name: str) -> str:
    """Return the name of a known profile; `vlmevalkit` stands for the latest of VLMEvalKit's.

    Raises:
        ConfigError: there is no such profile; the message names the closest match and all profiles.
    """
    if name == "vlmevalkit":
        return PROFILE_NAMES[-1]
    if name not in PROFILE_NAMES:
        near = get_close_matches(name.lower(), (*PROFILE_NAMES, "vlmevalkit"), n=1, cutoff=0.5)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise ConfigError(f"Unknown scoring profile {name!r}.{hint} Known profiles: {', '.join(PROFILE_NAMES)}.")
    return name


def scorer_of(kind: AnswerKind, profile: str) -> Scorer:
    """Return the scorer for an answer kind under a profile.

    Raises:
        ConfigError: there is no such profile, or no scorer for that kind.
    """
    profile = known_profile(profile)
    if kind not in SCORERS:
        raise ConfigError(f"No scorer for answer kind {kind.value!r}. Known kinds: {', '.join(SCORERS)}.")
    return SCORERS[kind](profile)


def choice_profile(name: str) -> ChoiceProfile:
    """Return the matching rules of a profile.

    Raises:
        ConfigError: as for `known_profile`.
    """
    return PROFILES[known_profile(name)]
