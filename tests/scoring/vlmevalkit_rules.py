"""VLMEvalKit's rules, written from their description: what the profiles are compared with on generated replies.

Independent of `prism_engine.scoring`: imports nothing of it and shares no code with it, so that a misreading would have
to be made twice. It follows the description step by step and is not made for long texts.
"""

from __future__ import annotations

import ast
import re
from typing import Any

OTHER = "Other Answers"
REFUSALS = (
    "Sorry, I can't help with images of people yet.",
    "I can't process this file.",
    "I'm sorry, but without the image provided",
    "Cannot determine the answer",
)
CONTRACTED = """
    ain't aren't can't could've couldn't couldn't've didn't doesn't don't hadn't hadn't've hasn't haven't he'd he'd've
    he's how'd how'll how's isn't it'd it'd've it'll ma'am mightn't might've mustn't must've needn't not've o'clock
    oughtn't shan't she'd've should've shouldn't somebody'll somebody's someone'll something'd that's there's they'd
    they'll they're they've wasn't we've weren't what's when's where's who'd who's why's won't would've wouldn't you'd
    you'll you're you've
"""


def choices_of(columns: dict[str, str]) -> dict[str, str]:
    """Options in the order of their letters."""
    return {letter: columns[letter] for letter in sorted(columns)}


def can_infer(answer: str, choices: dict[str, str], version: int) -> str | None:
    return can_infer_option(answer, choices, version) or can_infer_text(answer, choices, version)


def can_infer_option(answer: str, choices: dict[str, str], version: int) -> str | None:
    if "Failed to obtain answer via API" in answer:
        return None
    if any(refusal in answer for refusal in REFUSALS):
        return "Z"
    tokens = re.sub(r"[.()\[\],:;!*#{}]", " ", answer).split()
    present = {letter for letter in choices if tokens.count(letter) > 0}
    if len(present) == 1:
        for letter in choices:
            near_end = letter in tokens and tokens.index(letter) > len(tokens) - 5
            if letter in tokens and (near_end or version == 1):
                return letter
    if not present and "Z" in tokens:
        return "Z"
    if version < 3:
        return None
    phrase = re.search(r"(?:correct\s+)?answer\s+is\s+\**([A-D])\**", answer, re.IGNORECASE)
    return phrase.group(1).upper() if phrase and phrase.group(1).upper() in choices else None


def can_infer_text(answer: str, choices: dict[str, str], version: int) -> str | None:
    low = answer.lower()
    if version > 1 and len(low) > 2 * sum(map(len, choices.values())):
        return None
    inside = [letter for letter, text in choices.items() if text.lower() in low]
    return inside[0] if len(inside) == 1 else None


def mmmu(answer: str, columns: dict[str, str], gold: str, version: int) -> tuple[str | None, float]:
    """The inferred letter, and whether it is right; an open row is one without option A."""
    if "A" not in columns:
        columns = columns | {"A": gold, "B": OTHER}
    target = gold if len(gold) == 1 and gold in "ABCDEFGHIJKLMNOPQRSTUVWXYZ" else "A"
    letter = can_infer(answer, choices_of(columns), version)
    return letter, float(letter == target)


def process_punctuation(text: str) -> str:
    out = text
    comma_in_number = any(
        text[i].isdecimal() and text[i + 1] == "," and text[i + 2].isdecimal() for i in range(len(text) - 2)
    )
    for mark in [*";/[]", '"', *"{}()=+\\_-><@`,?!"]:
        if mark + " " in text or " " + mark in text or comma_in_number:
            out = out.replace(mark, "")
        else:
            out = out.replace(mark, " ")
    kept, removed = [], 0
    for i, character in enumerate(out):
        beside_digit = out[i - 1 : i].isdecimal() or out[i + 1 : i + 2].isdecimal()
        if character == "." and not beside_digit and removed < 32:
            removed += 1
        else:
            kept.append(character)
    return "".join(kept)


def yes_or_no(answer: str) -> str | None:
    words = process_punctuation(answer.lower()).split()
    if "yes" in words and "no" not in words:
        return "Yes"
    if "no" in words and "yes" not in words:
        return "No"
    return None


def vqa_normalise(text: str) -> str:
    """Without the whole table of contractions: the replies that are compared use only `CONTRACTED`."""
    text = process_punctuation(text.replace("\n", " ").replace("\t", " ").strip())
    numbers = "zero one two three four five six seven eight nine ten"
    digits = {word: str(number) for number, word in enumerate(numbers.split())}
    digits["none"] = "0"
    words = [digits.get(word, word) for word in text.lower().split()]
    bare = {form.replace("'", "", 1): form for form in CONTRACTED.split()}
    return " ".join(bare.get(word, word) for word in words if word not in ("a", "an", "the"))


def vqa_score(answer: str, golds: list[str]) -> float:
    read, right = vqa_normalise(answer), [vqa_normalise(gold) for gold in golds]
    shares = []
    for i in range(len(right)):
        others = [gold for j, gold in enumerate(right) if j != i]
        shares.append(min(1.0, others.count(read) / 3))
    return sum(shares) / len(shares)


def levenshtein(one: str, other: str) -> int:
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        last, row[0] = row[0], i
        for j, b in enumerate(other, 1):
            last, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, last + (a != b))
    return row[-1]


def anls(answer: str, golds: list[str]) -> float:
    distances = []
    for gold in golds:
        edits = levenshtein(" ".join(answer.lower().split()), " ".join(gold.lower().split()))
        longest = max(len(answer), len(gold))
        distances.append(edits / longest if longest else 0.0)
    score = 1 - min(distances)
    return score if score >= 0.5 else 0.0


def to_float(text: str) -> float | None:
    try:
        return float(text.rstrip("%")) / 100 if text.endswith("%") else float(text)
    except ValueError:
        return None


def relaxed(answer: str, golds: list[str]) -> float:
    answer = answer.strip()
    for gold in golds:
        read, right = to_float(answer), to_float(gold)
        if read is not None and right:
            if abs(read - right) / abs(right) <= 0.05:
                return 1.0
        elif answer.lower() == gold.lower():
            return 1.0
    return 0.0


def exact(answer: str, golds: list[str]) -> float:
    return float(any(answer.strip().lower() == gold.strip().lower() for gold in golds))


def ocrbench(answer: str, golds: list[str], category: str) -> float:
    def plain(text: str) -> str:
        if category == "Handwritten Mathematical Expression Recognition":
            return text.replace("\n", " ").strip().replace(" ", "")
        return text.lower().strip().replace("\n", " ")

    return float(any(plain(gold) in plain(answer) for gold in golds))


def mathvista_prefetch(answer: str, extra: dict[str, Any], gold: str, version: int) -> str | None:
    """The answer that needs no judge, as text; None if the judge is asked."""
    if extra["question_type"] == "multi_choice":
        texts = ast.literal_eval(extra["choices"])
        return can_infer(answer, dict(zip("ABCDEFGHIJ", map(str, texts), strict=False)), version)
    parse: Any = {"integer": int, "float": float}.get(extra["answer_type"])
    if parse is None:
        return None
    try:
        read = parse(answer)
        return str(read) if read == parse(gold) and read else None
    except ValueError:
        return None
