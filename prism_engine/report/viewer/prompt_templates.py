"""Full prompts as templates: what a prompt shares with its sample is a slot, so thousands of prompts stay small."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import orjson

from prism_engine.report.scores.predictions import steps_of

if TYPE_CHECKING:
    from prism_engine.report.viewer.contract import ShownStep, Template, TemplatePart

Messages = list[dict[str, Any]]
"""Of a call's record in the cache: `role`, and `parts` that are texts or `{"image": digest}`."""
FindMessages = Callable[[Sequence[str]], Mapping[str, Messages]]
"""Returns the messages of the calls with these keys, as far as they are known."""
_SLOTS: Final = ("description", "question", "options", "hints")
_LEAST: Final = 4
"""Characters of a text that is worth a slot."""


class Templates:
    """The different templates of a report, each once."""

    def __init__(self) -> None:
        self.all: list[Template] = []
        self._places: dict[bytes, int] = {}

    def book(self, find: FindMessages) -> PromptBook:
        """Return what adds the prompts of one run's calls, as templates of this report."""
        return PromptBook(find, self)

    def place(self, messages: Messages, row: Mapping[str, Any], first: Mapping[str, Any]) -> int:
        """Return the position of the template that gives these messages for this row.

        Args:
            first: the row that stands for the question.
        """
        slots = slots_of(row, first)
        images = list(row.get("images") or ())
        template: Template = [
            {
                "role": str(message["role"]),
                "parts": [piece for part in message["parts"] for piece in _pieces(part, slots, images)],
            }
            for message in messages
        ]
        key = orjson.dumps(template)
        if key not in self._places:
            self._places[key] = len(self.all)
            self.all.append(template)
        return self._places[key]


class PromptBook:
    """Adds the prompts of one run's calls to the steps of its rows.

    Args:
        find: finds the prompts.
        templates: of the report, which grow.
    """

    def __init__(self, find: FindMessages, templates: Templates) -> None:
        self._find = find
        self._templates = templates

    def add_to(self, steps: Sequence[ShownStep], row: Mapping[str, Any], first: Mapping[str, Any]) -> None:
        """Give each step the position of its prompt's template, if the prompt is known.

        Args:
            first: the row that stands for the question.
        """
        keys = [step.get("key") for step in steps_of(row)]
        known = self._find([key for key in keys if key])
        for step, key in zip(steps, keys, strict=True):
            if key is not None and key in known:
                step["prompt"] = self._templates.place(known[key], row, first)


def slots_of(row: Mapping[str, Any], first: Mapping[str, Any]) -> dict[str, str]:
    """Return the texts of a row that its prompts may repeat, by the name of their slot.

    Args:
        first: the row that stands for the question: the page knows no other question.
    """
    options = "\n".join(f"{option['letter']}. {option['text']}" for option in row.get("options") or ())
    texts = {
        "description": row.get("description"),
        "question": row.get("question") if row.get("question") == first.get("question") else None,
        "options": options,
        "hints": row.get("contents"),
    }
    return {name: text for name in _SLOTS if isinstance(text := texts[name], str) and len(text) >= _LEAST}


def _pieces(part: Any, slots: Mapping[str, str], images: Sequence[str]) -> list[TemplatePart]:
    """Split a part at the texts that it shares with the row, the first slot first."""
    if not isinstance(part, str):
        digest = part["image"]
        return [{"picture": images.index(digest)}] if digest in images else [{"text": f"[picture {digest}]"}]
    pieces: list[TemplatePart] = [{"text": part}]
    for name, text in slots.items():
        pieces = [split for piece in pieces for split in _split(piece, name, text)]
    return pieces


def _split(piece: TemplatePart, name: str, text: str) -> list[TemplatePart]:
    whole = piece.get("text")
    if whole is None or text not in whole:
        return [piece]
    before, _, after = whole.partition(text)
    parts: list[TemplatePart] = [{"text": before}, {"slot": name}, {"text": after}]
    return [part for part in parts if part.get("text") != ""]
