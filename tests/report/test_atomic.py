"""A file is either the old one or the new one."""

from __future__ import annotations

import os

import pytest

from prism_engine.errors import UserError
from prism_engine.report.atomic import replacing


def test_the_new_file_replaces_the_old_one_at_the_end(tmp_path):
    path = tmp_path / "scores.json"
    path.write_text("old")
    with replacing(path) as draft:
        draft.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_a_body_that_raises_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "scores.json"
    path.write_text("old")

    def fail():
        with replacing(path) as draft:
            draft.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_goes_away_meanwhile_is_one_error_that_names_the_file(tmp_path):
    folder = tmp_path / "results"
    folder.mkdir()

    def write():
        with replacing(folder / "scores.json") as draft:
            folder.rmdir()
            draft.write_text("new")

    with pytest.raises(UserError, match=r"results/scores\.json: cannot be written .*rerun the same command"):
        write()


def test_a_disk_that_is_full_meanwhile_says_what_to_do_and_keeps_the_old_file(tmp_path):
    path = tmp_path / "scores.json"
    path.write_text("old")

    def write():
        with replacing(path), open("/dev/full", "w") as full:  # noqa: PTH123 - no path of a file
            full.write("new")

    with pytest.raises(UserError, match=r"No space left on device.*free some space"):
        write()
    assert path.read_text() == "old"


def test_a_path_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "scores.json").mkdir()
    with (
        pytest.raises(UserError, match=r"scores\.json: cannot be written"),
        replacing(tmp_path / "scores.json") as draft,
    ):
        draft.write_text("new")
    assert [path.name for path in tmp_path.iterdir()] == ["scores.json"]


def test_a_device_or_a_pipe_is_not_replaced(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(UserError, match="pipe: is a device or a pipe"), replacing(pipe):
        pytest.fail("the body is not reached")
    assert pipe.is_fifo()
