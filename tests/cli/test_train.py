"""`prism train`, on courses of a few steps."""

from __future__ import annotations

import io
import json
import math
import os
import signal

import pytest
from rich.console import Console

from prism_engine.cli import train as command
from prism_engine.cli.train import Display
from prism_engine.training.nano import create, loop
from prism_engine.training.nano.course import TrainingPhase
from prism_engine.training.nano.log import TrainingProgress
from prism_engine.training.nano.reasoner import ReasonerCourse
from tests.training.courses import LineCourse


@pytest.fixture
def line(monkeypatch):
    """The reasoner's course, replaced by one of milliseconds."""
    monkeypatch.setitem(create.COURSES, "reasoner", lambda device: LineCourse())


@pytest.mark.slow
def test_a_model_is_taught_from_end_to_end(prism, tmp_path, monkeypatch):
    monkeypatch.setattr(ReasonerCourse, "stages", (TrainingPhase("answers", steps=3, batch=1, peak=1e-3),))
    monkeypatch.setattr(create, "QUESTIONS", 16)
    monkeypatch.setattr(loop, "EXAMINE_EVERY", 10)
    said = prism("train", "reasoner", "--seed", "3")
    assert said.code == 0
    folder = tmp_path / "trained" / "nano-reasoner"
    assert {"config.json", "model.safetensors", "tokenizer.json", "README.md"} <= {
        path.name for path in (folder / "model").iterdir()
    }
    assert "16 held-out questions" in said.out
    assert "gold" in said.out
    assert str(folder.relative_to(tmp_path)) in said.out
    assert "answers | 3/3 steps | loss" in said.err
    again = prism("train", "reasoner", "--seed", "4")
    assert again.code == 2
    assert "its seed is 3, this one's is 4" in again.err
    assert "--out" in again.err


def test_a_stop_says_how_to_go_on_and_the_same_command_does(prism, monkeypatch, line):
    loss, calls = LineCourse.loss, []

    def interrupted(*arguments):
        calls.append(1)
        if len(calls) == 5:
            os.kill(os.getpid(), signal.SIGINT)
        return loss(*arguments)

    monkeypatch.setattr(LineCourse, "loss", interrupted)
    said = prism("train", "reasoner", "--out", "here")
    assert said.code == 130
    assert "continue with prism train reasoner --out here" in said.err
    said = prism("train", "reasoner", "--out", "here", "--json")
    assert said.code == 0
    told = json.loads(said.out)
    assert (told["folder"], told["questions"]) == ("here", create.QUESTIONS)
    assert all(0 <= share <= 1 for share in told["scores"].values())
    assert "resuming from step 5 of 12, stage 'first'" in said.err
    assert len(calls) == 22


def test_a_stop_at_once_names_the_last_checkpoint(prism, monkeypatch, line):
    def interrupted(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(LineCourse, "loss", interrupted)
    said = prism("train", "reasoner")
    assert said.code == 130
    assert "from the last checkpoint with prism train reasoner" in said.err


def test_misspelt_choices_name_the_right_ones(prism):
    for arguments in (
        ["writer"],
        ["reasoner", "--device", "tpu"],
        ["reasoner", "--dtype", "int8"],
        ["reasoner", "--threads", "0"],
    ):
        said = prism("train", *arguments)
        assert said.code == 2
    assert "captioner" in prism("train", "writer").err


def test_a_terminal_shows_one_panel_that_moves(monkeypatch):
    screen = io.StringIO()
    terminal = Console(file=screen, force_terminal=True, width=100)
    monkeypatch.setattr(command, "stderr", terminal)
    with command._shown(Display()) as display:
        display.said("reasoner: going on")
        display.stepped(TrainingProgress("answers", 100, 1000, 0.5, 10.0, {"gold": 0.75}))
        display._shown = -math.inf
        display.stepped(TrainingProgress("answers", 200, 1000, 0.25, 30.0))
    shown = screen.getvalue()
    assert "reasoner: going on" in shown
    assert "200/1,000 steps  loss 0.2500  30 s, about 2 min 40 s left of this stage" in shown
    assert "last evaluation: gold 75.0%" in shown


def test_a_log_gets_its_first_and_last_line_and_every_examination(capsys, monkeypatch):
    monkeypatch.setattr(command, "LOG_SECONDS", math.inf)
    display = Display()
    for step in range(1, 101):
        display.stepped(TrainingProgress("answers", step, 100, 0.5, 2.0 * step, {"gold": 0.5} if step == 50 else {}))
    lines = capsys.readouterr().err.splitlines()
    assert lines == [
        "answers | 1/100 steps | loss 0.5000 | 2 s",
        "answers | 50/100 steps | loss 0.5000 | 1 min 40 s, about 1 min 40 s left of this stage | gold 50.0%",
        "answers | 100/100 steps | loss 0.5000 | 3 min 20 s",
    ]
