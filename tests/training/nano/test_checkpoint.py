"""Tests of training checkpoints: identity, resuming, and the errors for a mismatch."""

from __future__ import annotations

import pytest
import torch

from prism_engine.errors import ConfigError, UserError
from prism_engine.training.nano import checkpoint
from prism_engine.training.nano.checkpoint import CHECKPOINT, TrainingPosition
from prism_engine.training.nano.course import TrainingPhase
from tests.training.courses import LineCourse


@pytest.fixture
def folder(tmp_path):
    checkpoint.keep(LineCourse(), 0, TrainingPosition(1, 3, 2.5, [0.5]), tmp_path)
    return tmp_path


def test_a_position_is_resumed_with_its_weights(tmp_path):
    course = LineCourse()
    with torch.no_grad():
        course.model.weight.fill_(7)
    place = TrainingPosition(1, 3, 2.5, [0.5, 0.25], {"state": {}, "param_groups": [{"lr": 0.1, "betas": (0.9, 0.98)}]})
    checkpoint.keep(course, 0, place, tmp_path)
    fresh = LineCourse()
    assert checkpoint.resume(fresh, 0, tmp_path) == place
    assert fresh.weights() == course.weights()
    assert [path.name for path in tmp_path.iterdir()] == [CHECKPOINT]


def test_without_a_checkpoint_it_is_the_start(tmp_path):
    assert checkpoint.resume(LineCourse(), 0, tmp_path) == TrainingPosition()


def test_another_seed_is_refused_with_the_fix(folder):
    with pytest.raises(ConfigError, match=r"its seed is 0, this one's is 1\. Use another folder with --out") as caught:
        checkpoint.resume(LineCourse(), 1, folder)
    assert str(folder / CHECKPOINT) in str(caught.value)


def test_another_model_or_recipe_is_refused(folder):
    course = LineCourse()
    course.name = "circle"
    with pytest.raises(ConfigError, match="its model is line, this one's is circle"):
        checkpoint.resume(course, 0, folder)
    course = LineCourse()
    course.stages = (TrainingPhase("first", 12, 4, 0.2),)
    with pytest.raises(ConfigError, match="its recipe is"):
        checkpoint.resume(course, 0, folder)


def test_other_shapes_are_refused(folder):
    with pytest.raises(ConfigError, match="not a checkpoint this training can resume from"):
        checkpoint.resume(LineCourse(width=4), 0, folder)


@pytest.mark.parametrize("content", [b"", b"not torch's", b"PK\x03\x04half a zip"])
def test_a_damaged_checkpoint_is_named(tmp_path, content):
    (tmp_path / CHECKPOINT).write_bytes(content)
    with pytest.raises(ConfigError, match=r"checkpoint\.pt is not a checkpoint"):
        checkpoint.resume(LineCourse(), 0, tmp_path)


def test_a_checkpoint_of_something_else_is_named(tmp_path):
    torch.save(torch.ones(3), tmp_path / CHECKPOINT)
    with pytest.raises(ConfigError, match="not a checkpoint"):
        checkpoint.resume(LineCourse(), 0, tmp_path)


def test_a_failed_write_leaves_the_previous_checkpoint(folder, monkeypatch):
    def full(state, path):
        path.write_bytes(b"half")
        raise RuntimeError("PytorchStreamWriter failed writing file")

    before = (folder / CHECKPOINT).read_bytes()
    monkeypatch.setattr(torch, "save", full)
    with pytest.raises(UserError, match=r"checkpoint\.pt: cannot be written"):
        checkpoint.keep(LineCourse(), 0, TrainingPosition(), folder)
    assert (folder / CHECKPOINT).read_bytes() == before
    assert len(list(folder.iterdir())) == 1
