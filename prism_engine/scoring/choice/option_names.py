"""What options may be called in a reply: their texts, parts of them that no other has, and other forms of them."""

from __future__ import annotations

import re
from itertools import takewhile
from typing import Final

from prism_engine.scoring.choice.plain_text import plain_text

JOINING: Final = "0-9A-Za-z\u00c0-\u02af\u0370-\u052f"
"""Characters that make one word with a Latin letter next to them."""
ARTICLE: Final = re.compile(r"^(?:an?|the) (?=.)")
EDGES: Final = " \t\r\n.,;:!?'()[]。"
_NO_UNIT: Final = r"(?!\s?[a-z°]{1,6}\b)"
"""Ends "12" as a name of "12 cm": "12 m" is something else."""
_NO_NAMES: Final = frozenset(
    ("no", "not", "none", "never", "both", "neither", "nor", "or", "without", "all", "only", "because", "to")
)
_FIRST_CLAUSE: Final = re.compile(r"^(yes|no)[,;:.]$")
_FIRST_WORDS: Final = ("both", "neither", "none", "all", "yes", "no")
_REFERRING: Final = re.compile(r"(both |neither )?([a-z]) (and|nor|or) ([a-z])")
_AMOUNT: Final = re.compile(r"(-?\d+(?:\.\d+)?)(?: ?([a-z°]{1,6}))")


def canonical(text: str) -> str:
    """Return an option's text in the spelling in which replies are searched for it."""
    plain = " ".join(lowered_alike(plain_text(text)).split())
    return ARTICLE.sub("", plain.strip(EDGES) or plain)


def names_of(texts: list[str], letters: list[str]) -> dict[str, int]:
    """Return what the options may be called, longest first."""
    names: dict[str, int | None] = {}
    for place, text in enumerate(texts):
        if text and not (len(text) == 1 and text.isascii() and text.isalpha()):
            names[text] = None if text in names else place
    by_letter = {letter.lower(): text for letter, text in zip(letters, texts, strict=True)}
    for place, text in enumerate(texts):
        for other in _other_names(text, by_letter, texts):
            names[other] = None if names.get(other, place) != place else place
    for place, name in enumerate(_ends(texts)):
        names.setdefault(name, place)
    known = {name: place for name, place in names.items() if place is not None and name}
    return dict(sorted(known.items(), key=lambda item: -len(item[0])))


def spelt_out(text: str) -> str:
    """Return a text without contractions."""
    return text.replace("n't", " not").replace("'s ", " is ").replace("'re ", " are ")


def beginnings(texts: list[str]) -> dict[str, int]:
    """Return options by their first word where no other option has it: "convex" for "convex lens"."""
    words = [frozenset(text.split()) for text in texts]
    firsts = [text.split(" ", 1)[0] for text in texts]
    return {
        first: place
        for place, first in enumerate(firsts)
        if len(first) > 2
        and first.isalpha()
        and not words[place] & _NO_NAMES
        and sum(first in each for each in words) == 1
    }


def _ends(texts: list[str]) -> list[str]:
    """Return what distinguishes the options if all begin with the same two words or more and end with two or more."""
    words = [text.split() for text in texts]
    same = (
        sum(1 for _ in takewhile(lambda column: len(set(column)) == 1, zip(*words, strict=False))) if words[1:] else 0
    )
    ends = [ARTICLE.sub("", " ".join(each[same:])) for each in words]
    return ends if same > 1 and all(" " in end for end in ends) and len(set(ends)) == len(ends) else []


def short_names(texts: list[str]) -> dict[str, int]:
    """Return options by a first word that only one has: "both", "neither", "none"."""
    firsts = [_FIRST_CLAUSE.sub(r"\1", text.split(" ", 1)[0]) for text in texts]
    return {
        word: firsts.index(word)
        for word in _FIRST_WORDS
        if firsts.count(word) == 1 and not texts[firsts.index(word)].startswith(("no ", "yes "))
    }


def _other_names(text: str, by_letter: dict[str, str], texts: list[str]) -> list[str]:
    """Return other names: "only II" for "II only", "X-ray and MRI" for "Both A and B", "12" for "12 cm"."""
    if text.endswith(" only"):
        return [f"only {text[:-5]}"]
    if text.startswith("only "):
        return [f"{text[5:]} only"]
    if (pair := _REFERRING.fullmatch(text)) and pair[2] in by_letter and pair[4] in by_letter:
        one, word, two = by_letter[pair[2]], pair[3], by_letter[pair[4]]
        bare = [f"{pair[2]} {word} {pair[4]}", f"{one} {word} {two}", f"{two} {word} {one}"]
        if pair[1] == "neither ":
            return [f"neither {each}" for each in bare]
        return [*bare, *(f"both {each}" for each in bare)]
    if amount := _AMOUNT.fullmatch(text):
        same = [found for other in texts if (found := _AMOUNT.fullmatch(other)) and found[2] == amount[2]]
        return [amount[1]] if len(same) == len(texts) else []
    return []


def any_of(texts: list[str], own: list[str]) -> re.Pattern[str]:
    """Return a pattern of these texts as whole words and numbers, perhaps after an article."""
    if not texts:
        return re.compile(r"(?!)(?P<text>)")
    names = (_whole(text) + (_NO_UNIT if text[-1].isdigit() and text not in own else "") for text in texts)
    return re.compile(rf"(?<![{JOINING}])(?<!\w-)(?:(?:the|an?) )?(?P<text>{'|'.join(names)})")


def _whole(text: str) -> str:
    first, *rest = text.split()
    gaps = (r"(?:\s{1,3}|(?<=\w)-)" if word[0] in "0123456789." else r"[\s-]{1,3}" for word in rest)
    words = re.escape(first) + "".join(gap + re.escape(word) for gap, word in zip(gaps, rest, strict=True))
    before = r"(?<!\d[.,/-])(?<![-./√])" if text[0].isdigit() else rf"(?<![{JOINING}])"
    if text[0] == "-":
        before = r"(?<![\d.)])"
    after = rf"(?![{JOINING}]|-\w)" if text[-1].isalnum() else ""
    if text[-1].isdigit():
        after += r"(?![.,/:]\d)(?!\s?[%°‰π√\u00d7x/])"
    return f"{before}{words}{after}"


def lowered_alike(text: str) -> str:
    """Return a text in lower case, of the same length."""
    low = text.lower()
    return low if len(low) == len(text) else "".join(c.lower() if len(c.lower()) == 1 else c for c in text)
