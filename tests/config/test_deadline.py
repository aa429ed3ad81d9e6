from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prism_engine.config.deadline import deadline_at, has_passed
from prism_engine.config.run_config import STORED, RunConfig, load_run_configs
from prism_engine.errors import ConfigError

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
        ("2026-11-20", datetime(2026, 11, 20, tzinfo=NOW.tzinfo)),
    ],
)
def test_every_form_of_a_deadline_is_understood(text, expected):
    assert deadline_at(text, NOW) == expected


@pytest.mark.parametrize("text", ["", "h", "soon", "25:00", "7:60", "2026-13-01", "-3h", "1e3h"])
def test_anything_but_a_time_is_an_error(text):
    with pytest.raises(ValueError, match="must be"):
        deadline_at(text, NOW)


@given(st.text(max_size=30))
def test_any_text_is_a_time_or_an_error(text):
    try:
        moment = deadline_at(text, NOW)
    except (ValueError, OverflowError):
        return
    assert moment.tzinfo is not None


PASSED = "2020-01-01 07:00"
KEYS = {"benchmark": "b.tsv", "mode": "blind", "reasoner": "r"}


def test_only_a_date_can_have_passed():
    assert has_passed(PASSED)
    assert not any(map(has_passed, ("00:00", "0m", "9999-01-01")))


def test_a_command_rejects_a_deadline_that_has_passed():
    with pytest.raises(ConfigError, match=r"deadline.*in the past"):
        load_run_configs(None, {**KEYS, "deadline": PASSED})


def test_a_stored_configuration_keeps_a_deadline_that_has_passed_and_a_resumed_one_drops_it():
    stored = RunConfig.model_validate({**KEYS, "deadline": PASSED}, context=STORED)
    assert stored.deadline == stored.in_mode(stored.mode).deadline == PASSED
    assert stored.resumed({}).deadline is None
    assert stored.resumed({"deadline": "8h"}).resumed({}).deadline == "8h"
    with pytest.raises(ConfigError, match=r"deadline.*in the past"):
        stored.resumed({"deadline": PASSED})
