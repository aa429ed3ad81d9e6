"""Tests of the planted heads: they look things up before any training."""

from __future__ import annotations

import pytest
import torch

from prism_engine.training.nano.tokens import same_meaning


@pytest.fixture
def attention(reasoner, tokenizer):
    """Attention of each layer, (heads, 80, 80), over forty words in one order and then in another, and the tokens."""
    reasoner.set_attn_implementation("eager")
    chance = torch.Generator().manual_seed(1)
    words = torch.randperm(len(tokenizer) - 270, generator=chance)[:40] + 266  # neither special tokens nor bytes
    ids = torch.cat([words, words[torch.randperm(40, generator=chance)]])
    with torch.no_grad():
        layers = reasoner.model(ids[None], output_attentions=True).attentions
    return [layer[0] for layer in layers], ids.tolist()


@pytest.mark.parametrize(("head", "distance"), [(0, 1), (1, 2)])
def test_the_first_layer_looks_one_and_two_tokens_back(attention, head, distance):
    layers, _ = attention
    looked = layers[0][head].diagonal(-distance)
    assert looked.median() > 0.9  # a nearby token of small norm may attract some of it


def test_induction_heads_look_at_what_came_after_the_word_before(attention):
    layers, ids = attention
    for head in (0, 1):
        looked = torch.stack([layers[1][head, place, ids.index(ids[place]) + 1] for place in range(40, 80)])
        assert looked.median() > 0.8


def test_tokens_that_mean_the_same_start_alike(reasoner, tokenizer):
    table = reasoner.model.embed_tokens.weight
    assert all(torch.equal(table[one], table[other]) for one, other in same_meaning(tokenizer))
