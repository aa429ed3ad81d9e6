"""YAML from anywhere: plain values within bounds, or an error that names the place, in a moment."""

from __future__ import annotations

from contextlib import suppress

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from prism_engine.config.yaml_files import read_yaml
from prism_engine.config.yaml_loader import MOST_LEVELS, load, shown
from prism_engine.errors import ConfigError

LAUGHS = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{chr(98 + level)}: &{chr(98 + level)} [{','.join([f'*{chr(97 + level)}'] * 9)}]\n" for level in range(8)
)
MERGED = "a: &a {x: 1}\n" + "".join(
    f"{chr(98 + level)}: &{chr(98 + level)} {{<<: [{','.join([f'*{chr(97 + level)}'] * 9)}]}}\n" for level in range(8)
)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{[1, 2]: 3}", "a key must be text"),
        ("{{a: 1}: 3}", "a key must be text"),
        ("a: !!timestamp foo", "a: 'foo' is no timestamp"),
        ("a: {b: !!int foo}", "a.b: 'foo' is no int"),
        ("a: !!int ''", "a: '' is no int"),
        ("a: !!float foo", "a: 'foo' is no float"),
        ("a: [1, !!bool foo]", "a: 'foo' is no bool"),
        (f"samples: {'9' * 5000}", "samples: a number of 5,000 characters"),
        (f"a: {'1:' * 50_000}1", "a: a number of 100,001 characters"),
        ("a: 9223372036854775808", "a: 9223372036854775808 is a number of more than 64 bits"),
        ("a: -0xfffffffffffffffff", "more than 64 bits"),
        ("timeout: .inf", "timeout: inf is not a finite number"),
        ("a: [-.inf]", "a: -inf is not a finite"),
        ("a: .nan", "a: nan is not a finite"),
        ("a: 1.0e+999", "a: inf is not a finite"),
        ('a: "\\ud800"', "no character"),
        ('"\\udfff": 1', "no character"),
        ('a: "x\\0y"', "no character"),
        ("a: &a [*a]", "contains it"),
        ("a: &a {<<: *a}", "contains it"),
        ("a: 1\na: 2", "key 'a' is given twice"),
        (LAUGHS, "values, aliases included"),
        (MERGED, "values, aliases included"),
        ("k: 1\n" * 60_000, "values, aliases included"),
        *((f"a: {'[' * depth}{']' * depth}", "levels deep") for depth in (100, 2000, 100_000)),
        *((f"a: {'{a: ' * depth}1{'}' * depth}", "levels deep") for depth in (100, 3000)),
        (f"a:\n  {'- ' * 5000}x", "levels deep"),
        ("a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 100)), "levels deep"),
        ("[" * 1_000_000, "levels deep"),
    ],
)
def test_what_is_no_plain_value_is_one_line_that_names_the_place(tmp_path, text, problem):
    file = tmp_path / "run.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        read_yaml(file)
    assert problem in str(caught.value)
    assert str(caught.value).startswith(f"{file}, line ")
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 500


def test_a_date_is_text():
    assert load("a: 2024-99-99\nb: 2026-11-29\nc: 2026-11-29 10:00:00") == {
        "a": "2024-99-99",
        "b": "2026-11-29",
        "c": "2026-11-29 10:00:00",
    }


def test_a_merge_may_be_overridden_and_aliases_may_be_used():
    assert load("a: &a {x: 1, y: 2}\nb: {<<: *a, x: 3}\nc: [*a, *a]") == {
        "a": {"x": 1, "y": 2},
        "b": {"x": 3, "y": 2},
        "c": [{"x": 1, "y": 2}] * 2,
    }


def test_a_file_within_the_bounds_is_read():
    depth = MOST_LEVELS - 2
    assert str(load(f"a: {'[' * depth}{']' * depth}")) == f"{{'a': {'[' * depth}{']' * depth}}}"
    assert load("".join(f"k{n}: 1\n" for n in range(20_000))) == {f"k{n}": 1 for n in range(20_000)}


def test_a_file_that_is_too_large_is_refused_without_reading_it_all(tmp_path):
    file = tmp_path / "run.yaml"
    with file.open("wb") as opened:
        opened.truncate(50 << 30)
    with pytest.raises(ConfigError, match="larger than 16 MiB"):
        read_yaml(file)


def test_what_is_shown_is_short():
    assert len(shown("x" * 10_000_000)) < 100
    assert len(shown([["x" * 1000] * 1000] * 1000)) < 3000
    assert shown(10**5000) == "a number of thousands of digits"


@given(st.binary(max_size=60))
@settings(max_examples=300)
def test_any_bytes_are_read_or_refused(tmp_path_factory, content):
    file = tmp_path_factory.getbasetemp() / "fuzzed.yaml"
    file.write_bytes(content)
    with suppress(ConfigError):
        read_yaml(file)


PIECES = st.sampled_from(
    ["a", "1", ": ", ", ", "- ", "[", "]", "{", "}", "\n", "  ", "&a ", "*a", "<<: ", "!!int ", "!!set ", "!!omap ",
     "!!timestamp ", "!!float ", "!!null ", "!!binary ", "!!str ", "!x ", "? ", "'", '"', "|\n", ">\n", "#", "---\n",
     "...\n", "%YAML 1.1\n", "0x", "1:1", "1e9", ".inf", "~", "true", "=", "\\x", "é", "2024-01-01", "0o8", "_"]
)  # fmt: skip


@given(st.lists(PIECES, max_size=30).map("".join))
@settings(max_examples=500)
def test_any_structure_is_read_or_refused(text):
    with suppress(yaml.YAMLError):
        load(text)
