"""Tests of the evaluations: the same questions each time, and scores that mean what they say."""

from __future__ import annotations

from collections import defaultdict

import pytest
import torch

from prism_engine.scenes import KINDS, Scene, Thing, description
from prism_engine.training.nano import examine
from prism_engine.training.nano.captioner import build_captioner
from prism_engine.training.nano.examine import (
    compare_description,
    examine_captioner,
    examine_reasoner,
    generate,
    held_out,
)
from prism_engine.training.nano.lessons import reply_text

FAMILIES = {kind.family for kind in KINDS}


def test_held_out_questions_are_always_the_same_and_of_all_kinds():
    one, other = held_out(32), held_out(48)
    assert [(scene, question) for scene, question, _ in one] == [(scene, question) for scene, question, _ in other[:32]]
    assert [picture.tobytes() for *_, picture in one] == [picture.tobytes() for *_, picture in other[:32]]
    assert {question.kind for _, question, _ in one} == set(KINDS)


def test_a_reasoner_that_knows_everything_is_right_everywhere(monkeypatch, tokenizer):
    asked = held_out(32)
    answers = iter((
        [reply_text(question) for _, question, _ in asked],
        ["(A)"] * 32,
        [question.contents for _, question, _ in asked],
    ))  # fmt: skip
    monkeypatch.setattr(examine, "generate", lambda *_: next(answers))
    scores = examine_reasoner(torch.nn.Identity(), tokenizer, 32)
    blind = sum(question.letter == "A" for _, question, _ in asked) / 32
    assert scores.pop("blind") == pytest.approx(blind, abs=1e-4)
    assert scores == dict.fromkeys(("gold", "contents", *FAMILIES), 1.0)


def test_a_captioner_that_sees_everything_is_right_everywhere(monkeypatch, processor):
    asked = held_out(32)
    answers = iter((
        [description(scene) for scene, *_ in asked],
        [description(scene, question.things) for scene, question, _ in asked],
        [reply_text(question) for _, question, _ in asked],
    ))  # fmt: skip
    monkeypatch.setattr(examine, "generate", lambda *_: next(answers))
    scores = examine_captioner(torch.nn.Identity(), processor, 32)
    assert scores == dict.fromkeys(set(examine.MEASURES) - {"gold", "blind", "contents"}, 1.0)


def test_each_mistake_in_a_description_counts_where_it_belongs():
    things = (Thing(0, "small", "red", "star", "7"), Thing(4, "large", "blue", "cross", None))
    right = defaultdict(list)
    compare_description(
        right,
        Scene("white", things),
        "A white background with 3 objects; top-left: large red star labelled 1; top-right: small pink star.",
    )
    assert right == {
        "exact": [False],
        "head": [False],
        "nothing invented": [False],
        "found": [True, False],
        "colour": [True],
        "size": [False],
        "shape": [True],
        "label": [False],
    }


def test_replies_in_a_batch_are_those_of_prompts_alone(reasoner, tokenizer, monkeypatch):
    prompts = ["What colour?", "A white background with 3 objects; top-left: large red star.", "How many objects?"]
    monkeypatch.setattr(examine, "_MOST_TOKENS", 6)
    together = generate(reasoner, tokenizer, prompts)
    assert together == [generate(reasoner, tokenizer, [prompt])[0] for prompt in prompts]
    monkeypatch.setattr(examine, "_BATCH", 2)
    assert generate(reasoner, tokenizer, prompts) == together


def test_generating_leaves_model_and_tokenizer_as_they_were(reasoner, tokenizer, monkeypatch):
    monkeypatch.setattr(examine, "_MOST_TOKENS", 2)
    reasoner.train()
    before = tokenizer.backend_tokenizer.to_str(), tokenizer.padding_side
    generate(reasoner, tokenizer, ["one", "one two"])
    assert reasoner.training
    assert (tokenizer.backend_tokenizer.to_str(), tokenizer.padding_side) == before


def test_untrained_networks_can_be_examined(reasoner, tokenizer, processor, monkeypatch):
    monkeypatch.setattr(examine, "_MOST_TOKENS", 3)
    torch.manual_seed(0)
    scores = {
        **examine_reasoner(reasoner, tokenizer, 16),
        **examine_captioner(build_captioner(tokenizer), processor, 16),
    }
    assert all(0 <= share <= 1 for share in scores.values())
    assert {"gold", "blind", "contents", "exact", "direct", *FAMILIES} <= set(scores)
