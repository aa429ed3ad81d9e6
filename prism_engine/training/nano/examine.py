"""Evaluation of the embedded models on held-out scenes, with transformers' own greedy decoding."""

from __future__ import annotations

import random
from collections import defaultdict
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch

from prism_engine.prompts import (
    INSTRUCTIONS,
    hint_messages,
    question_text,
    reasoning_messages,
    specific_instruction,
)
from prism_engine.scenes import KINDS, description, drawn_question, read_description, render
from prism_engine.training.nano.lessons import as_sample

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from PIL.Image import Image
    from transformers import (
        Idefics3ForConditionalGeneration,
        Idefics3Processor,
        LlamaForCausalLM,
        PreTrainedTokenizerFast,
    )

    from prism_engine.records import Message
    from prism_engine.scenes import Question, Scene

HELD_OUT = "held out"
"""Seed of the evaluation questions; training draws from other generators."""
MEASURES = {
    "gold": "right answers from gold descriptions",
    "blind": "right answers without a description (chance: 25%)",
    "contents": "hints equal word for word to those of the question",
    "exact": "descriptions right word for word",
    "head": "background and number of objects right",
    "nothing invented": "descriptions without an object in an empty cell",
    "found": "objects that are described at all",
    "colour": "of those, colour right",
    "size": "of those, size right",
    "shape": "of those, shape right",
    "label": "of those with a label, label right",
    "no label": "of those without a label, none stated",
    "specific": "descriptions for one question, right word for word",
    "direct": "right answers from the picture alone",
}
"""Meaning of each score; any other score is the share of right answers from gold descriptions in that family."""
_BATCH = 64
_MOST_TOKENS = 80
_SHOTS = 5


def held_out(count: int) -> list[tuple[Scene, Question, Image]]:
    """Return questions with their scenes and pictures, cycling through all kinds; always the same ones."""
    rng = random.Random(HELD_OUT)  # noqa: S311 - reproducible, no secret
    found = []
    for number in range(count):
        scene, question = drawn_question(KINDS[number % len(KINDS)], rng)
        found.append((scene, question, render(scene, rng)))
    return found


def examine_reasoner(model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, count: int) -> dict[str, float]:
    """Return the share of right answers from gold descriptions (all, and by family), of blind ones, and of hints."""
    asked = held_out(count)

    def replies(prompts: Iterable[Sequence[Message]]) -> list[str]:
        return generate(model, tokenizer, [str(message.parts[0]) for (message,) in prompts])

    told = replies(reasoning_messages(as_sample(q), description(scene)) for scene, q, _ in asked)
    blind = replies(reasoning_messages(as_sample(q), None) for _, q, _ in asked)
    shots = [(q.text, q.contents) for _, q, _ in held_out(_SHOTS)]
    contents = replies(hint_messages(q.text, shots) for _, q, _ in asked)
    right: dict[str, list[bool]] = defaultdict(list)
    for (_, question, _), reply, guess, written in zip(asked, told, blind, contents, strict=True):
        right["gold"].append(_is_right(reply, question))
        right[question.kind.family].append(_is_right(reply, question))
        right["blind"].append(_is_right(guess, question))
        right["contents"].append(written.strip() == question.contents)
    return _shares(right)


def examine_captioner(
    model: Idefics3ForConditionalGeneration, processor: Idefics3Processor, count: int
) -> dict[str, float]:
    """Return the share of things found, of right attributes among them, and of exact descriptions and answers."""
    asked = held_out(count)
    generic = INSTRUCTIONS["generic"]
    pictures = [picture for _, _, picture in asked]
    told = generate(model, processor, [generic] * count, pictures)
    specific = generate(model, processor, [specific_instruction(generic, q.contents) for _, q, _ in asked], pictures)
    answers = generate(model, processor, [question_text(as_sample(q)) for _, q, _ in asked], pictures)
    right: dict[str, list[bool]] = defaultdict(list)
    for (scene, question, _), text, part, answer in zip(asked, told, specific, answers, strict=True):
        compare_description(right, scene, text)
        right["specific"].append(part.strip() == description(scene, question.things))
        right["direct"].append(_is_right(answer, question))
    return _shares(right)


def compare_description(right: dict[str, list[bool]], scene: Scene, text: str) -> None:
    """Append to the lists of `right` what a description gets right and wrong about a scene; see `MEASURES`."""
    background, number, things = read_description(text)
    right["exact"].append(text.strip() == description(scene))
    right["head"].append((background, number) == (scene.background, len(scene.things)))
    right["nothing invented"].append(set(things) <= {thing.cell for thing in scene.things})
    for thing in scene.things:
        said = things.get(thing.cell)
        right["found"].append(said is not None)
        if said is None:
            continue
        for attribute in ("colour", "size", "shape"):
            right[attribute].append(getattr(said, attribute) == getattr(thing, attribute))
        right["no label" if thing.label is None else "label"].append(said.label == thing.label)


def generate(model: Any, processor: Any, prompts: Sequence[str], pictures: Sequence[Image] | None = None) -> list[str]:
    """Return a model's greedy replies to user prompts, at most 80 tokens each.

    Args:
        model: a causal language model of transformers, or a vision-language model.
        processor: its tokenizer, or its processor if there are pictures.
        pictures: one per prompt, placed before it.
    """
    replies: list[str] = []
    with _generating(model, getattr(processor, "tokenizer", processor)):
        for first in range(0, len(prompts), _BATCH):
            part = slice(first, first + _BATCH)
            texts = processor.apply_chat_template(
                [_chat(prompt, shown=pictures is not None) for prompt in prompts[part]],
                add_generation_prompt=True,
                tokenize=False,
            )
            shown = {} if pictures is None else {"images": [[picture] for picture in pictures[part]]}
            batch = processor(text=texts, **shown, padding=True, add_special_tokens=False, return_tensors="pt")
            batch.pop("token_type_ids", None)
            ids = model.generate(**batch.to(model.device), max_new_tokens=_MOST_TOKENS, do_sample=False)
            replies += processor.batch_decode(ids[:, batch["input_ids"].shape[1] :], skip_special_tokens=True)
    return replies


@contextmanager
def _generating(model: Any, tokenizer: Any) -> Iterator[None]:
    """Disable gradients and dropout and pad on the left; restore the model and the tokenizer at the end."""
    training, side = model.training, tokenizer.padding_side
    model.eval()
    tokenizer.padding_side = "left"
    try:
        with torch.no_grad():
            yield
    finally:
        model.train(training)
        tokenizer.padding_side = side
        tokenizer.backend_tokenizer.no_padding()  # otherwise padding would be saved with the tokenizer


def _chat(prompt: str, *, shown: bool) -> list[dict[str, Any]]:
    picture = [{"type": "image"}] if shown else []
    return [{"role": "user", "content": [*picture, {"type": "text", "text": prompt}]}]


def _is_right(reply: str, question: Question) -> bool:
    return reply.strip().endswith(f"({question.letter})")


def _shares(right: dict[str, list[bool]]) -> dict[str, float]:
    return {name: round(sum(one) / len(one), 4) for name, one in right.items()}
