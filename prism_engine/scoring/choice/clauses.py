"""What one clause says about options: it states, denies or merely mentions them; see `sentences.py`."""

from __future__ import annotations

import re
from enum import Enum
from typing import TYPE_CHECKING, Final, NamedTuple

from prism_engine.scoring.choice import remarks
from prism_engine.scoring.choice import vocabulary as words
from prism_engine.scoring.choice.signs import LETTER, SIGN, TEXT

if TYPE_CHECKING:
    from collections.abc import Iterator


class Act(Enum):
    """What a clause does with options."""

    STATES = "states"
    SUGGESTS = "suggests"
    """States, but gives way to a statement made earlier."""
    SUPPOSES = "supposes"
    """States with "maybe": gives way to any other."""
    DENIES = "denies"
    MENTIONS = "mentions"
    WAVERS = "wavers"
    """States more than one option in one breath."""
    ASKS = "asks"
    LEAVES = "leaves"
    """Names options in a condition, a remark or a report, which states nothing."""
    RECHECKS = "rechecks"
    """Announces another look at the question."""
    RETRACTS = "retracts"
    """Takes back the statement before it."""
    NONE_FITS = "none fits"


class Event(NamedTuple):
    """One act about these options, each a sign."""

    act: Act
    signs: tuple[str, ...] = ()
    clean: bool = False
    """The sentence says nothing else."""
    concludes: bool = False
    """It follows a "therefore", so it replaces what the sentence has said before."""
    contrasts: bool = False
    """It follows a "but"."""


ITEM: Final = re.compile(SIGN)
_SOME: Final = rf"(?P<signs>{words.ONE_OR_MORE})"
_SMALL: Final = (
    r"(?:\s?(?:be|the|option|options|choice|choices|answer|a|an|to|is|it|it's|both|either|of|that"
    r"|for|:|number|letter|answers|die|la|le|l'|der|el|o|é|è|es|ist|est|que))*\s?"
)
_LATIN: Final = "0-9A-Za-z\u00c0-\u052f'"
_WORD: Final = rf"(?:\s?(?:[{_LATIN}]++|[^\s{_LATIN}{SIGN[1:-1]}]))"
"""A word of a script with blanks between words, or any other character; possessive, so that no word is split."""

_DENYING: Final = re.compile(rf"{words.NOT}|{words.WRONG}|{words.ELIMINATE}|{words.INSTEAD}|n't\b")
"""Without any of these, the three patterns below, which cost much more, match nothing."""
_DENIED_BEFORE: Final = re.compile(rf"(?:{words.INSTEAD}|n't(?: be)?)(?!\s?[:,-]){_SMALL}{_SOME}")
_ELIMINATED: Final = re.compile(rf"{words.ELIMINATE}{_WORD}{{0,3}}?{_SMALL}{_SOME}")
_DENIED_AFTER: Final = re.compile(
    rf"{_SOME}(?!\s?(?:and|but|or)\b)(?:{_WORD}(?!\s?(?:and|but|or)\b)){{0,5}}?\s?(?:{words.NOT}|{words.WRONG}|n't\b)"
)
_WRONG_NEXT: Final = re.compile(
    rf"\s?(?:,|is|was|are|:)?\s?(?:clearly |also |definitely )?(?:{words.WRONG}|not\b"
    r"|(?:が|は|은|는|이|가)?\s?(?:ではな|じゃな|でな|ではあり|じゃあり|でもな|でもあり|ではござ|아니|아닙))"
)
_WRONG_LABEL: Final = re.compile(
    r"\b(?:wrong|incorrect|false|mistaken|invalid|worst|bad|unlikely|least \w+)\b(?: (?:answer|option|choice|one|guess"
    r"|letter)s?)?[ :(=-]*(?:is|are|would be)?[ :(=-]*$"
)
_COULD: Final = re.compile(r"\b(?:could|might|may)\b")
_NEGATION: Final = re.compile(rf"{words.NOT}|n't\b|\bdoubts?\b|\bdoubtful\b")
_ANSWER_IS: Final = re.compile(
    rf"{words.ANSWER}{_WORD}{{0,8}}?\s?{words.LINK}(?:\s?(?:{words.FILLER.pattern}|[:(\"'=-])){{0,9}}\s?{_SOME}"
)
_IT_IS: Final = re.compile(
    rf"\bit(?:'s| is| must be| has to be| has got to be| can only be| should be| ought to be)(?: \w+ly| really"
    rf"| then| option"
    rf"| indeed| actually)? (?P<signs>{LETTER})[\s.!']*$"
)
_CHOSEN: Final = re.compile(
    rf"(?:^|{words.SPEAKER}{_WORD}{{0,4}}?\s?|\bwould |\band |(?=[选選])|应该?|故|所以"
    rf"|因此){words.CHOOSE}(?:\s?(?:{words.FILLER.pattern}|[:(\"'-])){{0,9}}\s?{_SOME}"
)
_IS_RIGHT: Final = re.compile(
    rf"{_SOME}\s?(?P<copula>(?:stands out as|emerges as|turns out to be|comes out as|proves to be|is|are"
    rf"|must be|has to be|seems|strikes me as|seems to be|appears|appears to be|should be"
    rf"|remains|looks|looks like|comes|was|it is|为|是|est|ist|es|è|é|is also|sounds|makes)\s?)?"
    rf"(?:(?!{remarks.ONLY_PLAUSIBLE}){words.FILLER.pattern}\s?|[:=-]\s?){{0,5}}?(?:{words.RIGHT})"
)
_LETTERS: Final = re.compile(LETTER)
_TOPIC: Final = re.compile(rf"(?:and |as |now )?(?:for|on|about|with) (?:option )?{SIGN}$")
"""Names what the rest of the sentence is about: "for B, details are missing"."""
_OF_TEXT: Final = re.compile(TEXT)
_ONLY: Final = re.compile(
    rf"\bonly (?:option |choice )?{_SOME}(?= ?\w)|{_SOME.replace('signs', 'subject')} (?:is|was"
    rf"|remains) (?:therefore |thus )?the "
    r"(?:(?:only|sole|single|one|last)\b|(?:option|choice|answer) (?:that|which)\b)"
)
_POINTED: Final = re.compile(rf"{words.POINTS}{_SMALL}{_SOME}")
_PREPOSITION: Final = re.compile(rf"(?:and |then |finally ){{0,3}}(?:to|from|in|on|at|by|with|of|into|near) {TEXT}")
_EQUALS: Final = re.compile(rf"[\d)%{SIGN[1:-1]}] ?= ?(?P<signs>{TEXT})(?: \w+){{0,2}}[\s.!]*$")
_SUBJECT_IS: Final = re.compile(
    rf"^(?:so |thus |therefore )?(?:the|this|that|its?) [^:{SIGN[1:-1]}]{{1,60}} (?:is|was|are|would be"
    rf"|must be) (?:called |most likely |probably )?"
    rf"(?P<signs>{TEXT})[\s.!']*$"
)
_SEEMS: Final = re.compile("seems|appears|looks|sounds")
_WOULD: Final = re.compile(r"\b(?:would|'d|serait|wäre|sería|seria|sarebbe)\b")
_UNSURE: Final = re.compile(remarks.UNSURE)
_PLAUSIBLE: Final = re.compile(remarks.ONLY_PLAUSIBLE)
_REST: Final = re.compile(rf"{words.FILLER.pattern}|{SIGN}|[\W_]|(?<!in )\d")
_LABEL: Final = re.compile(rf"^[^:{SIGN[1:-1]}]{{1,120}}:[^\w{SIGN[1:-1]}]*({SIGN})[^\w{SIGN[1:-1]}]*$")


