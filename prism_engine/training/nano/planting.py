"""Initialisation with previous-token heads and induction heads, so a model can look things up from the first step.

Small transformers spend most of their training waiting for these two kinds of heads to form by chance (Olsson et al.,
2022, arXiv:2209.11895). Here they are present from the start, and training is free to change them.

The residual stream is partitioned initially: one dimension has the same value in every token, so that a head can attend
at a fixed distance; some hold the token's own word; two blocks hold the words one and two positions before it.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Iterable

    from transformers import LlamaModel

_SCALE = 0.05
"""Standard deviation of an embedding's entries."""
_CONSTANT = 4.0
"""The constant dimension's value, in units of `_SCALE`."""
_NOISE = 0.02
_QUIET = 0.002
"""Standard deviation of the weights that write into the residual stream, except for the planted heads."""
_LOOK_BACK = (8.0, 8.0, 4.0)
"""Attention logits that the fastest rotations contribute at the target distance."""
_MATCH = 1.6
_COPY = 2.0


class _Plan:
    """Layout of one model's residual stream, and the rotation speeds of its heads."""

    def __init__(self, model: LlamaModel) -> None:
        config = model.config
        self.size: int = config.head_dim
        self.width: int = config.hidden_size
        block = self.size
        self.word = slice(1, self.width - 2 * block)
        self.before = (slice(self.width - 2 * block, self.width - block), slice(self.width - block, self.width))
        words = self.word.stop - 1
        self.basis = torch.nn.init.orthogonal_(torch.empty(words, words))
        self.short = torch.nn.init.orthogonal_(torch.empty(block, words))
        pairs = self.size // 2
        theta = config.rope_parameters["rope_theta"]
        self.speeds = [theta ** (-pair / pairs) for pair in range(pairs)]
        slow = [pair for pair, speed in enumerate(self.speeds) if speed < 0.01]  # under 1 radian over 100 tokens
        self.still = torch.tensor(slow + [pair + pairs for pair in slow])


def plant_lookups(model: LlamaModel, alike: Iterable[tuple[int, int]]) -> None:
    """Initialise heads of the first layer as previous-token heads and some of the other layers' as look-ups by word.

    Draws from torch's global generator. The model needs four heads per layer and a width of at least four heads.

    Args:
        alike: pairs of token ids that start with the same embedding because they mean the same.
    """
    with torch.no_grad():
        _plant(model, alike)


def _plant(model: LlamaModel, alike: Iterable[tuple[int, int]]) -> None:
    plan = _Plan(model)
    table = model.embed_tokens.weight
    table.normal_(0, _NOISE * _SCALE)
    table[:, plan.word].normal_(0, _SCALE)
    table[:, 0] = _CONSTANT * _SCALE
    for one, other in alike:
        table[one] = table[other]
    for number, layer in enumerate(model.layers):
        for weight in (layer.self_attn.o_proj.weight, layer.mlp.down_proj.weight):
            weight.normal_(0, _QUIET)
        for name in ("q_proj", "k_proj", "v_proj"):
            getattr(layer.self_attn, name).weight.normal_(0, 0.05)
        for name in ("gate_proj", "up_proj"):
            getattr(layer.mlp, name).weight.normal_(0, 0.05)
        if number == 0:
            for head, distance in enumerate((1, 2)):
                _plant_look_back(layer.self_attn, plan, head, distance)
        elif number % 2 == 1:
            _plant_induction(layer.self_attn, plan, 0)
            _plant_induction(layer.self_attn, plan, 1)
        else:
            _plant_reverse(layer.self_attn, plan, 0)


def _plant_look_back(attention: torch.nn.Module, plan: _Plan, head: int, distance: int) -> None:
    """Make a head fetch the word `distance` positions before the current one."""
    query, key, value, out = _parts(attention, plan, head)
    seen = _CONSTANT / math.sqrt((plan.word.stop - 1 + _CONSTANT**2) / plan.width)  # after the layer's RMS norm
    query.zero_()
    key.zero_()
    for pair, strength in enumerate(_LOOK_BACK):
        weight = math.sqrt(strength * math.sqrt(plan.size)) / seen
        angle = distance * plan.speeds[pair]
        query[pair, 0] = weight
        key[pair, 0] = weight * math.cos(angle)
        key[pair + plan.size // 2, 0] = weight * math.sin(angle)
    value.zero_()
    value[:, plan.word] = plan.short
    out.zero_()
    out[plan.before[distance - 1]] = torch.eye(plan.size) * _SCALE


def _plant_induction(attention: torch.nn.Module, plan: _Plan, head: int) -> None:
    """Make a head find an earlier occurrence of the current word and copy the word after it (half its dimensions)."""
    query, key, value, out = _parts(attention, plan, head)
    query.zero_()
    key.zero_()
    rows = torch.arange(len(plan.still))
    query[plan.still, plan.word] = _MATCH * plan.short[rows]
    key[plan.still, plan.before[0].start + rows] = _MATCH
    half = plan.basis[head * plan.size : (head + 1) * plan.size]
    value.zero_()
    value[: len(half), plan.word] = half
    out.zero_()
    out[plan.word, : len(half)] = half.T * _SCALE * _COPY


def _plant_reverse(attention: torch.nn.Module, plan: _Plan, head: int) -> None:
    """Make a head find an earlier occurrence of the previous word and fetch the word before that occurrence."""
    query, key, value, out = _parts(attention, plan, head)
    query.zero_()
    key.zero_()
    rows = torch.arange(len(plan.still))
    query[plan.still, plan.before[0].start + rows] = _MATCH
    key[plan.still, plan.word] = _MATCH * plan.short[rows]
    value.zero_()
    value[:, plan.before[0]] = torch.eye(plan.size)
    out.zero_()
    out[plan.word] = plan.short.T * _SCALE * _COPY


def _parts(
    attention: torch.nn.Module, plan: _Plan, head: int
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return a head's rows of the query, key and value matrices and its columns of the output matrix."""
    rows = slice(head * plan.size, (head + 1) * plan.size)
    three = [getattr(attention, name).weight[rows] for name in ("q_proj", "k_proj", "v_proj")]
    return three[0], three[1], three[2], attention.o_proj.weight[:, rows]
