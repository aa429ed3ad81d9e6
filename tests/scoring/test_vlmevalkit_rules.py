"""`v1` to `v3` against VLMEvalKit's rules on generated replies: 200,000 of them in the slow test."""

from __future__ import annotations

import random

import pytest

from prism_engine.records import AnswerKind, Option, Sample
from prism_engine.scoring import PROFILES, match_option, scorer_of
from tests.scoring import vlmevalkit_rules as rules

VERSIONS = {"v1": 1, "v2": 2, "v3": 3}
SPACES = (" ", "  ", "\n", "\t", "\u00a0", "\u3000", "\u2028", "\x1f", "\u200b", "")
WORDS = (
    *("The", "correct", "Correct", "answer", "Answer", "ANSWER", "an\u017fwer", "answers", "is", "IS", "\u0131s"),
    *(
        "A",
        "B",
        "C",
        "D",
        "E",
        "Z",
        "a",
        "b",
        "d",
        "I",
        "**B**",
        "**",
        "*",
        "(B)",
        "[C]",
        "{D}",
        "B.",
        "C:",
        '"B"',
        "`A`",
    ),
    *(
        "$B$",
        "A/B",
        "\uff22",
        "\uff08B\uff09",
        "<answer>B</answer>",
        "\\boxed{B}",
        "Option",
        "dog.",
        "cat",
        "DOG",
        "hot",
    ),
    *("blue car", "red", "apple", "None", "12", "1", "1,2", "0.5", "yes", "no", "Yes.", "No,", "not", "because", "so"),
    *("it", "barks", "which", "fits", "best", "Other Answers", "other answers", "Paris", "\u84dd", "\u0130", "\u00df"),
    *("Sorry, I can't help with images of people yet.", "I can't process this file.", "Cannot determine the answer"),
    *("cannot determine the answer", "Failed to obtain answer via API", "Failed to obtain answer via API."),
)
TEXTS = (
    *("cat", "dog", "hot dog", "red apple", "blue car", "None", "12", "1", "A", "B", "C", "Z", "a dog", "Paris", "0.5"),
    *("\u0130", "SS", "\u00df", "Yes", "No", "Other Answers", ".", "12 cm", "the answer is B"),
)
ANSWERS = (
    *("yes", "Yes.", "**Yes**", "yes:", "answer:yes", "No.The", "(no)", "no-one", "no,yes", "no", "1,2 yes", "no_"),
    *("a", "the", "An", "two", "none", "ten", "U.S.A.", "one-two", "a/b", "dont", "isn't", "isnt", "its", "10.", ".5"),
    *("12", "12.0", "0", "0.0", "-3", "5%", "0.05", "1,000", "1000", "1_0", "nan", "inf", "1e3", "red", "Red", "r ed"),
    *("coca-cola", "Coca Cola", "?", "!", "\u0130", "it's", "o'clock", "...", "b", "2010", "2000", "\u0663"),
)
GOLDS = ("12", "0", "5%", "5", "nan", "inf", "1000", "1,000", "red", "coca cola", "usa", "isn't", "none", "ten", "2000")
ABILITIES = ("Regular Text Recognition", "Handwritten Mathematical Expression Recognition")


