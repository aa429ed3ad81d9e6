"""The embedded models' tokenizer: byte-level BPE in which each word of PrismScenes is one token.

Each fixed part of prism's prompts is one token too: a small model has no depth to spend on reading them.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

from prism_engine.prompts import (
    INSTRUCTIONS,
    hint_messages,
    question_text,
    reasoning_messages,
    specific_instruction,
)
from prism_engine.records import Option, Sample
from prism_engine.scenes import KINDS, description, drawn_question
from prism_engine.scenes.questions import OPTION_LETTERS

if TYPE_CHECKING:
    from collections.abc import Iterator

PAD, BOS, EOS, USER, ASSISTANT = "<pad>", "<s>", "</s>", "<|user|>", "<|assistant|>"
IMAGE, AROUND, GLOBAL, TURN = "<image>", "<fake_token_around_image>", "<global-img>", "<end_of_utterance>"
_SPECIAL = (PAD, BOS, EOS, USER, ASSISTANT, IMAGE, AROUND, GLOBAL, TURN)
_WORDS = r" ?[\w-]+| ?[^\s\w]+|\s"
_CORPUS = 4000  # questions; enough for every word of the benchmark to become one token
_VOCABULARY = 2000  # more than BPE can find to merge
CHAT_TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}<|{{ message.role }}|>"
    "{% if message.content is string %}{{ message.content }}"
    "{% else %}{% for part in message.content %}"
    "{% if part.type == 'image' %}<image>{% else %}{{ part.text }}{% endif %}"
    "{% endfor %}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)


def build_tokenizer() -> PreTrainedTokenizerFast:
    """Train the tokenizer on questions drawn from a fixed seed; the result is always the same."""
    tokenizer = Tokenizer(models.BPE())
    words = pre_tokenizers.Split(Regex(_WORDS), "isolated")
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [words, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=_VOCABULARY,
        special_tokens=list(_SPECIAL),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(_corpus(), trainer)
    tokenizer.add_tokens([AddedToken(text, normalized=False) for text in fixed_texts()])
    tokenizer.post_processor = processors.TemplateProcessing(single=f"{BOS} $A", special_tokens=[(BOS, 1)])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token=PAD,
        bos_token=BOS,
        eos_token=EOS,
        chat_template=CHAT_TEMPLATE,
        clean_up_tokenization_spaces=False,
        extra_special_tokens={
            "image_token": IMAGE,
            "fake_image_token": AROUND,
            "global_image_token": GLOBAL,
            "end_of_utterance_token": TURN,
        },
    )


def same_meaning(tokenizer: PreTrainedTokenizerFast) -> list[tuple[int, int]]:
    """Return pairs of ids: the token that starts an option's line, and the option's bare letter."""
    parts = {text[-2]: text for text in fixed_texts() if text.endswith(tuple(f"{one}." for one in OPTION_LETTERS))}
    ids = tokenizer.convert_tokens_to_ids
    return [(ids(parts[letter]), ids(letter)) for letter in OPTION_LETTERS]


def fixed_texts() -> list[str]:
    """Return the fixed parts of prism's prompts, longest first: the text between the parts that vary by call."""
    mark = "\0"
    options = tuple(Option(letter, mark) for letter in OPTION_LETTERS)
    sample = Sample(position=0, index="0", images=(), question=mark, options=options)
    texts = [
        *(str(message.parts[0]) for told in (mark, None) for message in reasoning_messages(sample, told)),
        question_text(sample),
        specific_instruction(INSTRUCTIONS["generic"], mark),
        *(str(message.parts[0]) for message in hint_messages(mark, [(mark, mark), (mark, mark)])),
        INSTRUCTIONS["generic"],
    ]
    parts = {part.rstrip(" ") for text in texts for part in text.split(mark)}
    return sorted((part for part in parts if len(part) > 1), key=lambda part: (-len(part), part))


def _corpus() -> Iterator[str]:
    rng = random.Random(0)  # noqa: S311 - reproducible, no secret
    for number in range(_CORPUS):
        scene, question = drawn_question(KINDS[number % len(KINDS)], rng)
        yield " ".join(("", description(scene), question.text, *question.options, question.contents, question.steps))
        yield f" so ({question.letter})"
