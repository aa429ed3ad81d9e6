"""Files as accidents and strangers leave them: cut, of other types, too deep, too large."""

from __future__ import annotations

import json

from hypothesis import strategies as st

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
def damaged_text(draw, lines):
    """Draw the bytes of a damaged file of lines that are no JSON."""
    number = draw(st.integers(0, len(lines) - 1))
    cells = lines[number].split(b",")
    cells[draw(st.integers(0, len(cells) - 1))] = draw(
        st.one_of(
            st.binary(max_size=30),
            st.sampled_from([b"", b"nan", b"1e999", b"-1", b'"', b"\0", b"\x1b[2J", b"1" * 5_000, b"\xed\xa0\x80"]),
            st.sampled_from([b"x,y", b"\r", b"\t", b";", b"=1+1"]),
        )
    )
    kept = draw(st.sampled_from([lines[number + 1 :], lines[number + 1 :], [], lines]))
    return b"\n".join([*lines[:number], b",".join(cells), *kept])


@st.composite
def damaged(draw, good):
    """Draw the bytes of a damaged file."""
    lines = good.splitlines()
    if good[:1] != b"{":
        return draw(damaged_text(lines))
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
