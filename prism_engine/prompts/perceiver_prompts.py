"""The perceiver's prompts, and the joining of multiple descriptions into one text for the reasoner."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prism_engine.config import Merge
from prism_engine.records import Message

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prism_engine.records import Image, Part

_ONE_BY_ONE = (
    "There are {count} images; do this for each of them in turn, and begin each description with the image's number "
    'as it stands before it ("Image 1:", "Image 2:", ...).'
)


def perception_messages(image: Image, instruction: str) -> tuple[Message, ...]:
    """Return the perceiver's messages for one picture: the picture, then the instruction."""
    return (Message("user", (image, instruction)),)


def together_messages(images: Sequence[Image], instruction: str) -> tuple[Message, ...]:
    """Return the perceiver's messages for all pictures of a sample: each after its number, then the instruction.

    A single picture is sent as in `perception_messages`, so that its description is shared.
    """
    if len(images) == 1:
        return perception_messages(images[0], instruction)
    numbered: list[Part] = []
    for number, image in enumerate(images, start=1):
        numbered += (f"Image {number}:", image)
    return (Message("user", (*numbered, f"{instruction} {_ONE_BY_ONE.format(count=len(images))}")),)


def join_descriptions(texts: Sequence[str]) -> str:
    """Join the descriptions of a sample's pictures; two or more are numbered from 1 in the sample's order.

    A question refers to its pictures by the same numbers (`<image 1>`).
    """
    if len(texts) == 1:
        return texts[0].strip()
    return "\n".join(f"Image {number}: {text.strip()}" for number, text in enumerate(texts, start=1))


def merge_descriptions(texts: Sequence[str], merge: Merge) -> str:
    """Merge multiple perceivers' descriptions of one sample; no model is named, so that names carry no weight."""
    match merge:
        case Merge.LABELLED:
            return "\n\n".join(f"Description {number}:\n{text}" for number, text in enumerate(texts, start=1))
        case Merge.PLAIN:
            return "\n\n".join(texts)
        case Merge.ORIGINAL:
            return "".join(reversed(texts))
