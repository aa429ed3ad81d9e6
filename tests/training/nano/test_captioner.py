"""Tests of nano-captioner's course: stages, pictures, checkpoint."""

from __future__ import annotations

import random

import pytest
import torch
from transformers import AutoProcessor, Idefics3ForConditionalGeneration

from prism_engine.scenes import KINDS, PLACES, drawn_question, render
from prism_engine.scenes.render import SIDE
from prism_engine.training.nano import captioner
from prism_engine.training.nano.captioner import CaptionerCourse, picture_ids, pixels
from prism_engine.training.nano.course import TrainingPhase
from prism_engine.training.nano.tokens import IMAGE

SMALL = {stage.name: TrainingPhase(stage.name, 10, 2, stage.peak) for stage in CaptionerCourse.stages}


@pytest.fixture
def course(tokenizer, monkeypatch):
    monkeypatch.setattr(captioner, "build_tokenizer", lambda: tokenizer)
    torch.manual_seed(0)
    return CaptionerCourse(torch.device("cpu"))


def test_lessons_show_pictures_as_the_processor_does(processor):
    scene, _ = drawn_question(KINDS[0], random.Random(0))
    picture = render(scene, random.Random(5))
    seen = processor(text=IMAGE, images=[picture], return_tensors="pt")["pixel_values"]
    assert seen.shape == (1, 1, 3, SIDE, SIDE)
    torch.testing.assert_close(torch.from_numpy(pixels(scene, random.Random(5))), seen[0, 0], atol=1e-6, rtol=1e-6)


def test_a_picture_is_one_token_per_cell(processor):
    ids = picture_ids(processor)
    assert ids.count(processor.tokenizer.convert_tokens_to_ids(IMAGE)) == len(PLACES)


def test_the_first_stage_moves_the_eye_alone(course):
    stage = SMALL["seeing"]
    course.loss(stage, 0, random.Random(0)).backward()
    moved = {name for name, weight in course.network.named_parameters() if weight.grad is not None}
    trained = {id(weight) for weight in course.parameters(stage)}
    assert moved <= {name for name, weight in course.network.named_parameters() if id(weight) in trained}
    assert not any("text_model" in name or "lm_head" in name for name in moved)


@pytest.mark.parametrize("name", ["telling", "answering"])
def test_later_stages_move_everything(course, name):
    stage = SMALL[name]
    course.loss(stage, 0, random.Random(0)).backward()
    assert len(course.parameters(stage)) == len(list(course.network.parameters()))
    still = [name for name, weight in course.network.named_parameters() if weight.grad is None]
    assert still == []


def test_lessons_put_pictures_where_the_model_itself_would(course, monkeypatch):
    """The loss computed on packed embeddings equals that of the ordinary forward pass."""
    scene, _ = drawn_question(KINDS[3], random.Random(1))
    picture = torch.from_numpy(pixels(scene, random.Random(2)))
    lesson = course._teacher.seeing(random.Random(3), course._beginning, scene, questions=0, specific=0)
    (task,) = lesson.tasks
    ids = torch.tensor([lesson.beginning + task.prompt + task.reply])
    labels = ids.clone()
    labels[:, : -len(task.reply)] = -100
    with torch.no_grad():
        ordinary = course.model(input_ids=ids, pixel_values=picture[None, None], labels=labels).loss
        seen = course._see([picture.numpy()])
        monkeypatch.setattr(course._teacher, "seeing", lambda *_, **__: lesson)
        ours = course._telling_loss(SMALL["telling"], seen, [scene], random.Random(0))
    torch.testing.assert_close(ours, ordinary, atol=1e-4, rtol=1e-4)


@pytest.mark.slow
def test_the_checkpoint_is_an_ordinary_one_of_half_the_size(course, tmp_path):
    course.save(tmp_path, "bfloat16")
    loaded = Idefics3ForConditionalGeneration.from_pretrained(tmp_path)
    assert loaded.dtype == torch.bfloat16
    assert course.model.dtype == torch.float32
    weight = course.model.lm_head.weight
    assert torch.equal(loaded.lm_head.weight, weight.to(torch.bfloat16))
    processor = AutoProcessor.from_pretrained(tmp_path)
    assert picture_ids(processor) == course._beginning
    size = (tmp_path / "model.safetensors").stat().st_size
    assert size == pytest.approx(2 * sum(one.numel() for one in course.model.parameters()), rel=0.02)
    assert not list(tmp_path.glob("*.bin"))
    assert set(course.examine(16, tmp_path)) >= {"exact", "direct"}
