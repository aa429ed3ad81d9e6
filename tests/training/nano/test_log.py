"""Tests of the training log: it survives kills and is cut back to the checkpoint's position."""

from __future__ import annotations

import pytest

from prism_engine.errors import UserError
from prism_engine.training.nano import log
from prism_engine.training.nano.log import LOG, TrainingProgress


def line(step, **scores):
    return TrainingProgress("telling", step, 100, 1 / step, 2.5 * step, scores)


def test_what_is_appended_is_read_back(tmp_path):
    lines = [line(1), line(2, exact=0.5)]
    for one in lines:
        log.append(tmp_path / LOG, one)
    assert log.read(tmp_path / LOG) == lines
    assert log.read(tmp_path / "none.jsonl") == []


def test_half_a_line_is_left_out(tmp_path):
    log.append(tmp_path / LOG, line(1))
    with (tmp_path / LOG).open("ab") as file:
        file.write(b'{"stage": "telling", "st')
    assert log.read(tmp_path / LOG) == [line(1)]


def test_only_wanted_lines_are_kept(tmp_path):
    log.keep(tmp_path / LOG, lambda _: True)
    assert not (tmp_path / LOG).exists()
    for step in (1, 2, 3):
        log.append(tmp_path / LOG, line(step))
    log.keep(tmp_path / LOG, lambda one: one.step < 3)
    assert log.read(tmp_path / LOG) == [line(1), line(2)]


def test_a_log_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / LOG).mkdir()
    with pytest.raises(UserError, match=r"log\.jsonl: cannot be written"):
        log.append(tmp_path / LOG, line(1))