def clause_events(clause: str) -> Iterator[Event]:
    """Yield what a clause does with options: denials first."""
    denying = _DENYING.search(clause) is not None
    for pattern in (_DENIED_BEFORE, _ELIMINATED) if denying else ():
        for found in pattern.finditer(clause):
            yield Event(Act.DENIES, tuple(ITEM.findall(found["signs"])))
        clause = pattern.sub(" ", clause)
    stated = _ANSWER_IS.search(clause) or _IT_IS.search(clause) or _CHOSEN.search(clause)
    if stated and not _NEGATION.search(clause[: stated.start("signs")]):
        before = clause[: stated.start("signs")]
        wrong = _WRONG_NEXT.match(clause, stated.end("signs")) or _WRONG_LABEL.search(before)
        yield _about(Act.DENIES if wrong else Act.SUPPOSES if _COULD.search(before) else Act.STATES, stated["signs"])
        if wrong:
            rest = clause[max(wrong.end() if wrong.string is clause else 0, stated.end("signs")) :]
            yield from clause_events(rest.lstrip("くない "))
        return
    while denying and (denied := _DENIED_AFTER.search(clause)):
        yield Event(Act.DENIES, tuple(ITEM.findall(denied["signs"])))
        clause = f"{clause[: denied.start()]} {clause[denied.end() :]}"
    signs = tuple(ITEM.findall(clause))
    if not signs:
        return
    if _NEGATION.search(clause, 0, clause.index(signs[0])):
        yield Event(Act.DENIES, signs)
        return
    yield from _affirmed(clause, signs)


def _affirmed(clause: str, signs: tuple[str, ...]) -> Iterator[Event]:
    """Yield what a clause without negation does with its options."""
    if _WRONG_LABEL.search(clause, 0, clause.index(signs[0])):
        yield Event(Act.DENIES, signs)
        return
    if only := _ONLY.search(clause):
        yield _about(Act.SUGGESTS, only["signs"] or only["subject"])
        return
    unsure = _UNSURE.search(clause) is not None or _PLAUSIBLE.search(clause) is not None
    if not _REST.sub("", clause) and not _PREPOSITION.match(clause) and not _TOPIC.match(clause):
        yield _about(Act.SUPPOSES if unsure else Act.STATES, clause)
    elif (right := _IS_RIGHT.search(clause)) and (right["copula"] or not _OF_TEXT.search(right["signs"])):
        weak = unsure or not right["copula"] or _SEEMS.match(right["copula"])
        yield _about(
            Act.SUPPOSES if unsure else Act.SUGGESTS if weak or _WOULD.search(clause) else Act.STATES, right["signs"]
        )
    elif said := _SUBJECT_IS.match(clause):
        yield _about(Act.SUPPOSES if unsure else Act.SUGGESTS, said["signs"])
    elif result := _EQUALS.search(clause):
        yield _about(Act.SUGGESTS, result["signs"])
    elif pointed := _POINTED.search(clause):
        other = _LETTERS.search(clause, 0, pointed.start())  # "A implies B" is about both
        yield Event(Act.MENTIONS, signs) if other else _about(Act.SUGGESTS, pointed["signs"])
    elif _LABEL.match(clause):
        yield _about(Act.SUGGESTS, clause)
    else:
        yield Event(Act.MENTIONS, signs)


def place(sign: str) -> int:
    """Return which option a sign stands for."""
    return ord(sign) & 0xFF


def _about(act: Act, text: str) -> Event:
    signs = tuple(ITEM.findall(text))
    several = len(set(map(place, signs))) > 1
    return Event(Act.WAVERS if several and act is not Act.DENIES else act, signs)
