"""Auxiliary cell classifier that trains the captioner's vision encoder and is discarded afterwards."""

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
"""Logits per cell: whether it holds a thing, and the thing's attributes ("no label" is one of the labels)."""
_LABELS = 2.0
"""Loss weight of labels: they are the smallest and are learnt last."""


class CellClassifier(nn.Module):  # type: ignore[misc] # torch is Any to the type checker
    """Predicts a scene from its picture's tokens. Draws its weights from torch's global generator."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.cells = nn.Sequential(
            nn.LayerNorm(width), nn.Linear(width, width), nn.GELU(), nn.Linear(width, sum(_PARTS))
        )
        self.ground = nn.Linear(width, len(BACKGROUNDS))

    def loss(self, seen: torch.Tensor, scenes: Sequence[Scene]) -> torch.Tensor:
        """Return the loss (a scalar) over backgrounds, cell occupancy, and the attributes of each thing.

        Args:
            seen: the pictures' tokens, (B, 9, width).
            scenes: the scenes of the B pictures.
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
    """Return the classifier's targets: (B, 9, 5) for the cells and (B,) for the backgrounds, both int64.

    A cell's first number is 1 if the cell holds a thing, else 0; the attributes of empty cells are `IGNORED`.
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
