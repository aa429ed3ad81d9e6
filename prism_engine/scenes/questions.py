"""What is asked about a scene: kinds of four-option questions, in six families as MMStar's core capabilities.

Each kind draws its right answer evenly from a fixed set, and its wrong ones evenly from the rest of that set. So
nothing in a question's text or options tells more than chance (1 in 4): the scene has to be known.
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
"""MMStar (arXiv:2403.20330) splits fine-grained perception the same way, one level below."""
OPTION_LETTERS = "ABCD"
_HIGHEST = int(DIGITS[-1])


class QuestionKind(NamedTuple):
    """One kind of question."""

    name: str
    family: str
    golds: tuple[str, ...]
    """The right answers that it may have; one that stands here twice is drawn twice as often."""
    ask: Callable[[Scene, random.Random], DraftQuestion | None]
    least: int = 1
    """Things that a scene must have for it."""
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
    """A question about a scene, ready to be put."""

    kind: QuestionKind
    text: str
    options: tuple[str, ...]
    """Four different ones."""
    gold: int
    """Position of the right one."""
    contents: str
    """What has to be observed for it; never the answer."""
    things: tuple[Thing, ...]
    """The things that it is about, of which `contents` speaks."""
    steps: str
    """How the answer follows from the description, in the words in which a reasoner is taught to write it."""

    @property
    def letter(self) -> str:
        """The letter of the right option."""
        return OPTION_LETTERS[self.gold]

    @property
    def answer(self) -> str:
        """The text of the right option."""
        return self.options[self.gold]


def ask(kind: QuestionKind, scene: Scene, rng: random.Random, gold: int | None = None) -> Question | None:
    """Put a question of a kind about a scene, or return None where the scene allows none.

    Args:
        gold: position of the right option; by chance where None.
    """
    asked = kind.ask(scene, rng) if len(scene.things) >= kind.least else None
    if asked is None:
        return None
    others = [other for other in asked.among or kind.golds if other != asked.answer]
    options = rng.sample(others, len(OPTION_LETTERS) - 1)
    place = rng.randrange(len(OPTION_LETTERS)) if gold is None else gold
    options.insert(place, asked.answer)
    return Question(kind, asked.text, tuple(options), place, asked.contents, asked.things, asked.steps)


def drawn_question(kind: QuestionKind, rng: random.Random, gold: int | None = None) -> tuple[Scene, Question]:
    """Draw a scene and a question of a kind about it, with every right answer of the kind equally likely."""
    answer = rng.choice(kind.golds)
    while True:
        scene = drawn_scene(rng, least=kind.least, labelled=kind.labelled)
        question = ask(kind, scene, rng, gold)
        if question is not None and question.answer == answer:
            return scene, question
