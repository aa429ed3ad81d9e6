from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prism_engine.backends.chat.json_body import read_json


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (b'\xef\xbb\xbf{"a": 1}', {"a": 1}),
        (b'{"a": "\\ud83d"}', {"a": "\ufffd"}),
        (b'{"a": "\\ud83d\\ude00", "b": NaN}', {"a": "\U0001f600", "b": None}),
        (b'{"a": "x\xe2\x82"}', {"a": "x\ufffd"}),
        (b'{"a": "x\ny"}', {"a": "x\ny"}),
        (b'{"a": 1', None),
        (b"<html>", None),
        (b"[" * 100_000, None),
    ],
)
def test_nearly_valid_json_is_read_and_incomplete_json_is_not(raw, value):
    found = read_json(raw)
    if isinstance(value, dict) and "b" in value:
        assert found["a"] == value["a"]
        assert found["b"] != found["b"]
    else:
        assert found == value


@given(st.binary(max_size=200))
def test_whatever_is_read_can_be_written_again(raw):
    orjson.dumps(read_json(raw), option=orjson.OPT_NON_STR_KEYS) if read_json(raw.strip()) is not None else None
