"""The optimiser: AdamW with linear warm-up and cosine decay of the learning rate."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Iterable

FLOOR = 0.02
"""Final learning rate as a share of the peak."""
WARM_UP = 100
"""Steps."""
DECAY = 0.05
"""Weight decay of matrices."""
BETAS = (0.9, 0.98)
CLIP = 1.0
"""Maximum norm of all gradients together."""


def learning_rate(step: int, steps: int, peak: float) -> float:
    """Return the learning rate for a step (0-based) of a stage: linear warm-up to the peak, then cosine decay."""
    rise = min(1.0, (step + 1) / WARM_UP)
    fall = 0.5 * (1 + math.cos(math.pi * step / steps))
    return peak * rise * (FLOOR + (1 - FLOOR) * fall)


def optimiser(parameters: Iterable[torch.nn.Parameter]) -> torch.optim.AdamW:
    """Return AdamW with weight decay for matrices but not for gains and biases."""
    given = list(parameters)
    groups = [
        {"params": [parameter for parameter in given if parameter.ndim > 1], "weight_decay": DECAY},
        {"params": [parameter for parameter in given if parameter.ndim <= 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, betas=BETAS, fused=True)
