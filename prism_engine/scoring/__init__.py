"""Scoring of replies against targets, with one scorer per answer kind."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from prism_engine.errors import ConfigError
from prism_engine.records import AnswerKind
from prism_engine.scoring import kinds
from prism_engine.scoring.answer_counts import AnswerCounts
from prism_engine.scoring.choice.choice import PROFILES, ChoiceProfile, match_option, score_choice
from prism_engine.scoring.grouping import Group, groups_of
from prism_engine.scoring.scorer import (
    GUESS_SEED,
    INABILITY,
    OUR_PROFILE,
    OUR_PROFILES,
    PROFILE_ALIASES,
    PROFILE_NAMES,
    REFUSAL,
    Level,
    Metric,
    Scored,
    Scorer,
    Unit,
    guess_is_right,
)
from prism_engine.similar_names import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "GUESS_SEED",
    "INABILITY",
    "OUR_PROFILE",
    "OUR_PROFILES",
    "PROFILES",
    "PROFILE_ALIASES",
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
    "Unit",
    "choice_profile",
    "groups_of",
    "guess_is_right",
    "known_profile",
    "match_option",
    "recorded_profile",
    "score_choice",
    "scorer_of",
]


def _discovered() -> dict[AnswerKind, type[Scorer]]:
    """Import every module of `kinds/` and collect the scorer classes that name an answer kind of their own."""
    found: dict[AnswerKind, type[Scorer]] = {}
    for module in iter_modules(kinds.__path__, f"{kinds.__name__}."):
        for cls in vars(import_module(module.name)).values():
            if not (isinstance(cls, type) and issubclass(cls, Scorer) and "kind" in vars(cls)):
                continue
            if (other := found.setdefault(cls.kind, cls)) is not cls:
                raise TypeError(f"two scorers of answer kind {cls.kind}: {other.__module__} and {cls.__module__}")
    return {kind: found[kind] for kind in AnswerKind if kind in found}


SCORERS: Final[Mapping[AnswerKind, type[Scorer]]] = MappingProxyType(_discovered())
"""The scorer class of each answer kind, from the files of `kinds/`: what the kind declares. Constructed with the name
of a profile."""


def known_profile(name: str) -> str:
    """Return the name of a known profile; `prism` and `vlmevalkit` stand for the newest of their family.

    Raises:
        ConfigError: there is no such profile; the message names the closest match and all profiles.
    """
    name = PROFILE_ALIASES.get(name, name)
    if name not in PROFILE_NAMES:
        hint = did_you_mean(name, (*PROFILE_NAMES, *PROFILE_ALIASES), most=1, cutoff=0.5)
        known = ", ".join((*PROFILE_NAMES, *(f"{alias} = {full}" for alias, full in PROFILE_ALIASES.items())))
        raise ConfigError(f"unknown scoring profile {name!r}{hint} (known: {known})")
    return name


def recorded_profile(name: str) -> str:
    """Return the profile that a file names; until profiles had versions, files said `prism` for `prism-1`."""
    return OUR_PROFILES[0] if name == "prism" else PROFILE_ALIASES.get(name, name)


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
