"""Perceiver names in `A~B`."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prism_engine.config import perceiver_names
from prism_engine.errors import ConfigError


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a", ("a",)),
        ("a~b~c", ("a", "b", "c")),
        ("~/models/a", ("~/models/a",)),
        ("~/models/a~org/b", ("~/models/a", "org/b")),
        ("a~~/models/b", ("a", "~/models/b")),
        ("a~/models/b", ("a", "/models/b")),
    ],
)
def test_names_are_read_in_their_order_and_a_home_folder_is_not_a_separator(name, expected):
    assert perceiver_names(name) == expected


@pytest.mark.parametrize("name", ["", "~", "a~", "~b", "a~~b"])
def test_a_missing_name_is_reported(name):
    with pytest.raises(ConfigError, match="a name is missing"):
        perceiver_names(name)


def test_a_perceiver_is_not_merged_with_itself():
    with pytest.raises(ConfigError, match="'a' is named twice"):
        perceiver_names("a~b~a")


@given(st.lists(st.text("ab/.-1", min_size=1), min_size=1, max_size=5, unique=True))
def test_any_names_come_back(names):
    assert perceiver_names("~".join(names)) == tuple(names)
