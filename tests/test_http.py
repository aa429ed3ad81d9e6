"""Tests of prism_engine.http: proxies, shown URLs and waiting times in headers."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prism_engine.chaos.rate_limits import duration
from prism_engine.http import may_use_proxy, read_reset, retry_after, shown_url

NOW = 1_795_000_000.0


@pytest.mark.parametrize("url", ["http://localhost:8000/v1", "http://127.0.0.1/v1", "http://[::1]:1/v1"])
def test_loopback_addresses_use_no_proxy(url):
    assert not may_use_proxy(url)


def test_other_addresses_may_be_reached_by_a_proxy():
    assert may_use_proxy("https://api.example/v1")


@pytest.mark.parametrize(
    "url",
    [
        *(
            "https://user:secret@api.example/v1",
            "https://user:a/secret@api.example/v1",
            "https://u:a@b?secret@api.example/v1",
        ),
        *("https://api.example/v1?key=secret", "https://api.example/v1#secret", "https://api.example/v1?a=1\nsecret"),
    ],
)
def test_a_url_is_shown_without_its_user_password_query_and_fragment(url):
    assert shown_url(url) == "https://api.example/v1"
    assert shown_url("https://h/@cf/meta") == "https://h/@cf/meta"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("6m0s", 360),
        ("1s", 1),
        ("120ms", 0.12),
        ("8.64s", 8.64),
        ("1h2m3.5s", 3723.5),
        ("2d", 172_800),
        ("0", 0),
        ("17.5", 17.5),
        (" 30 ", 30),
        ("60, 60;w=60", 60),
        (str(int(NOW) + 90), 90),
        (str(int(NOW * 1000) + 90_500), 90.5),
        (str(int(NOW) - 90), 0),
        ("2026-11-18T08:00:20Z", None),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("nan", None),
        ("inf", None),
        ("1e400", None),
        ("5m5", None),
        ("\N{ARABIC-INDIC DIGIT ONE}s", None),
    ],
)
def test_a_reset_is_read_in_every_dialect(text, seconds):
    if seconds is None and "T" in text:
        seconds = max(datetime(2026, 11, 18, 8, 0, 20, tzinfo=UTC).timestamp() - NOW, 0)
    assert read_reset(text, NOW) == (None if seconds is None else pytest.approx(seconds))


def test_a_reset_may_be_an_http_date():
    assert read_reset(formatdate(NOW + 42, usegmt=True), NOW) == 42


@given(st.integers(0, 10**9))
def test_a_duration_as_openai_writes_it_is_read_back(milliseconds):
    assert read_reset(duration(milliseconds / 1000), NOW) == pytest.approx(milliseconds / 1000, abs=0.0011)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "7"}, 7),
        ({"Retry-After": "0.5"}, 0.5),
        ({"Retry-After": "-3"}, 0),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "nan"}, None),
        ({"Retry-After": "inf"}, None),
        ({"Retry-After": "1m30s"}, 90),
        ({"Retry-After": "250ms"}, 0.25),
        ({"Retry-After": "1445412480"}, 0),  # a Unix time, long past
        ({"Retry-After": "1445412480000"}, 0),
        ({"retry-after-ms": "1500", "Retry-After": "2"}, 1.5),
        ({"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0),
    ],
)
def test_the_time_to_wait_is_read(headers, seconds):
    assert retry_after(headers) == seconds


def test_the_time_to_wait_may_be_a_date():
    seconds = retry_after({"Retry-After": formatdate(time.time() + 3600, usegmt=True)})
    assert seconds is not None
    assert 3000 < seconds <= 3600