class Generator:
    """Replies and questions, the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def reply(self, words: tuple[str, ...] = WORDS) -> str:
        pick = self.random
        if pick.random() < 0.25:  # the phrase of v3, in every spacing
            phrase = ["answer", pick.choice(SPACES), "is", pick.choice(SPACES), pick.choice(words)]
            return "".join([self.words(words, 4), " ", *phrase, pick.choice(SPACES), self.words(words, 8)])
        return self.words(words, 12)

    def words(self, words: tuple[str, ...], most: int) -> str:
        pick = self.random
        parts = [
            pick.choice(words) + (" " if pick.random() < 0.8 else pick.choice(SPACES))
            for _ in range(pick.randrange(most))
        ]
        return "".join(parts)

    def columns(self) -> dict[str, str]:
        letters = self.random.choice(("ABCD", "AB", "ABCDE", "BCD", "", "ABZ", "ACD", "ABCDEFGHI"))
        return {letter: self.random.choice(TEXTS) for letter in letters}

    def gold(self) -> str:
        golds: tuple[str, ...] = (*TEXTS, *("ABCDEZ" * 3), " B", "b", "AB", "\u0391")
        return self.random.choice(golds)


def question(columns: dict[str, str], answer: str | None, **extra: str) -> Sample:
    options = tuple(Option(letter, columns[letter]) for letter in sorted(columns))
    return Sample(0, "0", (), "What?", None, options, answer, extra=extra, category=extra.get("category"))


def differing_choices(seed: int, count: int) -> list[object]:
    make = Generator(seed)
    found: list[object] = []
    for _ in range(count):
        reply, columns, gold = make.reply(), make.columns(), make.gold()
        sample = question(columns, gold)
        for profile, version in VERSIONS.items():
            read = match_option(reply, sample.options, PROFILES[profile])
            wanted = rules.can_infer(reply, rules.choices_of(columns), version)
            score = scorer_of(AnswerKind.MMMU, profile).score(reply, sample)
            mixed = rules.mmmu(reply, columns, gold, version)
            if read != wanted or (score.answer, score.value) != mixed:
                found.append((profile, reply, columns, gold, read, wanted, score, mixed))
    return found


def differing_answers(seed: int, count: int) -> list[object]:
    make = Generator(seed)
    found: list[object] = []
    for _ in range(count):
        reply = make.reply(ANSWERS)
        golds = [make.random.choice((*GOLDS, reply.strip())) for _ in range(make.random.choice((1, 2, 4, 10)))]
        yes_no, cell, ability = make.random.choice(("Yes", "No")), repr(golds), make.random.choice(ABILITIES)
        wanted = {
            AnswerKind.YES_NO: float(rules.yes_or_no(reply) == yes_no),
            AnswerKind.VQA: rules.vqa_score(reply, golds),
            AnswerKind.ANLS: rules.anls(reply, golds),
            AnswerKind.RELAXED: rules.relaxed(reply, golds),
            AnswerKind.EXACT: rules.exact(reply, golds),
            AnswerKind.OCRBENCH: rules.ocrbench(reply, golds, ability),
        }
        for kind, value in wanted.items():
            sample = question({}, yes_no if kind is AnswerKind.YES_NO else cell, category=ability)
            read = scorer_of(kind, make.random.choice(tuple(VERSIONS))).score(reply, sample).value
            if read != pytest.approx(value, rel=1e-9):
                found.append((kind, reply, golds, yes_no, read, value))
    return found


def differing_prefetches(seed: int, count: int) -> list[object]:
    make = Generator(seed)
    found: list[object] = []
    for _ in range(count):
        profile, version = make.random.choice(tuple(VERSIONS.items()))
        extra = {
            "question_type": make.random.choice(("multi_choice", "free_form")),
            "answer_type": make.random.choice(("integer", "float", "text", "list")),
            "choices": repr([make.random.choice(TEXTS) for _ in range(4)]),
        }
        closed = extra["question_type"] == "multi_choice"
        gold = make.random.choice(("7", "0", "1.5", "12", "red"))
        reply = (
            make.reply() if closed else make.random.choice(("7", " 7 ", "7.0", "0", "1.50", "12", "1_2", "red", "1e0"))
        )
        read = scorer_of(AnswerKind.MATHVISTA, profile).score(reply, question({}, gold, **extra)).answer
        wanted = rules.mathvista_prefetch(reply, extra, gold, version)
        if read != wanted:
            found.append((profile, reply, extra, gold, read, wanted))
    return found


@pytest.mark.parametrize("differing", [differing_choices, differing_answers, differing_prefetches])
def test_generated_replies_are_scored_by_vlmevalkits_rules(differing):
    assert differing(20260818, 2_000)[:3] == []


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize(
    ("differing", "count"), [(differing_choices, 120_000), (differing_answers, 60_000), (differing_prefetches, 20_000)]
)
def test_200_000_generated_replies_are_scored_by_vlmevalkits_rules(differing, count):
    assert differing(1552, count)[:3] == []


def test_the_generated_replies_exercise_each_rule():
    make = Generator(20260818)
    drawn = [(make.reply(), make.columns(), make.gold()) for _ in range(6_000)]
    choices = [(reply, rules.choices_of(columns)) for reply, columns, _ in drawn]
    read = {version: [rules.can_infer(*one, version) for one in choices] for version in VERSIONS.values()}
    assert {*"ABCDZ"} <= {letter for letter in read[3] if letter}
    assert None in read[3]
    assert read[1] != read[2] != read[3]
    open_and_right = {
        gold for reply, columns, gold in drawn if "A" not in columns and rules.mmmu(reply, columns, gold, 3)[1]
    }
    assert {"B", "Z"} <= open_and_right  # the answer's own letter is the right one


@pytest.mark.parametrize("space", ["  ", "\n", "\u00a0", " \t ", "\r\n"])
def test_any_white_space_may_stand_in_the_phrase_of_v3(space):
    options = tuple(Option(letter, letter * 3) for letter in "ABCD")
    reply = f"The answer{space}is{space}B since it is a lot longer than the others"
    assert match_option(reply, options, PROFILES["v3"]) == rules.can_infer(reply, dict(options), 3) == "B"
    assert match_option(reply, options, PROFILES["v2"]) is None
