"""Tests of the auxiliary cell classifier."""

from __future__ import annotations

import pytest
import torch

from prism_engine.scenes import Scene, Thing
from prism_engine.scenes.scene import BACKGROUNDS, COLOURS, LABELS, SHAPES, SIZES
from prism_engine.training.nano.cells import CellClassifier, targets
from prism_engine.training.nano.packing import IGNORED

THINGS = (Thing(2, "large", "pink", "star", "X"), Thing(7, "small", "red", "circle", None))
SCENES = [Scene("grey", THINGS), Scene("brown", ())]


def test_targets_name_what_is_in_each_cell():
    cells, grounds = targets(SCENES, torch.device("cpu"))
    empty = [0] + [IGNORED] * 4
    assert grounds.tolist() == [BACKGROUNDS.index("grey"), BACKGROUNDS.index("brown")]
    star = [1, SHAPES.index("star"), COLOURS.index("pink"), SIZES.index("large"), LABELS.index("X")]
    circle = [1, SHAPES.index("circle"), COLOURS.index("red"), SIZES.index("small"), len(LABELS)]
    assert cells[0].tolist() == [empty, empty, star, empty, empty, empty, empty, circle, empty]
    assert cells[1].tolist() == [empty] * 9


@pytest.mark.parametrize("shift", [0, 1])
def test_the_loss_falls_as_cells_are_learnt_and_only_as_the_right_ones_are(shift):
    torch.manual_seed(0)
    classifier, seen = CellClassifier(16), torch.randn(2, 9, 16)
    adam = torch.optim.Adam(classifier.parameters(), 0.02)
    for _ in range(60):
        loss = classifier.loss(seen, SCENES)
        adam.zero_grad()
        loss.backward()
        adam.step()
    moved = [
        Scene(
            scene.background,
            tuple(Thing((t.cell + shift) % 9, t.size, t.colour, t.shape, t.label) for t in scene.things),
        )
        for scene in SCENES
    ]
    assert (classifier.loss(seen, moved) < 0.5) == (shift == 0)
