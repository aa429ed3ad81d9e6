"""What a sentence says about options, clause by clause; see `committed.py`.

A sentence is split into clauses at commas and at the words that turn it (`vocabulary.py`). A clause that asks, sets a
condition, reports others, gives a reason or remarks on mistakes and second choices states nothing.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from prism_engine.scoring.choice import remarks, turning
from prism_engine.scoring.choice import vocabulary as words
from prism_engine.scoring.choice.alternation import gate
from prism_engine.scoring.choice.clauses import ITEM, Act, Event, clause_events, place
from prism_engine.scoring.choice.rewriting import simplified
from prism_engine.scoring.choice.signs import SIGN, TEXT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_LONGEST: Final = 700
"""Characters of a sentence that are read; of a longer one, its start and its end. Bounds the cost of every pattern."""
_LONGEST_CLEAN: Final = 200
"""Characters of a sentence that may say nothing else than its statement."""
_COMMA: Final = re.compile(r",(?!\d)|,(?=\d+ )")
_LIST_COMMA: Final = re.compile(
    rf"(?<={SIGN}),? (?=(?:and|or|nor) {SIGN})|(?<={SIGN}), ?(?={SIGN}\s?(?:[,.;)]|$|and |or |nor ))"
)
_OWN_CLAUSE: Final = re.compile(rf"(?<={SIGN}),? (?:and|or|but) (?={SIGN}{words.SINGULAR})")
_TOGETHER: Final = re.compile(r"\b(?:none|neither|nor|both|all)\b")
_AND_NEXT: Final = re.compile(r"\s*(?:and|or|nor) ")
_ASIDE: Final = re.compile(
    rf"{remarks.REMARK}|{remarks.OTHERS}|{SIGN} (?:says|states|reads|claims|refers to|is about|talks about|mentions)\b"
)
_REMARK: Final = re.compile(remarks.REMARK)
_IF: Final = re.compile(remarks.IF)
_INVERTED: Final = re.compile(
    r"^[^\w\ue000-\ue2ff]*(?:were|had|should|wäre|hätte) (?!to\b)[^?]{3,120}?,"
    r"|^\W*when(?:ever)? (?!we\b|you\b|i\b|one\b|it comes|\w+ing\b)[^,\ue000-\ue2ff]{3,60}, the (?:\w+ )?answer\b"
)
_EXPLAINED: Final = re.compile(rf"{SIGN}\s?:\s*\S")
"""What follows a colon explains the statement before it."""
_PURPOSE: Final = re.compile(
    r"^[^\w\ue000-\ue2ff]*(?:in order )?to (?:choose|pick|select|answer|get|reach|justify|be|make|prefer|say)\b"
)
_OR: Final = re.compile(r"\bor\b")
_YES: Final = re.compile(r"^[^\w\ue000-\ue2ff]*(?:yes|yeah|yep|yup|correct|right|indeed|exactly)\b")
_NO: Final = re.compile(r"^[^\w\ue000-\ue2ff]*(?:no|nope|not|wrong|incorrect)\b")
GREATER: Final = re.compile(
    rf"^(?:[\w ]{{0,20}}:)?[^\w\ue000-\ue2ff]*({SIGN}) ?(?:\([^()]{{0,20}}\) ?)?(?:>>?|,? then|,? followed by) ?{SIGN}"
    rf"|^(?!.{{0,60}}least to)[^:]{{0,60}}\b(?:rank\w*|most to least|descending|order of (?:likelihood"
    rf"|probability))\b[^:]{{0,60}}:"
    rf"[^\w\ue000-\ue2ff]*({SIGN}) ?,"
)
_ONE_TEXT: Final = re.compile(rf"({TEXT})\1*$")
_SO_IS: Final = re.compile(
    rf",? ?\b(?:and|then|but)? ?so (?:is|are|was|does|do) ({SIGN})"
    rf"|,? (?:and|or|nor) (?:\w+ly |perhaps |maybe |also |even |likely ){{0,2}}({SIGN}),? (?:as well|too|also"
    rf"|either|likewise)\b"
)
_TAGGED: Final = re.compile(
    r"^(?!\W*(?:is|are|was|would|could|should|does|do|did|can|why|how|what|which|who|where|when)\b)(.*)"
    r"(?:, (?:right|correct|isn't it|yes|ok)|(?<=^its .)(?: right)|(?<=^it's .)(?: right)"
    r"|(?<=^has to be .)(?: right))\?$"
)
"""A statement that ends with "right?"."""
_NO_SIGN: Final = "[^\ue000-\ue2ff]"
_AS_WELL: Final = re.compile(
    r"\bnot (?:only|just|merely|solely)\b.{1,80}\b(?:also|too|as well)\b|\b(?:but|aber|mais|pero|ma"
    r"|mas) (?:also|auch|aussi"
    rf"|también|anche|também)\b|\b(?:unless|or) (?:it's|it is|else) (?:option )?{SIGN}|{SIGN},? (?:too|as well)\W*$"
    rf"|^{_NO_SIGN}*\b(?:zwischen|entre|tra|fra|tussen|mellan|mellem|между|między)\b{_NO_SIGN}*{SIGN}{_NO_SIGN}*{SIGN}"
    rf"{_NO_SIGN}*$"
    r"|\b(?:just as (?:well|easily|likely)|as much as|(?:could|might|may) also be|equally|as (?:likely"
    r"|plausible|possible|probable) as|as well be)\b"
)
_SCORES: Final = re.compile(rf"^{_NO_SIGN}*(?:{SIGN}[^\w\ue000-\ue2ff]{{0,3}}\d+[^\w%\ue000-\ue2ff]*){{2,}}$")
_SAVE: Final = re.compile(
    rf"^[^\w\ue000-\ue2ff]*(?:apart from|except(?: for)?|other than|besides|aside from) (?:option )?({SIGN}),? "
    r"(?P<all>no|none|nothing|all|every|everything|the others?)\b"
)
CHAIN: Final = re.compile(rf"{SIGN}(?:\s?(?:→|->|=>|➡)\s?{SIGN})+")
_CLEAN: Final = re.compile(
    rf"{words.FILLER.pattern}|{words.ANSWER}|{words.CHOOSE}|{words.SPEAKER}|wait|however|actually|correction"
    rf"|sorry|{SIGN}|[\W_]|\d"
)


_ELIMINATE: Final = re.compile(words.ELIMINATE)
_FAILS: Final = re.compile(r"^(?:all|everything|every|each|any)\b[\w' ]*\b(?:fails?|drops? out|falls?)\b")
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
    if sentence.endswith("?"):
        sentence = _TAGGED.sub(r"\1.", sentence)
    events = [Event(Act.NONE_FITS)] if turning.NONE_FITS.search(sentence) else []
    retracted = turning.RETRACTED.search(sentence)
    if turning.RECHECKED.search(sentence):
        events.append(Event(Act.RECHECKS))
    if retracted and not ITEM.search(sentence, 0, retracted.start()):
        events.append(Event(Act.RETRACTS))
    if not signs:
        return events + _replies(sentence, asked) if asked else events
    if sentence.rstrip(" )'").endswith("?"):
        return [*events, Event(Act.ASKS, signs)]
    if whole := _as_a_whole(sentence, signs):
        return events + whole
    sentence = CHAIN.sub(lambda chain: " " if len(set(map(place, ITEM.findall(chain[0])))) > 1 else chain[0], sentence)
    events += _first_statement(_statements(sentence), sentence)
    if (
        len(sentence) < _LONGEST_CLEAN
        and any(event.act is Act.STATES for event in events)
        and not _CLEAN.sub("", sentence)
    ):
        events = [event._replace(clean=True) for event in events]
    return events


def _as_a_whole(sentence: str, signs: tuple[str, ...]) -> list[Event]:
    """Return what a ranking, "A, but B just as well" and "except for A, none fits" say; nothing for others."""
    if found := GREATER.match(sentence):
        return [Event(Act.STATES, (found[1] or found[2],))]
    if _SCORES.match(sentence):
        return [Event(Act.LEAVES, signs)]
    if _AS_WELL.search(sentence) and len(set(map(place, signs))) > 1:
        return [Event(Act.DENIES, signs), Event(Act.WAVERS, signs)]
    if (saved := _SAVE.match(sentence)) and (saved["all"][:2] == "no" or _WRONG.search(sentence, saved.end())):
        return [Event(Act.STATES, (saved[1],))]
    return []


def _replies(sentence: str, asked: tuple[str, ...]) -> list[Event]:
    """Return what "yes" and "no" say about the options that the sentence before asked about."""
    if _YES.match(sentence):
        return [Event(Act.STATES if len(set(map(place, asked))) == 1 else Act.WAVERS, asked)]
    return [Event(Act.DENIES, asked)] if _NO.match(sentence) else []


def _first_statement(events: Iterable[Event], sentence: str) -> Iterator[Event]:
    """Yield the events of a sentence without the statements that only qualify its first one."""
    stated: Event | None = None
    events = list(events)
    last = max((at for at, event in enumerate(events) if event.contrasts and event.act is Act.SUGGESTS), default=0)
    for at, one in enumerate(events):
        event = Event(Act.LEAVES, one.signs) if at < last and one.act is Act.SUGGESTS else one
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
    text = simplified(text)
    for pattern, act, may_match in _TAKEN_OUT:
        if may_match(text):
            for found in pattern.finditer(text):
                yield act(found, text)
            text = pattern.sub(" ", text)
    yield from _by_segments(_lists_joined(text), carried=carried)


def _excepted(found: re.Match[str], text: str) -> Event:
    """Return what "all but B are wrong", "none but B fits" and "anything but B" say of B."""
    states = (
        found["all"] in ("none", "nothing", "no")
        or _WRONG.search(text, found.end())
        or _FAILS.search(found[0])
        or _ELIMINATE.search(text, 0, found.start())
        or re.search(r"(?:n't|not|cannot|never)(?: be)? $", text[: found.start()])
    )
    return Event(Act.STATES if states else Act.DENIES, (found["sign"],))


def _likewise(found: re.Match[str], text: str) -> Event:
    """Return what "and so is B" says of B: the same as of the option before."""
    return Event(Act.DENIES if _WRONG.search(text, 0, found.start()) else Act.WAVERS, (found[1] or found[2],))


_TAKEN_OUT: Final = (
    (turning.EXCEPT, _excepted, gate(" but", "except", "besides", "other than", "apart from", " than ")),
    (_SO_IS, _likewise, gate("so ", "as well", " too", "also", "either", "likewise")),
)
"""What is read before the rest of a sentence, with parts without one of which it matches nothing."""


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
    inverted, was_aside = carried, False
    before: tuple[str, ...] = ()
    for turn, segment in _segments(text):
        signs = tuple(ITEM.findall(segment))
        if before and not signs and turning.RETRACTED.search(segment):
            yield Event(Act.DENIES, before)
        before = signs or before
        if carried or turn == "unless" or _IF.search(segment) or _PURPOSE.match(segment):
            carried = inverted or not signs
            yield Event(Act.LEAVES, signs)
            continue
        aside = turn == "which" and was_aside
        was_aside = _REMARK.search(segment) is not None
        for event, explained in _by_commas(segment, reason=turn in turning.REASON, aside=aside):
            named = event.act is Act.MENTIONS and turn in turning.CONCLUSION and _ONE_TEXT.match("".join(signs))
            said = Event(Act.SUGGESTS, signs) if named else event
            yield said._replace(concludes=turn in turning.CONCLUSION, contrasts=turn in turning.CONTRAST)
            if explained:
                return


def _segments(text: str) -> Iterator[tuple[str, str]]:
    """Yield the parts between turns, each with the word before it."""
    turn, position = "", 0
    for found in turning.TURN.finditer(text):
        yield turn, text[position : found.start()]
        turn, position = found[0].strip(), found.end()
    yield turn, text[position:]


def _by_commas(segment: str, *, reason: bool, aside: bool) -> Iterator[tuple[Event, bool]]:
    """Yield the events of the clauses between commas, and whether the rest of the sentence only explains them.

    Args:
        reason: the first clause gives a reason or concedes something.
        aside: it belongs to a remark or a report.
    """
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
