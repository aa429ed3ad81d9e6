"""The user's secret: one per user, complete, private, and never a reason for a run to fail."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from prism_engine.config.user_data import user_data_dir, user_secret


@pytest.fixture(autouse=True)
def user(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


def test_many_at_once_get_the_same_secret_and_leave_no_drafts():
    with ThreadPoolExecutor(8) as pool:
        secrets = set(pool.map(lambda _: user_secret(create=True), range(32)))
    assert len(secrets) == 1
    assert len(secrets.pop() or b"") == 32
    (path,) = user_data_dir().iterdir()
    assert path.stat().st_mode & 0o777 == 0o600


def test_reading_makes_none():
    assert user_secret(create=False) is None
    assert not user_data_dir().exists()


def test_a_damaged_one_and_a_folder_that_cannot_be_written_are_none(tmp_path):
    user_secret(create=True)
    (path,) = user_data_dir().iterdir()
    path.write_bytes(b"short")
    assert user_secret(create=True) is None
    path.unlink()
    user_data_dir().rmdir()
    user_data_dir().write_text("a file")
    assert user_secret(create=True) is None
