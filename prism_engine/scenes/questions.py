"""Kinds of four-option questions about scenes, in six families like MMStar's core capabilities.

Each kind draws its correct answer uniformly from a fixed set, and its wrong ones uniformly from the rest of that set.
Text and options alone therefore allow no better than chance (1 in 4): answering requires the scene.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from prism_engine.scenes import asking
from prism_engine.scenes.scene import BACKGROUNDS, COLOURS, DIGITS, LABELS, MOST_THINGS, PLACES, SHAPES, drawn_scene

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from prism_engine.scenes.asking import DraftQuestion
    from prism_engine.scenes.scene import Scene, Thing

FAMILIES = (
    "coarse perception",
    "fine-grained perception (single instance)",
    "fine-grained perception (cross-instance)",
    "instance reasoning",
    "logical reasoning",
    "math",
)
"""MMStar (arXiv:2403.20330) makes the same split of fine-grained perception, one level lower."""
OPTION_LETTERS = "ABCD"
_HIGHEST = int(DIGITS[-1])


class QuestionKind(NamedTuple):
    """One kind of question."""

    name: str
    family: str
    golds: tuple[str, ...]
    """Possible correct answers; one listed twice is drawn twice as often."""
    ask: Callable[[Scene, random.Random], DraftQuestion | None]
    least: int = 1
    """Minimum number of things in the scene."""
    labelled: float = 0.6
    """Share of labelled things in the scenes drawn for it."""


def _numbers(first: int, last: int, step: int = 1) -> tuple[str, ...]:
    return tuple(map(str, range(first, last + 1, step)))


KINDS = (
    QuestionKind("background", FAMILIES[0], BACKGROUNDS, asking.background),
    QuestionKind("count", FAMILIES[0], _numbers(1, MOST_THINGS), asking.count),
    QuestionKind("colour", FAMILIES[1], COLOURS, asking.colour_at),
    QuestionKind("shape", FAMILIES[1], SHAPES, asking.shape_at),
    QuestionKind("label", FAMILIES[1], LABELS, asking.label, labelled=0.9),
    QuestionKind("position", FAMILIES[1], PLACES, asking.position),
    QuestionKind("relative position", FAMILIES[2], asking.RELATIONS, asking.relation, least=2),
    QuestionKind("in common", FAMILIES[3], asking.COMMON, asking.in_common, least=2),
    QuestionKind("colour of the only one", FAMILIES[3], COLOURS, asking.only_colour, least=2),
    QuestionKind("shape of the only one", FAMILIES[3], SHAPES, asking.only_shape, least=2),
    QuestionKind("what remains", FAMILIES[4], _numbers(0, MOST_THINGS - 1), asking.remaining),
    QuestionKind("places traded", FAMILIES[4], PLACES, asking.traded, least=2),
    QuestionKind("place after a move", FAMILIES[4], asking.MOVED_TO, asking.moved),
    QuestionKind("sum", FAMILIES[5], _numbers(2, 2 * _HIGHEST), asking.total, least=2, labelled=0.95),
    QuestionKind("difference", FAMILIES[5], _numbers(0, _HIGHEST - 1), asking.difference, least=2, labelled=0.95),
    QuestionKind("double", FAMILIES[5], _numbers(2, 2 * _HIGHEST, 2), asking.doubled, labelled=0.9),
)


@dataclass(frozen=True, slots=True)
class Question:
    """A complete question about a scene."""

    kind: QuestionKind
    text: str
    options: tuple[str, ...]
    """Four distinct options."""
    gold: int
    """Position of the correct option."""
    contents: str
    """Hints: what must be observed to answer; never the answer itself."""
    things: tuple[Thing, ...]
    """The things that the question and its `contents` refer to."""
    steps: str
    """How the answer follows from the description, in the wording that a reasoner is trained to write."""

    @property
    def letter(self) -> str:
        """The letter of the correct option."""
        return OPTION_LETTERS[self.gold]

    @property
    def answer(self) -> str:
        """The text of the correct option."""
        return self.options[self.gold]


def ask(kind: QuestionKind, scene: Scene, rng: random.Random, gold: int | None = None) -> Question | None:
    """Generate a question of a kind about a scene; None if the scene does not allow one.

    Args:
        gold: position of the correct option; random if None.
    """
    draft = kind.ask(scene, rng) if len(scene.things) >= kind.least else None
    if draft is None:
        return None
    others = [other for other in draft.among or kind.golds if other != draft.answer]
    options = rng.sample(others, len(OPTION_LETTERS) - 1)
    position = rng.randrange(len(OPTION_LETTERS)) if gold is None else gold
    options.insert(position, draft.answer)
    return Question(kind, draft.text, tuple(options), position, draft.contents, draft.things, draft.steps)


def drawn_question(kind: QuestionKind, rng: random.Random, gold: int | None = None) -> tuple[Scene, Question]:
    """Draw a scene and a question of a kind about it, with the answer uniform over `kind.golds`."""
    answer = rng.choice(kind.golds)
    while True:
        scene = drawn_scene(rng, least=kind.least, labelled=kind.labelled)
        question = ask(kind, scene, rng, gold)
        if question is not None and question.answer == answer:
            return scene, question
