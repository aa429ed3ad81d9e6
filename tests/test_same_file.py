"""A file that someone else deletes, replaces or cuts is noticed."""

from __future__ import annotations

import pytest

from prism_engine.same_file import SameFile


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"x" * 100)
    return path


def test_a_file_that_grows_is_the_same(path):
    file = SameFile(path, may_shrink=False)
    path.write_bytes(b"x" * 200)
    assert file.problem() == ""
    path.write_bytes(b"x" * 150)
    assert "cut to 150 bytes" in file.problem()


def test_a_file_that_may_shrink_is_never_empty(path):
    file = SameFile(path, may_shrink=True)
    path.write_bytes(b"x")
    assert file.problem() == ""
    path.write_bytes(b"")
    assert "cut to 0 bytes" in file.problem()


def test_a_file_that_is_gone_or_another_one_is_noticed(path, tmp_path):
    file = SameFile(path, may_shrink=True)
    path.rename(tmp_path / "moved")
    assert "deleted or moved" in file.problem()
    path.write_bytes(b"x" * 100)
    assert "replaced" in file.problem()
