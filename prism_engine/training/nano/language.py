"""The training loss of both models: the cross entropy of the right replies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch.nn import functional

if TYPE_CHECKING:
    import torch

    from prism_engine.training.nano.packing import Packed


def language_loss(model: torch.nn.Module, packed: Packed, embedded: torch.Tensor) -> torch.Tensor:
    """Return the mean cross entropy of the labelled tokens.

    Args:
        model: a causal language model, or one that contains a `text_model`.
        embedded: the tokens' embeddings with the pictures inserted, (B, T, width).
    """
    text = getattr(model.model, "text_model", model.model)
    hidden = text(
        inputs_embeds=embedded, attention_mask=packed.mask, position_ids=packed.positions, use_cache=False
    ).last_hidden_state
    learnt = packed.labels >= 0
    loss: torch.Tensor = functional.cross_entropy(model.lm_head(hidden[learnt]), packed.labels[learnt])
    return loss
