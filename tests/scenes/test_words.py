"""Descriptions match their scenes, and are parsed back without loss."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from prism_engine.scenes import Scene, Thing, description, read_description, sentence
from prism_engine.scenes.scene import BACKGROUNDS, COLOURS, LABELS, SHAPES, SIZES

LOOKS = st.tuples(
    st.sampled_from(SIZES),
    st.sampled_from(COLOURS),
    st.sampled_from(SHAPES),
    st.none() | st.sampled_from(LABELS),
)
SCENES = st.builds(
    lambda background, things: Scene(background, tuple(Thing(cell, *things[cell]) for cell in sorted(things))),
    st.sampled_from(BACKGROUNDS),
    st.dictionaries(st.integers(0, 8), LOOKS),
)


@settings(max_examples=200, deadline=None)
@given(SCENES)
def test_a_description_is_read_back_as_the_scene(scene):
    background, count, things = read_description(description(scene))
    assert (background, count) == (scene.background, len(scene.things))
    assert tuple(things.values()) == scene.things
    assert all(cell == thing.cell for cell, thing in things.items())


@settings(max_examples=100, deadline=None)
@given(SCENES, st.data())
def test_a_focused_description_has_the_chosen_things_and_still_background_and_number(scene, data):
    chosen = [thing for thing in scene.things if data.draw(st.booleans())]
    background, count, things = read_description(description(scene, chosen))
    assert (background, count) == (scene.background, len(scene.things))
    assert list(things.values()) == chosen


def test_the_words_are_these():
    scene = Scene("grey", (Thing(0, "small", "red", "star", None), Thing(4, "large", "blue", "cross", "7")))
    assert sentence(scene.things[1]) == "centre: large blue cross labelled 7"
    assert description(scene) == (
        "A grey background with 2 objects; top-left: small red star; centre: large blue cross labelled 7."
    )
    assert description(Scene("grey", scene.things[:1])) == "A grey background with 1 object; top-left: small red star."


@settings(max_examples=100, deadline=None)
@given(st.text())
def test_any_text_can_be_read(text):
    read_description(text)


def test_what_is_not_a_description_is_left_out_and_the_first_thing_of_a_cell_counts():
    text = "I see: nowhere: small red star; centre: small red star; centre: large blue cross. And so on"
    assert read_description(text) == (None, None, {4: Thing(4, "small", "red", "star", None)})
