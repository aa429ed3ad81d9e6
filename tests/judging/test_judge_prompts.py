import pytest

from prism_engine.judging.judge_prompts import review_messages
from prism_engine.records import AnswerKind, Option, Sample

OPTIONS = (Option("A", "cat"), Option("B", "{dog}"))


def text(kind, sample, reply):
    messages = review_messages(kind, sample, reply)
    assert all(not message.images for message in messages)
    return "\n".join(str(part) for message in messages for part in message.parts)


@pytest.mark.parametrize("kind", list(AnswerKind))
def test_every_prompt_holds_the_question_and_the_reply_whatever_they_hold(kind):
    sample = Sample(
        0, "0", (), "What {is} it?", options=OPTIONS, answer="A", extra={"gpt4_ans": "{x}", "caption": "%s"}
    )
    prompt = text(kind, sample, "I'd say {0} or %d")
    assert "What {is} it?" in prompt
    assert "I'd say {0} or %d" in prompt


def test_options_are_listed_as_they_are_written_and_the_hint_comes_first():
    prompt = text(AnswerKind.CIRCULAR, Sample(0, "0", (), "Which?", "Look well.", OPTIONS, "A"), "the dog")
    assert prompt.endswith("Question: Look well.\nWhich?\nOptions:\nA. cat\nB. {dog}\nAnswer: the dog\nYour output:")


def test_a_chinese_question_is_matched_in_chinese():
    assert "选项" in text(AnswerKind.CHOICE, Sample(0, "0", (), "这是什么?", options=OPTIONS), "猫")
    assert "选项" not in text(AnswerKind.CHOICE, Sample(0, "0", (), "What?", options=OPTIONS), "猫")


def test_mathvistas_own_hint_is_not_labelled_again():
    labelled = Sample(0, "0", (), "Hint: Give a number.\nQuestion: How many?")
    assert text(AnswerKind.MATHVISTA, labelled, "two").endswith(
        "\n\nHint: Give a number.\nQuestion: How many?\nModel response: two\nExtracted answer:"
    )
    assert "\nQuestion: How many?" in text(AnswerKind.MATHVISTA, Sample(0, "0", (), "How many?"), "two")


def test_a_row_of_mmvets_table_stays_one_row():
    prompt = text(AnswerKind.MMVET, Sample(0, "0", (), "a|b\nc?", answer="x<AND>y"), "one\n| two")
    assert prompt.endswith("\na/b c? | x <AND> y | one / two |")


def test_llavabench_puts_the_reference_first():
    sample = Sample(0, "0", (), "Why?", extra={"gpt4_ans": "because", "caption": "a cat"})
    prompt = text(AnswerKind.LLAVABENCH, sample, "so")
    assert prompt.index("a cat") < prompt.index("Why?") < prompt.index("because") < prompt.index("\nso\n")
    assert review_messages(AnswerKind.LLAVABENCH, sample, "so")[0].role == "system"
