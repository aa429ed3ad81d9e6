"""Tests of the tokenizer: it covers PrismScenes and tokenizes prompts exactly as the lessons do."""

from __future__ import annotations

import random
import re

import pytest

from prism_engine.prompts import INSTRUCTIONS, hint_messages
from prism_engine.scenes import KINDS, description, drawn_question, render
from prism_engine.training.nano import lessons
from prism_engine.training.nano.captioner import picture_ids
from prism_engine.training.nano.lessons import Teacher
from prism_engine.training.nano.tokens import ASSISTANT, USER, build_tokenizer, fixed_texts, same_meaning


@pytest.fixture
def teacher(tokenizer):
    return Teacher(tokenizer)


def asked_alone(tokenizer, prompt):
    """Return the ids of a prompt as transformers and vLLM encode it."""
    chat = [{"role": "user", "content": prompt}]
    text = tokenizer.apply_chat_template(chat, add_generation_prompt=True, tokenize=False)
    return tokenizer.encode(text, add_special_tokens=False)


def spied(monkeypatch, name):
    """Return a list that collects what the function of `prompts` returns to the lessons."""
    given = []
    original = getattr(lessons, name)

    def spy(*arguments):
        given.append(original(*arguments))
        return given[-1]

    monkeypatch.setattr(lessons, name, spy)
    return given


def words_of(tokenizer, ids):
    return tokenizer.decode(ids).split(USER)[1].split(ASSISTANT)[0]


def test_every_word_of_prismscenes_is_one_token(tokenizer):
    rng = random.Random(1)
    for number in range(20 * len(KINDS)):
        scene, question = drawn_question(KINDS[number % len(KINDS)], rng)
        text = " ".join(("", description(scene), question.text, *question.options, question.contents, question.steps))
        words = re.findall(r" ?[\w-]+| ?[^\s\w]+", text)
        assert [tokenizer.decode([one]) for one in tokenizer.encode(text, add_special_tokens=False)] == words


def test_every_fixed_sentence_of_prisms_prompts_is_one_token(tokenizer):
    texts = fixed_texts()
    assert INSTRUCTIONS["generic"] in texts
    assert [len(tokenizer.encode(text, add_special_tokens=False)) for text in texts] == [1] * len(texts)


def test_the_tokenizer_is_the_same_each_time(tokenizer):
    assert build_tokenizer().get_vocab() == tokenizer.get_vocab()


def test_an_options_line_and_its_letter_mean_the_same(tokenizer):
    pairs = [tuple(map(tokenizer.decode, ([one], [other]))) for one, other in same_meaning(tokenizer)]
    assert [letter for _, letter in pairs] == list("ABCD")
    assert all(line.endswith(f"\n{letter}.") for line, letter in pairs)


def test_any_text_survives(tokenizer):
    text = "Grüße, 你好 & 1234\n\ttabs"
    assert tokenizer.decode(tokenizer.encode(text, add_special_tokens=False)) == text


@pytest.mark.parametrize("seed", range(5))
def test_reasoning_lessons_are_tokenized_as_prisms_prompts_are(tokenizer, teacher, monkeypatch, seed):
    sent = spied(monkeypatch, "reasoning_messages")
    rng = random.Random(seed)
    for lesson in (teacher.reasoning(rng, questions=5, most=5, drills=False), teacher.blind(rng)):
        for task in lesson.tasks:
            ids = lesson.beginning + task.prompt
            assert words_of(tokenizer, ids) in [messages[0].parts[0] for messages in sent]
            assert ids == asked_alone(tokenizer, words_of(tokenizer, ids))


@pytest.mark.parametrize("shots", [0, 5])
def test_hint_lessons_are_tokenized_as_prisms_prompts_are(tokenizer, teacher, monkeypatch, shots):
    given = []

    def spy(question, examples):
        given.append(examples)
        return hint_messages(question, examples)

    monkeypatch.setattr(lessons, "hint_messages", spy)
    lesson = teacher.contents(random.Random(shots), most_shots=shots)
    before, after = str(hint_messages("\0", given[0])[0].parts[0]).split("\0")
    for task in lesson.tasks:
        ids = lesson.beginning + task.prompt
        words = words_of(tokenizer, ids)
        question = words.removeprefix(before).removesuffix(after)
        assert words == hint_messages(question, given[0])[0].parts[0]
        assert question.endswith("?")
        assert ids == asked_alone(tokenizer, words)


def test_captioning_lessons_are_tokenized_as_the_processor_does_it(processor, teacher, monkeypatch):
    sent = spied(monkeypatch, "specific_instruction"), spied(monkeypatch, "question_text")
    rng = random.Random(3)
    scene, _ = drawn_question(KINDS[4], rng)
    beginning = picture_ids(processor)
    lesson = teacher.seeing(rng, beginning, scene, questions=1, specific=1)
    prompts = [processor.tokenizer.decode(task.prompt).removesuffix(ASSISTANT) for task in lesson.tasks]
    assert prompts == [INSTRUCTIONS["generic"], *sent[0], *sent[1]]
    for task, prompt in zip(lesson.tasks, prompts, strict=True):
        chat = [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": prompt}]}]
        text = processor.apply_chat_template(chat, add_generation_prompt=True)
        picture = render(scene, random.Random(0))
        seen = processor(text=text, images=[picture], add_special_tokens=False, return_tensors="np")["input_ids"][0]
        assert seen.tolist() == beginning + task.prompt
