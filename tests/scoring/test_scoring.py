"""Looking up scoring profiles by name."""

from __future__ import annotations

import pytest

from prism_engine.errors import ConfigError
from prism_engine.records import AnswerKind
from prism_engine.scoring import PROFILES, choice_profile, known_profile, recorded_profile, scorer_of


def test_every_profile_is_found_under_its_own_name():
    assert [choice_profile(name).name for name in PROFILES] == ["prism-1", "prism-2", "v1", "v2", "v3"]


@pytest.mark.parametrize("name", ["V3", "v33", "v4", "3"])
def test_an_unknown_profile_is_answered_with_the_closest_one(name):
    known = "prism-1, prism-2, v1, v2, v3, prism = prism-2, vlmevalkit = v3"
    with pytest.raises(ConfigError, match=rf"profile '{name}' - did you mean 'v3'\? \(known: {known}\)"):
        choice_profile(name)


def test_a_name_like_none_of_them_is_answered_with_all_profiles():
    with pytest.raises(
        ConfigError, match=r"'strict' \(known: prism-1, prism-2, v1, v2, v3, prism = prism-2, vlmevalkit = v3\)"
    ):
        choice_profile("strict")


def test_a_family_s_name_stands_for_its_newest_profile():
    assert [known_profile(name) for name in ("prism", "prism-1", "vlmevalkit")] == ["prism-2", "prism-1", "v3"]
    assert scorer_of(AnswerKind.CHOICE, "prism").profile == "prism-2"
    assert [(scorer_of(AnswerKind.CHOICE, name).version) for name in PROFILES] == [1, 2, 0, 0, 0]


def test_a_file_that_says_prism_is_older_than_the_versions():
    assert [recorded_profile(name) for name in ("prism", "prism-2", "v3", "vlmevalkit")] == [
        "prism-1",
        "prism-2",
        "v3",
        "v3",
    ]


def test_the_profiles_cannot_be_changed():
    with pytest.raises(TypeError):
        PROFILES["v4"] = PROFILES["v3"]  # type: ignore[index]
