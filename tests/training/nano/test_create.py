"""Tests of creating a model, from a name to a finished folder."""

from __future__ import annotations

from contextlib import nullcontext

import orjson
import pytest
import torch
from PIL import Image

from prism_engine.errors import ConfigError, UserError
from prism_engine.training.nano import create
from prism_engine.training.nano.create import MODEL
from prism_engine.training.nano.facts import Settings
from prism_engine.training.nano.log import LOG
from tests.training.courses import LineCourse


class Recorder:
    def __init__(self):
        self.messages, self.steps = [], 0

    def said(self, message):
        self.messages.append(message)

    def stepped(self, progress):
        self.steps += 1


@pytest.fixture
def line(monkeypatch, often):
    monkeypatch.setitem(create.COURSES, "line", lambda device: LineCourse())


def made(folder, recorder, settings=Settings(), stop_before=None):  # noqa: B008 - frozen
    def stopping():
        return recorder.steps + 1 == stop_before

    return create.create("line", folder, settings, recorder, lambda: nullcontext(stopping))


def test_a_model_comes_with_card_curve_and_numbers(tmp_path, line):
    recorder = Recorder()
    created = made(tmp_path, recorder)
    assert created.finished
    assert recorder.steps == 22
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "checkpoint.pt", LOG, "loss.png", "model", "training.json",
    ]  # fmt: skip
    assert (tmp_path / MODEL).stat().st_mode & 0o777 == 0o755
    assert "| close | 50.0% |" in (tmp_path / MODEL / "README.md").read_text()
    numbers = orjson.loads((tmp_path / "training.json").read_bytes())
    assert numbers["scores"] == {"close": 0.5, "family of its own": 0.25}
    assert numbers["settings"]["seed"] == 0
    assert [stage["name"] for stage in numbers["stages"]] == ["first", "second"]
    assert len(numbers["log"]) == 11
    with Image.open(tmp_path / "loss.png") as picture:
        assert picture.format == "PNG"


def test_a_stopped_one_has_no_model_and_goes_on(tmp_path, line):
    assert not made(tmp_path, Recorder(), stop_before=15).finished
    assert not (tmp_path / MODEL).exists()
    recorder = Recorder()
    assert made(tmp_path, recorder).finished
    assert recorder.steps == 8
    assert "line: resuming from step 2 of 10, stage 'second'" in recorder.messages


def test_a_finished_one_is_only_examined_again_and_replaced(tmp_path, line):
    made(tmp_path, Recorder())
    (tmp_path / MODEL / "stale").write_text("")
    recorder = Recorder()
    assert made(tmp_path, recorder, Settings(dtype="float32")).finished
    assert recorder.steps == 0
    assert "line: all 2 stages are already trained" in recorder.messages
    assert not (tmp_path / MODEL / "stale").exists()
    assert "float32" in (tmp_path / MODEL / "README.md").read_text()


def test_an_examination_that_fails_leaves_the_model_that_was_there(tmp_path, line, monkeypatch):
    made(tmp_path, Recorder())
    before = {path.name: path.read_bytes() for path in (tmp_path / MODEL).iterdir()}

    def fail(*arguments):
        raise OSError("disk full")

    monkeypatch.setattr(LineCourse, "save", fail)
    with pytest.raises(UserError, match=r"model: cannot be written \(disk full"):
        made(tmp_path, Recorder())
    assert {path.name: path.read_bytes() for path in (tmp_path / MODEL).iterdir()} == before
    assert not list(tmp_path.glob(".*"))


def test_torchs_settings_are_left_as_they_were(tmp_path, line):
    torch.manual_seed(5)
    before, threads = torch.random.get_rng_state(), torch.get_num_threads()
    made(tmp_path, Recorder(), Settings(threads=2))
    assert torch.equal(torch.random.get_rng_state(), before)
    assert torch.get_num_threads() == threads


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_missing_gpu_is_an_error_with_its_fix(tmp_path, line):
    with pytest.raises(ConfigError, match="--device cpu"):
        made(tmp_path, Recorder(), Settings(device="cuda"))
    assert made(tmp_path, Recorder(), Settings(device="auto")).finished
