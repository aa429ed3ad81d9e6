from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prism_engine.config.run_config import deadline_at

NOW = datetime(2026, 11, 21, 22, 30, tzinfo=timezone(timedelta(hours=1)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("07:00", datetime(2026, 11, 22, 7, tzinfo=NOW.tzinfo)),
        ("7:05", datetime(2026, 11, 22, 7, 5, tzinfo=NOW.tzinfo)),
        ("23:59", datetime(2026, 11, 21, 23, 59, tzinfo=NOW.tzinfo)),
        ("22:30", datetime(2026, 11, 22, 22, 30, tzinfo=NOW.tzinfo)),
        ("8h", NOW + timedelta(hours=8)),
        ("8h30m", NOW + timedelta(hours=8, minutes=30)),
        ("90min", NOW + timedelta(minutes=90)),
        ("2026-11-22 07:00", datetime(2026, 11, 22, 7, tzinfo=NOW.tzinfo)),
        ("2026-11-22T07:00:00Z", datetime(2026, 11, 22, 7, tzinfo=UTC)),
    ],
)
def test_every_form_of_a_deadline_is_understood(text, expected):
    assert deadline_at(text, NOW) == expected


@pytest.mark.parametrize("text", ["", "h", "soon", "25:00", "7:60", "2026-11-20", "2026-13-01", "-3h", "1e3h"])
def test_anything_but_a_future_time_is_an_error(text):
    with pytest.raises(ValueError, match=r"must be|past"):
        deadline_at(text, NOW)


@given(st.text(max_size=30))
def test_any_text_is_a_future_time_or_an_error(text):
    try:
        moment = deadline_at(text, NOW)
    except (ValueError, OverflowError):
        return
    assert moment >= NOW
