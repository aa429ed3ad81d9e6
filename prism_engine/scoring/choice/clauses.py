"""What a sentence says about options: it states, denies or merely mentions them; see `committed.py`.

A sentence is split into clauses at commas and at the words that turn it (`vocabulary.py`). A clause that asks, sets a
condition, reports others or remarks on mistakes and second choices states nothing.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import TYPE_CHECKING, Final, NamedTuple

from prism_engine.scoring.choice import vocabulary as words
from prism_engine.scoring.choice.slots import MARKED, SLOT, TEXT

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
    RETRACTS = "retracts"
    """Takes back the statement before it."""
    NONE_FITS = "none fits"


class Event(NamedTuple):
    """One act about these options, each a slot."""

    act: Act
    slots: tuple[str, ...] = ()
    clean: bool = False
    """The sentence says nothing else."""
    concludes: bool = False
    """It follows a "therefore", so it replaces what the sentence has said before."""


_LONGEST: Final = 700
"""Characters of a sentence that are read; of a longer one, its start and its end. Bounds the cost of every pattern."""
_COMMA: Final = re.compile(r",(?!\d)|,(?=\d+ )")
_LIST_COMMA: Final = re.compile(rf"(?<={SLOT}),? (?=(?:and|or|nor) {SLOT})|(?<={SLOT}), ?(?={SLOT}\s?(?:[,.;)]|$|and |or |nor ))")
_OWN_CLAUSE: Final = re.compile(rf"(?<={SLOT}),? (?:and|or|but) (?={SLOT}{words.SINGULAR})")
_TOGETHER: Final = re.compile(r"\b(?:none|neither|nor|both|all)\b")
_AND_NEXT: Final = re.compile(r"\s*(?:and|or|nor) ")
_ITEM: Final = re.compile(SLOT)
_SOME: Final = rf"(?P<slots>{words.ONE_OR_MORE})"
_SMALL: Final = r"(?:\s?(?:be|the|option|options|choice|choices|answer|a|an|to|is|it|it's|both|either|of|that|for|:|number|letter|answers|die|la|le|l'|der|el|o|é|è|es|ist|est|que))*\s?"
_WORD: Final = rf"(?:\s?[^\s{SLOT[1:-1]}]+)"

_DENIED_BEFORE: Final = re.compile(rf"(?:{words.INSTEAD}|n't(?: be)?)(?!\s?[:,-]){_SMALL}{_SOME}")
_ELIMINATED: Final = re.compile(rf"{words.ELIMINATE}{_WORD}{{0,3}}?{_SMALL}{_SOME}")
_DENIED_AFTER: Final = re.compile(rf"{_SOME}(?!\s?(?:and|but|or)\b)(?:{_WORD}(?!\s?(?:and|but|or)\b)){{0,5}}?\s?(?:{words.NOT}|{words.WRONG}|n't\b)")
_WRONG_NEXT: Final = re.compile(rf"\s?(?:,|is|was|are|:)?\s?(?:clearly |also |definitely )?(?:{words.WRONG}|not\b)")
_WRONG_LABEL: Final = re.compile(r"\b(?:wrong|incorrect|false|mistaken|invalid|worst|bad|unlikely)\b(?: (?:answer|option|choice|one|guess|letter)s?)?[ :(=-]*(?:is|are|would be)?[ :(=-]*$")
_COULD: Final = re.compile(r"\b(?:could|might|may)\b")
_DOUBLE: Final = re.compile(
    r"\b(?:not|n't|never|cannot be|can't be|isn't|without being|doesn't|does not|nothing) (?:be )?(?:contradict\w*|wrong|incorrect|ruled out|excluded|eliminated|conflicts?|false|rejected|discarded|unlikely|fail\w*)"
)
_NEGATION: Final = re.compile(rf"{words.NOT}|n't\b|\bdoubts?\b|\bdoubtful\b")
_ANSWER_IS: Final = re.compile(
    rf"{words.ANSWER}{_WORD}{{0,8}}?\s?{words.LINK}(?:\s?(?:{words.FILLER.pattern}|[:(\"'=-])){{0,9}}\s?{_SOME}"
)
_CHOSEN: Final = re.compile(
    rf"(?:^|{words.SPEAKER}{_WORD}{{0,4}}?\s?|\bwould |\band |(?=[选選])|应该?|故|所以|因此){words.CHOOSE}(?:\s?(?:{words.FILLER.pattern}|[:(\"'-])){{0,9}}\s?{_SOME}"
)
_IS_RIGHT: Final = re.compile(
    rf"{_SOME}\s?(?P<copula>(?:is|are|must be|has to be|seems|seems to be|appears|appears to be|should be|remains|looks|looks like|was|it is|为|是|est|ist|es|è|é|is also|sounds|makes)\s?)?"
    rf"(?:(?!{words.ONLY_PLAUSIBLE}){words.FILLER.pattern}\s?|[:=-]\s?){{0,5}}?(?:{words.RIGHT})"
)
_ITEM_OF_TEXT: Final = re.compile(TEXT)
_POINTED: Final = re.compile(rf"{words.POINTS}{_SMALL}{_SOME}")
_WOULD: Final = re.compile(r"\b(?:would|'d|serait|wäre|sería|seria|sarebbe)\b")
_ASIDE: Final = re.compile(rf"{words.REMARK}|{words.OTHERS}")
_IF: Final = re.compile(words.IF)
_INVERTED: Final = re.compile(r"^[^\w\ue000-\ue2ff]*(?:were|had|should|wäre|hätte) (?!to\b)[^?]{3,120}?,")
_EXPLAINED: Final = re.compile(rf"{SLOT}\s?:\s*\S")
"""What follows a colon explains the statement before it."""
_PURPOSE: Final = re.compile(r"^[^\w\ue000-\ue2ff]*(?:in order )?to (?:choose|pick|select|answer|get|reach|justify|be|make|prefer|say)\b")
_UNSURE: Final = re.compile(words.UNSURE)
_PLAUSIBLE: Final = re.compile(words.ONLY_PLAUSIBLE)
_REST: Final = re.compile(rf"{words.FILLER.pattern}|{SLOT}|[\W_]|\d")
_OR: Final = re.compile(r"\bor\b")
_YES: Final = re.compile(r"^[^\w\ue000-\ue2ff]*(?:yes|yeah|correct|right|indeed|exactly)\b")
_NO: Final = re.compile(r"^[^\w\ue000-\ue2ff]*(?:no|nope|not|wrong|incorrect)\b")
_GREATER: Final = re.compile(rf"^(?:[\w ]{{0,20}}:)?[^\w\ue000-\ue2ff]*({SLOT}) ?(?:>>?|,? then|,? followed by) ?{SLOT}")
_PREFERRED: Final = re.compile(rf"(prefer\w* {SLOT}) (?:to|over) {SLOT}")
_SO_IS: Final = re.compile(rf",? ?\b(?:and|then|but)? ?so (?:is|are|was|does|do) ({SLOT})")
_LABEL: Final = re.compile(rf"^[^:{SLOT[1:-1]}]{{1,120}}:[^\w{SLOT[1:-1]}]*({SLOT})[^\w{SLOT[1:-1]}]*$")
_CLEAN: Final = re.compile(rf"{words.FILLER.pattern}|{words.ANSWER}|{words.CHOOSE}|{words.SPEAKER}|wait|however|actually|correction|sorry|{SLOT}|[\W_]|\d")


def sentence_events(sentence: str, asked: tuple[str, ...] = ()) -> Iterator[Event]:
    """Yield what a sentence does with options, in its order.

    Args:
        sentence: with slots, including the mark that ends it.
        asked: the options that the sentence before asked about.
    """
    if len(sentence) > _LONGEST:
        sentence = f"{sentence[: _LONGEST // 2]} , {sentence[-_LONGEST // 2 :]}"
    slots = tuple(_ITEM.findall(sentence))
    if words.NONE_FITS.search(sentence):
        yield Event(Act.NONE_FITS)
    if words.RETRACTED.search(sentence) and not _stated_after_retraction(sentence):
        yield Event(Act.RETRACTS)
    if asked and not slots:
        if _YES.match(sentence):
            yield Event(Act.STATES if len(set(asked)) == 1 else Act.WAVERS, asked)
        elif _NO.match(sentence):
            yield Event(Act.DENIES, asked)
        return
    if not slots:
        return
    if sentence.rstrip(" )'").endswith("?"):
        yield Event(Act.ASKS, slots)
        return
    if found := _GREATER.match(sentence):
        yield Event(Act.STATES, (found[1],))
        return
    clean = not _CLEAN.sub("", sentence)
    stated: list[tuple[str, ...]] = []
    for event in _statement_events(sentence):
        if event.act is Act.STATES:
            if stated and _place(event.slots[0]) != _place(stated[0][0]) and not event.concludes:
                if _OR.search(sentence):
                    yield from (Event(Act.DENIES, stated[0]), Event(Act.WAVERS, event.slots))
                continue  # of one sentence, the first statement counts: what follows qualifies it
            stated.append(event.slots)
        elif event.act is Act.DENIES:
            stated = [slots for slots in stated if _place(slots[0]) not in map(_place, event.slots)]
        yield event._replace(clean=clean)


def _stated_after_retraction(sentence: str) -> bool:
    """Whether the words that take back are about an option of the same sentence."""
    retracted = words.RETRACTED.search(sentence)
    return retracted is not None and bool(_ITEM.search(sentence[: retracted.start()]))


def _statement_events(sentence: str) -> Iterator[Event]:
    inverted = _INVERTED.match(sentence) is not None
    text = words.EVIDENCE.sub(" ", words.FORCED.sub(" ", sentence))
    text = _DOUBLE.sub(" correct", words.NO_DOUBT.sub(" ", text))
    for found in words.EXCEPT.finditer(text):
        rest = text[found.end() :]
        if found["all"] in ("none", "nothing", "no"):
            yield Event(Act.STATES, (found["slot"],))
        elif re.search(f"{words.WRONG}|{words.ELIMINATE}|{words.NOT}", rest):
            yield Event(Act.STATES, (found["slot"],))
            text = text[: found.start()]
        else:
            yield Event(Act.DENIES, (found["slot"],))
    text = words.EXCEPT.sub(" ", text)
    text = _PREFERRED.sub(r"\1", text).replace("answer's", "answer is")
    for found in _SO_IS.finditer(text):
        denied = re.search(f"{words.WRONG}|{words.NOT}", text[: found.start()])
        yield Event(Act.DENIES if denied else Act.WAVERS, (found[1],))
    text = text if _TOGETHER.search(text) else _OWN_CLAUSE.sub(", ", text)
    text = _LIST_COMMA.sub(lambda comma: "、" if comma[0].startswith(",") and comma[0].strip() == "," and not _AND_NEXT.match(text, comma.end()) else " ", _SO_IS.sub(" ", text))
    carried, before = inverted, ()
    for turn, segment in _segments(text):
        slots = tuple(_ITEM.findall(segment))
        if before and not slots and words.RETRACTED.search(segment):
            yield Event(Act.DENIES, before)
        before = slots or before
        if carried or turn == "unless" or _IF.search(segment) or _PURPOSE.match(segment):
            carried = inverted or not slots
            yield Event(Act.LEAVES, slots)
            continue
        aside, reason = False, turn in words.REASON
        clauses = _COMMA.split(segment)
        for position, clause in enumerate(clauses):
            slots = tuple(_ITEM.findall(clause))
            aside = aside or _ASIDE.search(clause) is not None
            if not slots:
                reason = False
                continue
            events = [Event(Act.LEAVES, slots)] if aside else list(_clause_events(clause.strip()))
            if len(clause.strip()) == 1 and clause is not segment and position + 1 < len(clauses):
                events = [Event(Act.SUGGESTS, slots)]  # "B, on the other hand, ..." has only named its subject
            if any(event.act is Act.STATES for event in events) and _EXPLAINED.search(clause):
                yield from events
                return
            events = [event._replace(concludes=turn in words.CONCLUSION) for event in events]
            yield from (event if not reason or event.act is Act.DENIES else Event(Act.LEAVES, event.slots) for event in events)
            aside = reason = False


def _segments(text: str) -> Iterator[tuple[str, str]]:
    """Yield the clauses between turns, each with the word before it."""
    turn, position = "", 0
    for found in words.TURN.finditer(text):
        yield turn, text[position : found.start()]
        turn, position = found[0].strip(), found.end()
    yield turn, text[position:]


def _clause_events(clause: str) -> Iterator[Event]:
    for pattern in (_DENIED_BEFORE, _ELIMINATED):
        for found in pattern.finditer(clause):
            yield Event(Act.DENIES, tuple(_ITEM.findall(found["slots"])))
        clause = pattern.sub(" ", clause)
    stated = _ANSWER_IS.search(clause) or _CHOSEN.search(clause)
    if stated and not _NEGATION.search(clause[: stated.start("slots")]):
        before = clause[: stated.start("slots")]
        wrong = _WRONG_NEXT.match(clause, stated.end("slots")) or _WRONG_LABEL.search(before)
        yield _about(Act.DENIES if wrong else Act.SUPPOSES if _COULD.search(before) else Act.STATES, stated["slots"])
        return
    while found := _DENIED_AFTER.search(clause):
        yield Event(Act.DENIES, tuple(_ITEM.findall(found["slots"])))
        clause = f"{clause[: found.start()]} {clause[found.end() :]}"
    slots = tuple(_ITEM.findall(clause))
    if not slots:
        return
    first = _ITEM.search(clause)
    if _NEGATION.search(clause, 0, first.start() if first else None):
        yield Event(Act.DENIES, slots)
        return
    yield from _affirmed(clause, slots)


def _affirmed(clause: str, slots: tuple[str, ...]) -> Iterator[Event]:
    """Yield what a clause without negation does with its options."""
    first = _ITEM.search(clause)
    if first and _WRONG_LABEL.search(clause, 0, first.start()):
        yield Event(Act.DENIES, slots)
        return
    unsure = _UNSURE.search(clause) is not None or _PLAUSIBLE.search(clause) is not None
    if not _REST.sub("", clause):
        yield _about(Act.SUPPOSES if unsure else Act.STATES, clause)
    elif (right := _IS_RIGHT.search(clause)) and (right["copula"] or not _ITEM_OF_TEXT.search(right["slots"])):
        weak = unsure or not right["copula"]
        yield _about(Act.SUPPOSES if unsure else Act.SUGGESTS if weak or _WOULD.search(clause) else Act.STATES, right["slots"])
    elif pointed := _POINTED.search(clause):
        yield _about(Act.SUGGESTS, pointed["slots"])
    elif _LABEL.match(clause):
        yield _about(Act.SUGGESTS, clause)
    else:
        yield Event(Act.MENTIONS, slots)


def _place(slot: str) -> int:
    return ord(slot) & 0xFF


def _about(act: Act, text: str) -> Event:
    slots = tuple(_ITEM.findall(text))
    several = len(set(map(_place, slots))) > 1
    return Event(Act.WAVERS if several and act is not Act.DENIES else act, slots)


__all__ = ["MARKED", "TEXT", "Act", "Event", "sentence_events"]
