"""Converts InternLM2 to Llama: the same network with other weight names and a fused query-key-value matrix."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from prism_engine.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import torch

_NAMES = {
    "model.tok_embeddings.weight": "model.embed_tokens.weight",
    "model.norm.weight": "model.norm.weight",
    "output.weight": "lm_head.weight",
}
_LAYER = re.compile(r"(model\.layers\.\d+)\.(.+)\.weight")
_IN_LAYER = {
    "attention.wo": "self_attn.o_proj",
    "feed_forward.w1": "mlp.gate_proj",
    "feed_forward.w3": "mlp.up_proj",
    "feed_forward.w2": "mlp.down_proj",
    "attention_norm": "input_layernorm",
    "ffn_norm": "post_attention_layernorm",
}
_SAME = (
    "hidden_size",
    "intermediate_size",
    "num_hidden_layers",
    "num_attention_heads",
    "num_key_value_heads",
    "max_position_embeddings",
    "rms_norm_eps",
    "hidden_act",
    "vocab_size",
)


def llama_config(config: dict[str, Any]) -> dict[str, Any]:
    """Return the Llama configuration of an InternLM2.

    Its dynamic NTK scaling is omitted: it changes nothing within the trained window of 32,768 tokens, and vLLM, unlike
    the original, would apply it from the first token on.

    Raises:
        ConfigError: the model is not an InternLM2, has biases, or its configuration lacks a key.
    """
    if config.get("model_type") != "internlm2":
        raise ConfigError(
            f"the language model's type is {config.get('model_type')!r}; prism converts only 'internlm2', "
            "the type of PrismCaptioner"
        )
    if config.get("bias"):
        raise ConfigError("this InternLM2 has biases, unlike every published one; it cannot be converted")
    absent = [name for name in _SAME if name not in config]
    if absent:
        raise ConfigError(f"the language model's config.json lacks {', '.join(absent)}")
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        **{name: config[name] for name in _SAME},
        "rope_theta": config.get("rope_theta", 10_000.0),
        "attention_bias": False,
        "mlp_bias": False,
        "tie_word_embeddings": False,
    }


def llama_weights(name: str, weight: torch.Tensor, config: dict[str, Any]) -> Iterator[tuple[str, torch.Tensor]]:
    """Yield the Llama names and weights for one weight of an InternLM2: the same weight renamed, or its three parts.

    The rows of `wqkv` (shape: (heads + 2 kv_heads) * head_dim, hidden) are grouped by key-value head: the query heads
    of the group, then its key, then its value.

    Raises:
        ConfigError: InternLM2 has no such weight.
    """
    if name in _NAMES:
        yield _NAMES[name], weight
        return
    layer = _LAYER.fullmatch(name)
    if layer is None or (layer[2] != "attention.wqkv" and layer[2] not in _IN_LAYER):
        raise ConfigError(f"InternLM2 has no weight {name!r}; is this another model?")
    if layer[2] != "attention.wqkv":
        yield f"{layer[1]}.{_IN_LAYER[layer[2]]}.weight", weight
        return
    groups, heads = config["num_key_value_heads"], config["num_attention_heads"]
    hidden = weight.shape[1]
    parts = weight.view(groups, heads // groups + 2, -1, hidden)
    for which, part in (("q", parts[:, :-2]), ("k", parts[:, -2]), ("v", parts[:, -1])):
        yield f"{layer[1]}.self_attn.{which}_proj.weight", part.reshape(-1, hidden)
