"""Scenes keep the rules of their grid."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prism_engine.scenes import PLACES, Scene, Thing, drawn_scene
from prism_engine.scenes.scene import BACKGROUNDS, COLOURS, LABELS, SHAPES, SIZES


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**64), st.integers(1, 5))
def test_things_stand_in_cells_of_their_own_in_order_and_look_as_named(seed, least):
    scene = drawn_scene(random.Random(seed), least=least)
    cells = [thing.cell for thing in scene.things]
    assert cells == sorted(set(cells))
    assert set(cells) <= set(range(9))
    assert least <= len(cells) <= 5
    assert scene.background in BACKGROUNDS
    for thing in scene.things:
        assert thing.size in SIZES
        assert thing.colour in COLOURS
        assert thing.shape in SHAPES
        assert thing.label is None or thing.label in LABELS
        assert thing.place == PLACES[thing.cell]


def test_no_colour_is_also_a_background_and_no_label_an_options_letter():
    assert not set(COLOURS) & set(BACKGROUNDS)
    assert not set(LABELS) & set("ABCD")


@pytest.mark.parametrize(("labelled", "share"), [(0.0, 0), (1.0, 1)])
def test_the_share_of_labelled_things_is_as_requested(labelled, share):
    scenes = [drawn_scene(random.Random(seed), labelled=labelled) for seed in range(20)]
    assert {thing.label is not None for scene in scenes for thing in scene.things} == {bool(share)}


def test_a_thing_is_unique_where_no_other_has_its_colour_and_shape():
    star, twin = Thing(0, "small", "red", "star", None), Thing(1, "large", "red", "star", "2")
    square = Thing(2, "small", "red", "square", None)
    scene = Scene("white", (star, twin, square))
    assert [scene.is_unique(thing) for thing in scene.things] == [False, False, True]
