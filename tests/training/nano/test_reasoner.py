"""Tests of nano-reasoner's course: growing lessons and the checkpoint."""

from __future__ import annotations

import random

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from prism_engine.training.nano import reasoner
from prism_engine.training.nano.course import TrainingPhase
from prism_engine.training.nano.reasoner import ReasonerCourse

STAGE = TrainingPhase("answers", 100, 2, 2e-3)


@pytest.fixture
def course(tokenizer, monkeypatch):
    monkeypatch.setattr(reasoner, "build_tokenizer", lambda: tokenizer)
    torch.manual_seed(0)
    return ReasonerCourse(torch.device("cpu"))


def test_a_batch_depends_on_its_generator_alone(course):
    one, other, third = (float(course.loss(STAGE, 5, random.Random(seed)).detach()) for seed in (1, 1, 2))
    assert one == other != third


def test_every_weight_learns(course):
    course.loss(STAGE, 0, random.Random(0)).backward()
    assert all(weight.grad is not None for weight in course.parameters(STAGE))


def test_scenes_grow_and_drills_end(course):
    def longest(progress):
        lessons = [course._lesson(random.Random(seed), progress) for seed in range(30)]
        return max(len(task.reply) for lesson in lessons for task in lesson.tasks), max(
            len(one.tasks) for one in lessons
        )

    early, late = longest(0.0), longest(0.99)
    assert early[1] == late[1] + 1
    assert longest(0.5)[0] > early[0]


@pytest.mark.slow
def test_the_checkpoint_is_an_ordinary_one(course, tmp_path):
    course.save(tmp_path, "bfloat16")
    loaded = AutoModelForCausalLM.from_pretrained(tmp_path)
    assert loaded.dtype == torch.bfloat16
    assert AutoTokenizer.from_pretrained(tmp_path).get_vocab() == course.tokenizer.get_vocab()
    table = course.model.model.embed_tokens.weight
    assert torch.equal(loaded.model.embed_tokens.weight, table.to(torch.bfloat16))
    assert torch.equal(loaded.lm_head.weight, loaded.model.embed_tokens.weight)
    assert set(course.examine(16, tmp_path)) >= {"gold", "blind", "contents"}
