"""The perceiver's prompts and the joining of descriptions: parts, order and labels, pinned."""

from __future__ import annotations

from pathlib import Path

import pytest

from prism_engine import prompts
from prism_engine.config import Merge
from prism_engine.records import Image

IMAGE, SECOND = (Image(digit * 64, Path(f"{digit}.png")) for digit in "01")


def test_the_picture_comes_before_the_instruction():
    (message,) = prompts.perception_messages(IMAGE, "Describe it.")
    assert (message.role, message.parts) == ("user", (IMAGE, "Describe it."))


def test_pictures_that_are_sent_together_follow_their_numbers():
    (message,) = prompts.together_messages([IMAGE, SECOND], "Describe it.")
    *pictures, instruction = message.parts
    assert pictures == ["Image 1:", IMAGE, "Image 2:", SECOND]
    assert str(instruction).startswith("Describe it. There are 2 images;")


def test_a_single_picture_is_sent_as_usual():
    assert prompts.together_messages([IMAGE], "Describe it.") == prompts.perception_messages(IMAGE, "Describe it.")


def test_several_descriptions_are_numbered_and_a_single_one_is_not():
    assert prompts.join_descriptions([" a dog \n"]) == "a dog"
    assert prompts.join_descriptions(["a dog", "a cat"]) == "Image 1: a dog\nImage 2: a cat"


@pytest.mark.parametrize(
    ("merge", "expected"),
    [
        (Merge.LABELLED, "Description 1:\na dog\n\nDescription 2:\na big dog\n\nDescription 3:\nan animal"),
        (Merge.PLAIN, "a dog\n\na big dog\n\nan animal"),
        (Merge.ORIGINAL, "an animala big doga dog"),
    ],
)
def test_descriptions_of_perceivers_are_joined_in_their_order_or_as_the_original_does(merge, expected):
    assert prompts.merge_descriptions(["a dog", "a big dog", "an animal"], merge) == expected
