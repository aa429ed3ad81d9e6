"""Redaction: no form of a secret passes, and ordinary text stays as it is."""

from __future__ import annotations

import base64
import html
import json
from urllib.parse import quote

import pytest

from prism_engine.backends.chat.redaction import Redactor, is_secret

KEY = "sk-proj-SECRET/SE+CRET=123"


def escaped(text):
    return "".join(f"\\u{ord(character):04X}" for character in text)


def percent(text):
    return "".join(f"%{ord(character):02x}" for character in text)


FORMS = [
    KEY,
    KEY.upper(),
    escaped(KEY),
    escaped(KEY).replace("\\", "\\\\"),
    KEY[:9] + escaped(KEY[9:]),
    KEY.replace("/", "\\/"),
    quote(KEY, safe=""),
    quote(quote(KEY, safe=""), safe=""),
    percent(KEY),
    "".join(f"&#{ord(character)};" for character in KEY),
    "".join(f"&#x{ord(character):x};" for character in KEY),
    "".join(f"\\\\x{ord(character):02x}" for character in KEY),
    KEY.encode().hex(),
    KEY.encode().hex().upper(),
    *(base64.b64encode(before + KEY.encode() + b"end").decode() for before in (b"", b"1", b"12", b"Bearer ")),
    base64.urlsafe_b64encode(KEY.encode()).decode(),
]


@pytest.mark.parametrize("form", FORMS)
def test_no_form_of_a_secret_passes(form):
    redactor = Redactor({KEY})
    whole = json.loads(redactor.body(f'{{"a": ["say {form} now"], "{form}": 1}}'.encode()))
    assert list(whole) == ["a", "***"] or "***" in list(whole)[1]
    for text in (whole["a"][0], redactor.body(f"<p>{form}</p>".encode()).decode(), redactor.text(form)):
        assert "***" in text
        assert "SECRET" not in html.unescape(text).upper()
        assert form not in text


def test_json_is_decoded_before_the_search_so_that_no_escape_is_cut():
    redactor = Redactor({"nabcdefghijklm"})
    line = b'{"a":"line\\nabcdefghijklm"}'
    assert redactor.body(line) is line
    assert json.loads(redactor.body(b'{"a":"line\\nnabcdefghijklm", "b": 1e400, "c": 123456789012345678901}')) == {
        "a": "line\n***",
        "b": float("inf"),
        "c": 123456789012345678901,
    }


@pytest.mark.parametrize(
    "key", ["EMPTY", "none", "test", "abc", "x", "12345", "token", "sk-no-key-required", "0000000000"]
)
def test_a_placeholder_is_no_secret(key):
    raw = json.dumps({"text": f"The {key} room is {key}."}).encode()
    assert not is_secret(key)
    assert Redactor({key}).body(raw) is raw


@pytest.mark.parametrize("key", ["hunter2", "k3y-9x", "p4ss", "a.b-c", "sesame"])
def test_a_short_key_is_redacted_as_a_whole_word_only(key):
    redactor = Redactor({key})
    assert redactor.text(f"key={key}, ({key}) x{key} {key}s {escaped(key)}") == f"key=***, (***) x{key} {key}s ***"


def test_nothing_happens_without_secrets():
    raw = b'{"a": "\\u0041"}'
    assert Redactor(()).body(raw) is raw
    assert Redactor({KEY}).body(raw) is raw
