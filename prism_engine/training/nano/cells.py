"""What teaches the captioner's eye: a classifier of cells over the picture's tokens, thrown away later."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from prism_engine.scenes import PLACES
from prism_engine.scenes.scene import BACKGROUNDS, COLOURS, LABELS, SHAPES, SIZES
from prism_engine.training.nano.packing import IGNORED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prism_engine.scenes import Scene

_PARTS = (1, len(SHAPES), len(COLOURS), len(SIZES), len(LABELS) + 1)
"""Logits per cell: is there a thing, and its attributes ("no label" is one)."""
_LABELS = 2.0
"""Weight of labels in the loss: they are the smallest and learnt last."""


class CellClassifier(nn.Module):  # type: ignore[misc] # torch is Any to the type checker
    """Reads a scene off its picture's tokens. Draws its weights from torch's generator."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.cells = nn.Sequential(
            nn.LayerNorm(width), nn.Linear(width, width), nn.GELU(), nn.Linear(width, sum(_PARTS))
        )
        self.ground = nn.Linear(width, len(BACKGROUNDS))

    def loss(self, seen: torch.Tensor, scenes: Sequence[Scene]) -> torch.Tensor:
        """Return the loss (a scalar) over backgrounds, whether cells hold a thing, and the attributes of each thing.

        Args:
            seen: (B, 9, width) the pictures' tokens.
            scenes: what the B pictures show.
        """
        cells, grounds = targets(scenes, seen.device)
        parts = self.cells(seen).split(_PARTS, dim=-1)
        loss = functional.cross_entropy(self.ground(seen.mean(1)), grounds)
        loss = loss + functional.binary_cross_entropy_with_logits(parts[0][..., 0], cells[..., 0].float())
        for number, logits in enumerate(parts[1:], start=1):
            weight = _LABELS if number == len(_PARTS) - 1 else 1.0
            loss = loss + weight * functional.cross_entropy(logits.flatten(0, 1), cells[..., number].flatten())
        return loss


def targets(scenes: Sequence[Scene], device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    """Return what the classifier should say: (B, 9, 5) per cell, and (B,) backgrounds, both int64.

    A cell's first number is 1 where it holds a thing; the attributes of empty cells are `IGNORED`.
    """
    cells = np.full((len(scenes), len(PLACES), len(_PARTS)), IGNORED, np.int64)
    cells[:, :, 0] = 0
    for row, scene in enumerate(scenes):
        for thing in scene.things:
            label = LABELS.index(thing.label) if thing.label else len(LABELS)
            attributes = (SHAPES.index(thing.shape), COLOURS.index(thing.colour), SIZES.index(thing.size), label)
            cells[row, thing.cell] = (1, *attributes)
    grounds = torch.tensor([BACKGROUNDS.index(scene.background) for scene in scenes])
    return torch.from_numpy(cells).to(device), grounds.to(device)
