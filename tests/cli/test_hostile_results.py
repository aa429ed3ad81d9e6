"""Result files that were received or damaged: every command that reads them says one line, or goes on without them."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.cli.conftest import SCRIPTED

RUN = "RUN"  # stands for the folder of the run
FILES = (
    *("status.json", "manifest.json", "predictions.jsonl", "scores.json", "rotations.jsonl"),
    *("descriptions.jsonl", "benchmark.json"),
)
COMMANDS = (
    ("runs",),
    ("runs", "--json"),
    ("status",),
    ("status", "--json"),
    ("resume", RUN, "--quiet"),
    ("score", RUN),
    ("judge", RUN, "--judge", "scripted", "--plan"),
    ("compare", RUN, RUN),
    ("analyze", RUN),
    ("board", "results"),
    ("power", RUN),
)
ODD = st.one_of(
    st.sampled_from(
        [
            None,
            True,
            -1,
            0,
            10**30,
            -(10**30),
            1e308,
            1.5,
            "",
            "nan",
            "\x1b[31m",
            "\ud800",
            "\0",
            [],
            {},
            [[]],
            "x" * 5000,
        ]
    ),
    st.sampled_from([{"a": 1}, {"": None}, ["a", 1, None], {"overall": []}, [{}], "2026-11-29", "/etc/passwd"]),
)


def places(value, path=()):
    """Yield the path of every value within a JSON value."""
    yield path
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in pairs:
        yield from places(inner, (*path, key))


def changed(value, path, new):
    """Return a copy of a JSON value with another one at a path."""
    if not path:
        return new
    copy = value.copy()
    copy[path[0]] = changed(copy[path[0]], path[1:], new)
    return copy


@st.composite
def damaged(draw, good):
    """Draw the bytes of a damaged file."""
    lines = good.splitlines()
    number = draw(st.integers(0, len(lines) - 1)) if good.count(b"\n") > 1 and lines[0].endswith(b"}") else None
    how = draw(st.sampled_from(["value"] * 6 + ["cut", "bytes", "deep", "huge"]))
    if how == "cut":
        return good[: draw(st.integers(0, len(good)))]
    if how == "bytes":
        return draw(st.binary(max_size=30))
    whole = json.loads(good if number is None else lines[number])
    if how == "value":
        path = draw(st.sampled_from(list(places(whole))))
        new = json.dumps(changed(whole, path, draw(ODD))).encode()
    else:
        new = b"[" * 100_000 if how == "deep" else b"1" * 5_000
    return new if number is None else b"\n".join([*lines[:number], new, *lines[number + 1 :]]) + b"\n"


@pytest.mark.parametrize("name", FILES)
def test_no_command_fails_at_a_damaged_or_hostile_file(prism, tmp_path, name):
    made = prism("run", *SCRIPTED, *(("--rotate", "2") if name == "rotations.jsonl" else ()))
    assert made.code == 0, made
    kept = {file: file.read_bytes() for file in (tmp_path / "results").rglob("*") if file.is_file()}
    path = next(file for file in kept if file.name == name)
    folder = next(file.parent for file in kept if file.name == "predictions.jsonl")

    @settings(
        max_examples=12,
        derandomize=True,  # a suite must not fail by chance; raise max_examples to look for more
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(content=damaged(kept[path]), command=st.sampled_from(COMMANDS))
    def check(content, command):
        for file, before in kept.items():
            file.write_bytes(before)
        path.write_bytes(content)
        said = prism(*[folder.relative_to(tmp_path) if word == RUN else word for word in command])
        assert said.code in (0, 1, 2, 3, 4, 5), (command, said)
        assert "This is a bug in prism" not in said.err, (command, content[:300], said.err)
        assert "Traceback" not in said.err
        assert "\x1b" not in said.out + said.err

    check()
