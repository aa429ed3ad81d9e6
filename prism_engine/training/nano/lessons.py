"""Training examples for the embedded models: prompts exactly as prism sends them, with the right replies."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from prism_engine.prompts import (
    INSTRUCTIONS,
    hint_messages,
    question_text,
    reasoning_messages,
    specific_instruction,
)
from prism_engine.records import Option, Sample
from prism_engine.scenes import KINDS, Question, Scene, Thing, description, drawn_question, drawn_scene, sentence
from prism_engine.scenes.questions import OPTION_LETTERS, ask
from prism_engine.training.nano.packing import Lesson, Task
from prism_engine.training.nano.tokens import ASSISTANT, BOS, EOS, USER

if TYPE_CHECKING:
    import random

    from transformers import PreTrainedTokenizerFast

_MARK = "\0"
_OFTEN = {"relative position": 4, "in common": 3, "what remains": 3, "place after a move": 2, "sum": 2, "difference": 3}
"""Sampling weights of the question kinds that need more than one look-up; the others have weight 1."""
_FAR = {
    "relative position": 8,
    "position": 4,
    "places traded": 4,
    "place after a move": 4,
    "in common": 6,
    "sum": 3,
    "difference": 3,
}
"""The same for lessons on what is learnt last: looking up, from a name, the place written before it."""
_SPECIFIC = 0.15
"""Share of the reasoner's descriptions that cover only what one question needs."""


def reply_text(question: Question) -> str:
    """Return the reference reply to a question: the steps, the answer in words, its letter."""
    return f"{question.steps}; so {question.answer} ({question.letter})"


def as_sample(question: Question, position: int = 0) -> Sample:
    """Return a question as the engine sees it, without its picture."""
    return Sample(
        position=position,
        index=str(position),
        images=(),
        question=question.text,
        options=tuple(map(Option, OPTION_LETTERS, question.options)),
        answer=question.letter,
    )


class Teacher:
    """Draws lessons, each from the random generator passed in."""

    def __init__(self, tokenizer: PreTrainedTokenizerFast) -> None:
        self._tokenizer = tokenizer
        self._cached = functools.lru_cache(maxsize=100_000)(self._encode)

    def encoded(self, text: str) -> list[int]:
        """Return a text's token ids, without the special tokens that the tokenizer adds at the ends."""
        return list(self._cached(text))

    def task(self, prompt: str, reply: str) -> Task:
        """Return a task: the user's prompt and the assistant's reply."""
        return Task(self.encoded(prompt + ASSISTANT), self.encoded(f" {reply}{EOS}"))

    def questions(self, rng: random.Random, scene: Scene, count: int, *, far: bool = False) -> list[Question]:
        """Draw up to `count` questions about a scene, each of a different kind; hard kinds are drawn more often."""
        often = _FAR if far else _OFTEN
        found: list[Question] = []
        for kind in sorted(KINDS, key=lambda kind: rng.random() ** (1 / often.get(kind.name, 1)), reverse=True):
            if len(found) == count:
                break
            question = ask(kind, scene, rng)
            if question is not None:
                found.append(question)
        return found

    def reasoning(self, rng: random.Random, *, questions: int, most: int, drills: bool, far: bool = False) -> Lesson:
        """Draw a description with questions about it, in the form the reasoner receives them.

        Args:
            most: maximum number of things in the scene.
            drills: add a task of bare look-ups, the error-prone part, without a question.
            far: practise mainly look-ups of places.
        """
        scene = drawn_scene(rng, most=most, labelled=rng.choice((0.5, 0.9)))
        asked = self.questions(rng, scene, questions, far=far)
        text = description(scene)
        if rng.random() < _SPECIFIC:
            text, asked = description(scene, asked[0].things), asked[:1]
        beginning, _ = _reasoning_parts(text, asked[0])
        tasks = [self.task(_reasoning_parts(text, question)[1], reply_text(question)) for question in asked]
        if drills:
            tasks.append(self._drill(rng, scene, far=far))
        return Lesson(self.encoded(f"{BOS}{USER}{beginning}"), tasks)

    def blind(self, rng: random.Random, tasks: int = 4) -> Lesson:
        """Draw questions without a description; nothing supports an answer, so the letters are random."""
        asked = [self._any(rng) for _ in range(tasks)]
        prompts = [str(reasoning_messages(as_sample(question), None)[0].parts[0]) for question in asked]
        replies = [f"({rng.choice(OPTION_LETTERS)})" for _ in asked]
        return Lesson(self.encoded(f"{BOS}{USER}"), list(map(self.task, prompts, replies)))

    def contents(self, rng: random.Random, *, most_shots: int = 5, tasks: int = 4) -> Lesson:
        """Draw questions to write hints for, after a few examples."""
        shots = [(q.text, q.contents) for q in (self._any(rng) for _ in range(rng.randint(0, most_shots)))]
        whole = str(hint_messages(_MARK, shots)[0].parts[0])
        beginning, end = whole.split(_MARK)
        asked = [self._any(rng) for _ in range(tasks)]
        return Lesson(
            self.encoded(f"{BOS}{USER}{beginning.rstrip(' ')}"),
            [self.task(f" {question.text}{end}", question.contents) for question in asked],
        )

    def seeing(
        self, rng: random.Random, beginning: list[int], scene: Scene, *, questions: int, specific: int
    ) -> Lesson:
        """Return the captioner's training example about one picture.

        Args:
            beginning: token ids of the picture's part of the prompt.
            questions: number of questions to answer directly.
            specific: number of descriptions guided by one question's hints.
        """
        generic = INSTRUCTIONS["generic"]
        tasks = [self.task(generic, description(scene))]
        asked = self.questions(rng, scene, questions + specific)
        for question in asked[:specific]:
            instruction = specific_instruction(generic, question.contents)
            tasks.append(self.task(instruction, description(scene, question.things)))
        tasks += [self.task(question_text(as_sample(one)), reply_text(one)) for one in asked[specific:]]
        return Lesson(beginning, tasks)

    def _drill(self, rng: random.Random, scene: Scene, *, far: bool) -> Task:
        """Return a task that lists the scene's things in random order, by place or (always if `far`) by name."""
        things = rng.sample(scene.things, len(scene.things))
        if not far and rng.random() < 0.5:
            return self.task("\n\nQuestion: What", "; ".join(map(sentence, things)))
        unique = [thing for thing in things if scene.is_unique(thing)]
        return self.task("\n\nQuestion: Where", "; ".join(map(_by_name, unique)))

    def _any(self, rng: random.Random) -> Question:
        return drawn_question(rng.choice(KINDS), rng)[1]

    def _encode(self, text: str) -> tuple[int, ...]:
        return tuple(self._tokenizer.encode(text, add_special_tokens=False))


def _by_name(thing: Thing) -> str:
    label = f" labelled {thing.label}" if thing.label else ""
    return f"{thing.name}{label} at {thing.place}"


def _reasoning_parts(text: str, question: Question) -> tuple[str, str]:
    """Return the reasoner's prompt up to the end of the description, and the rest."""
    whole = str(reasoning_messages(as_sample(question), text)[0].parts[0])
    split = whole.index(text) + len(text)
    return whole[:split], whole[split:]
