"""What a sentence says about options, clause by clause; see `committed.py`.

A sentence is split into clauses at commas and at the words that turn it (`vocabulary.py`). A clause that asks, sets a
condition, reports others, gives a reason or remarks on mistakes and second choices states nothing.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from prism_engine.scoring.choice import vocabulary as words
from prism_engine.scoring.choice.clauses import ITEM, Act, Event, clause_events, place
from prism_engine.scoring.choice.signs import SIGN

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_LONGEST: Final = 700
"""Characters of a sentence that are read; of a longer one, its start and its end. Bounds the cost of every pattern."""
_COMMA: Final = re.compile(r",(?!\d)|,(?=\d+ )")
_LIST_COMMA: Final = re.compile(
    rf"(?<={SIGN}),? (?=(?:and|or|nor) {SIGN})|(?<={SIGN}), ?(?={SIGN}\s?(?:[,.;)]|$|and |or |nor ))"
)
_OWN_CLAUSE: Final = re.compile(rf"(?<={SIGN}),? (?:and|or|but) (?={SIGN}{words.SINGULAR})")
_TOGETHER: Final = re.compile(r"\b(?:none|neither|nor|both|all)\b")
_AND_NEXT: Final = re.compile(r"\s*(?:and|or|nor) ")
_DOUBLE: Final = re.compile(
    r"\b(?:not|n't|never|cannot be|can't be|isn't|without being|doesn't|does not"
    r"|nothing) (?:be )?(?:contradict\w*|wrong|incorrect|ruled out|excluded|eliminated|conflicts?|false|rejected"
    r"|discarded|unlikely|fail\w*)"
)
_ASIDE: Final = re.compile(
    rf"{words.REMARK}|{words.OTHERS}|{SIGN} (?:says|states|reads|claims|refers to|is about|talks about|mentions)\b"
)
_IF: Final = re.compile(words.IF)
_INVERTED: Final = re.compile(r"^[^\w\ue000-\ue2ff]*(?:were|had|should|wäre|hätte) (?!to\b)[^?]{3,120}?,")
_EXPLAINED: Final = re.compile(rf"{SIGN}\s?:\s*\S")
"""What follows a colon explains the statement before it."""
_PURPOSE: Final = re.compile(
    r"^[^\w\ue000-\ue2ff]*(?:in order )?to (?:choose|pick|select|answer|get|reach|justify|be|make|prefer|say)\b"
)
_OR: Final = re.compile(r"\bor\b")
_YES: Final = re.compile(r"^[^\w\ue000-\ue2ff]*(?:yes|yeah|correct|right|indeed|exactly)\b")
_NO: Final = re.compile(r"^[^\w\ue000-\ue2ff]*(?:no|nope|not|wrong|incorrect)\b")
_GREATER: Final = re.compile(
    rf"^(?:[\w ]{{0,20}}:)?[^\w\ue000-\ue2ff]*({SIGN}) ?(?:>>?|,? then|,? followed by) ?{SIGN}"
)
_PREFERRED: Final = re.compile(rf"(prefer\w* {SIGN}) (?:to|over) {SIGN}")
_SO_IS: Final = re.compile(rf",? ?\b(?:and|then|but)? ?so (?:is|are|was|does|do) ({SIGN})")
_CLEAN: Final = re.compile(
    rf"{words.FILLER.pattern}|{words.ANSWER}|{words.CHOOSE}|{words.SPEAKER}|wait|however|actually|correction"
    rf"|sorry|{SIGN}|[\W_]|\d"
)
_SIMPLER: Final = (
    (words.FORCED, " ", ("if",)),
    (words.EVIDENCE, " ", ("according", "based on", "given", "per ", "from", "you", "one can", "the user")),
    (words.NO_DOUBT, " ", ("no", "doubt")),
    (_DOUBLE, " correct", ("not", "n't", "never", "without")),
    (_PREFERRED, r"\1", ("prefer",)),
)
"""What a sentence is simplified by: a pattern, what replaces it, and parts without one of which it matches nothing."""
_WRONG: Final = re.compile(f"{words.WRONG}|{words.ELIMINATE}|{words.NOT}")


def sentence_events(sentence: str, asked: tuple[str, ...] = ()) -> list[Event]:
    """Return what a sentence does with options, in its order.

    Args:
        sentence: with signs, including the mark that ends it.
        asked: the options that the sentence before asked about.
    """
    if len(sentence) > _LONGEST:
        sentence = f"{sentence[: _LONGEST // 2]} , {sentence[-_LONGEST // 2 :]}"
    signs = tuple(ITEM.findall(sentence))
    events = [Event(Act.NONE_FITS)] if words.NONE_FITS.search(sentence) else []
    retracted = words.RETRACTED.search(sentence)
    if retracted and not ITEM.search(sentence, 0, retracted.start()):
        events.append(Event(Act.RETRACTS))
    if not signs:
        return events + _replies(sentence, asked) if asked else events
    if sentence.rstrip(" )'").endswith("?"):
        return [*events, Event(Act.ASKS, signs)]
    if found := _GREATER.match(sentence):
        return [*events, Event(Act.STATES, (found[1],))]
    events += _first_statement(_statements(sentence), sentence)
    if any(event.act is Act.STATES for event in events) and not _CLEAN.sub("", sentence):
        events = [event._replace(clean=True) for event in events]
    return events


def _replies(sentence: str, asked: tuple[str, ...]) -> list[Event]:
    """Return what "yes" and "no" say about the options that the sentence before asked about."""
    if _YES.match(sentence):
        return [Event(Act.STATES if len(set(map(place, asked))) == 1 else Act.WAVERS, asked)]
    return [Event(Act.DENIES, asked)] if _NO.match(sentence) else []


def _first_statement(events: Iterable[Event], sentence: str) -> Iterator[Event]:
    """Yield the events of a sentence without the statements that only qualify its first one."""
    stated: Event | None = None
    for event in events:
        if event.act is Act.DENIES and stated and place(stated.signs[0]) in map(place, event.signs):
            stated = None
        elif event.act is Act.STATES:
            if stated is None or event.concludes or place(event.signs[0]) == place(stated.signs[0]):
                stated = event
            elif _OR.search(sentence):
                yield from (Event(Act.DENIES, stated.signs), Event(Act.WAVERS, event.signs))
                continue
            else:
                continue
        yield event


def _statements(sentence: str) -> Iterator[Event]:
    """Yield the events of a sentence that is no question."""
    carried = _INVERTED.match(sentence) is not None
    text = sentence.replace("answer's", "answer is")
    for pattern, plain, parts in _SIMPLER:
        if any(part in text for part in parts):
            text = pattern.sub(plain, text)
    for pattern in (words.EXCEPT, _SO_IS):
        for found in pattern.finditer(text):
            yield _excepted(found, text) if pattern is words.EXCEPT else _likewise(found, text)
        text = pattern.sub(" ", text)
    yield from _by_segments(_lists_joined(text), carried=carried)


def _excepted(found: re.Match[str], text: str) -> Event:
    """Return what "all but B are wrong", "none but B fits" and "anything but B" say of B."""
    states = found["all"] in ("none", "nothing", "no") or _WRONG.search(text, found.end())
    return Event(Act.STATES if states else Act.DENIES, (found["sign"],))


def _likewise(found: re.Match[str], text: str) -> Event:
    """Return what "and so is B" says of B: the same as of the option before."""
    return Event(Act.DENIES if _WRONG.search(text, 0, found.start()) else Act.WAVERS, (found[1],))


def _lists_joined(text: str) -> str:
    """Replace the commas inside "A, B and C" by marks at which no clause ends."""
    text = text if _TOGETHER.search(text) else _OWN_CLAUSE.sub(", ", text)

    def joined(comma: re.Match[str]) -> str:
        return "、" if comma[0].strip() == "," and not _AND_NEXT.match(text, comma.end()) else " "

    return _LIST_COMMA.sub(joined, text)


def _by_segments(text: str, *, carried: bool) -> Iterator[Event]:
    """Yield the events of the segments between turns.

    Args:
        carried: the sentence begins as a condition.
    """
    inverted = carried
    before: tuple[str, ...] = ()
    for turn, segment in _segments(text):
        signs = tuple(ITEM.findall(segment))
        if before and not signs and words.RETRACTED.search(segment):
            yield Event(Act.DENIES, before)
        before = signs or before
        if carried or turn == "unless" or _IF.search(segment) or _PURPOSE.match(segment):
            carried = inverted or not signs
            yield Event(Act.LEAVES, signs)
            continue
        for event, explained in _by_commas(segment, reason=turn in words.REASON):
            yield event._replace(concludes=turn in words.CONCLUSION)
            if explained:
                return


def _segments(text: str) -> Iterator[tuple[str, str]]:
    """Yield the parts between turns, each with the word before it."""
    turn, position = "", 0
    for found in words.TURN.finditer(text):
        yield turn, text[position : found.start()]
        turn, position = found[0].strip(), found.end()
    yield turn, text[position:]


def _by_commas(segment: str, *, reason: bool) -> Iterator[tuple[Event, bool]]:
    """Yield the events of the clauses between commas, and whether the rest of the sentence only explains them.

    Args:
        reason: the first clause gives a reason or concedes something.
    """
    aside = False
    clauses = _COMMA.split(segment)
    for position, clause in enumerate(clauses):
        signs = tuple(ITEM.findall(clause))
        aside = aside or _ASIDE.search(clause) is not None
        if not signs:
            reason = False
            continue
        if aside:
            events = [Event(Act.LEAVES, signs)]
        elif len(clause.strip()) == 1 and position + 1 < len(clauses):
            events = [Event(Act.SUGGESTS, signs)]  # "B, on the other hand, ..." has only named its subject
        else:
            events = list(clause_events(clause.strip()))
        for event in events:
            left = reason and event.act is not Act.DENIES
            explained = event.act is Act.STATES and _EXPLAINED.search(clause) is not None
            yield (Event(Act.LEAVES, event.signs) if left else event), explained
        aside = reason = False
