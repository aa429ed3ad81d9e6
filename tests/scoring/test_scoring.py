"""Looking up scoring profiles by name."""

from __future__ import annotations

import pytest

from prism_engine.errors import ConfigError
from prism_engine.scoring import PROFILES, choice_profile


def test_every_profile_is_found_under_its_own_name():
    assert [choice_profile(name).name for name in PROFILES] == ["prism", "v1", "v2", "v3"]


@pytest.mark.parametrize("name", ["V3", "v33", "v4", "3"])
def test_an_unknown_profile_is_answered_with_the_closest_one(name):
    with pytest.raises(
        ConfigError, match=rf"unknown scoring profile '{name}' - did you mean 'v3'\? \(known: prism, v1, v2, v3\)"
    ):
        choice_profile(name)


def test_a_name_like_none_of_them_is_answered_with_all_profiles():
    with pytest.raises(ConfigError, match=r"'strict' \(known: prism, v1, v2, v3\)"):
        choice_profile("strict")


def test_the_profiles_cannot_be_changed():
    with pytest.raises(TypeError):
        PROFILES["v4"] = PROFILES["v3"]  # type: ignore[index]
