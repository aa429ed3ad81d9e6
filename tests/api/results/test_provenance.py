"""Stamps of status files: only this user's secret makes them, over everything that is executed."""

from __future__ import annotations

import pytest

from prism_engine.api.results.provenance import STAMP, is_own, stamp_of

STATUS = {"command": "run", "cwd": "/work", "state": "running", "config": {"reasoner": "a", "deadline": "07:00"}}


@pytest.fixture(autouse=True)
def user(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))


def test_what_this_user_stamped_is_own():
    assert is_own(STATUS | {STAMP: stamp_of(STATUS)})


@pytest.mark.parametrize(
    "change",
    [{"cwd": "/tmp"}, {"command": "judge"}, {"config": {"reasoner": "b"}}, {"config": {"reasoner": "a", "models": {}}}],
)
def test_a_change_of_what_is_executed_is_not(change):
    assert not is_own(STATUS | {STAMP: stamp_of(STATUS)} | change)


@pytest.mark.parametrize("change", [{"state": "complete"}, {"config": {"reasoner": "a", "deadline": None}}])
def test_progress_and_the_deadline_may_change(change):
    assert is_own(STATUS | {STAMP: stamp_of(STATUS)} | change)


@pytest.mark.parametrize("stamp", [None, "", 5, [], "é", "0" * 64])
def test_no_stamp_and_any_other_value_is_not(stamp):
    stamp_of(STATUS)
    assert not is_own(STATUS | {STAMP: stamp})


def test_without_a_secret_nothing_is_own(monkeypatch, tmp_path):
    stamped = STATUS | {STAMP: stamp_of(STATUS)}
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "another"))
    assert not is_own(stamped)
    assert stamp_of(STATUS, create=False) is None
    assert stamp_of(STATUS) != stamped[STAMP]
