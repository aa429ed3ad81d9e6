"""Tests of converting InternLM2's weights to Llama's names."""

from __future__ import annotations

import pytest
import torch

from prism_engine.convert.internlm2 import llama_config, llama_weights
from prism_engine.errors import ConfigError

CONFIG = {"num_attention_heads": 4, "num_key_value_heads": 2}


def test_query_key_and_value_are_taken_out_of_their_groups():
    rows = torch.arange(8.0)[:, None].repeat_interleave(3, dim=0).expand(24, 5)  # 8 heads of 3 rows
    parts = dict(llama_weights("model.layers.7.attention.wqkv.weight", rows, CONFIG))
    heads = {name.split(".")[4]: part[::3, 0].tolist() for name, part in parts.items()}
    assert heads == {"q_proj": [0, 1, 4, 5], "k_proj": [2, 6], "v_proj": [3, 7]}
    assert all(name.startswith("model.layers.7.self_attn.") for name in parts)


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("output.weight", "lm_head.weight"),
        ("model.tok_embeddings.weight", "model.embed_tokens.weight"),
        ("model.layers.3.feed_forward.w3.weight", "model.layers.3.mlp.up_proj.weight"),
        ("model.layers.3.ffn_norm.weight", "model.layers.3.post_attention_layernorm.weight"),
    ],
)
def test_every_other_weight_only_changes_its_name(name, plain):
    weight = torch.ones(2, 2)
    ((given, same),) = llama_weights(name, weight, CONFIG)
    assert given == plain
    assert same is weight


@pytest.mark.parametrize(
    "name", ["lm_head.weight", "model.layers.0.self_attn.q_proj.weight", "model.layers.x.wo.weight"]
)
def test_a_weight_that_no_internlm2_has_is_refused(name):
    with pytest.raises(ConfigError, match="has no weight"):
        list(llama_weights(name, torch.ones(1, 1), CONFIG))


def test_a_configuration_that_lacks_something_says_what():
    with pytest.raises(ConfigError, match="hidden_size"):
        llama_config({"model_type": "internlm2"})
    with pytest.raises(ConfigError, match="biases"):
        llama_config({"model_type": "internlm2", "bias": True})
