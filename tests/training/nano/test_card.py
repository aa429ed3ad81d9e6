"""Tests of the model card: it states what was measured."""

from __future__ import annotations

import dataclasses

import pytest
import torch
import yaml

from prism_engine.training.nano.card import model_card
from prism_engine.training.nano.facts import Settings, gather
from tests.training.courses import LineCourse


@pytest.fixture
def facts(tmp_path):
    course = LineCourse()
    course.save(tmp_path, "bfloat16")
    return gather(course, Settings(seed=7, threads=2), torch.device("cpu"), folder=tmp_path, seconds=3660, questions=32)


def test_the_card_has_every_measured_number(facts):
    card = model_card(facts)
    for said in (
        "# nano-line", "12 in bfloat16", "| close | 50.0% |", "| family of its own | 25.0% | right answers",
        "On 32 held-out questions", "| first | 12 | 4 | 2 | 48 |", "61 minutes", "2 threads", "Nothing special.",
        f"torch {torch.__version__}", "prism train line --seed 7 --threads 2", "Apache-2.0", "## Limits", "AdamW",
    ):  # fmt: skip
        assert said in card


def test_other_facts_make_another_card(facts):
    other = dataclasses.replace(facts, scores={"exact": 0.125}, seconds=20, settings=Settings(dtype="float32"))
    card = model_card(other)
    assert "| exact | 12.5% | descriptions right word for word |" in card
    assert "20 seconds" in card
    assert "bfloat16" not in card
    assert "1 thread," in card


def test_the_head_is_what_hugging_face_reads(facts):
    head = yaml.safe_load(model_card(facts).split("---")[1])
    assert head["license"] == "apache-2.0"
    assert head["pipeline_tag"] == "text-generation"
