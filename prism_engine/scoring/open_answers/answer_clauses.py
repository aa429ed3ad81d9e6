"""Splits a reply into clauses and says which of them commit to what they say.

A clause that denies, supposes, asks, reports what others say, or takes back states no answer: "if it were smaller, the
answer would be 3", "one might say 3", "is it 3?", "I first thought of 3". Found by grammar: a condition, a modal with
a verb of saying, an indefinite subject, a question mark. When in doubt a clause commits to nothing.
"""
# ruff: noqa: RUF001 - replies are written in several scripts

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

from prism_engine.scoring.sentence_ends import sentences_of

if TYPE_CHECKING:
    from collections.abc import Iterator

_ASKS: Final = re.compile(r"[?？][\s*_)]*$|^\W{0,8}[\"'“‘].*[?？][\"'”’\s*_)]*$", re.DOTALL)
_CONTRAST: Final = re.compile(
    r"(?:\s*[;；]|,?\s+(?:but|however|though|although|yet|whereas)\b|,\s+(?:now|today|nowadays|but now)\b"
    r"|,\s+(?=(?:no,|no,? (?:wait|sorry)|wait|sorry|oops|i mean|correction)\b)"
    r"|,\s+(?:so|(?P<it>it (?:is|says|reads|shows)|it['’]s)|therefore|thus|hence)\b"
    r"|\s[-–—]{1,2}\s(?=\w+\s\w+\s\w+|(?:no|wait|sorry|oops|correction)\b))"
)
_DENIES: Final = re.compile(r"\bnot\b|n['’]t\b", re.IGNORECASE)
_NOT_BUT: Final = re.compile(
    r"\bnot\s(?!(?:\w+ly\s)?(?:sure|certain|clear|confident|visible|given|possible|stated|mentioned)\b)"
    r"[^.;:!?\n]{1,60}?,?\sbut\s(?!(?:i|we|it|there|he|she|they)\b)(?:(?:rather|instead)\s)?"
    r"|^\W{0,3}(?:instead of|rather than|unlike)\s[^,.;:!?\n]{1,60},\s"
    r"|^\W{0,3}not\s[^,.;:!?\n]{1,40}(?:\s?[:;—–]|,(?=\s(?:it is|it['’]s|rather|instead)\b))\s?",
    re.IGNORECASE,
)

_CONCESSION: Final = re.compile(
    r"\W{0,3}(?:although|though|while|even if|even though|despite|whereas)\s[^,.;\n]{1,120},", re.IGNORECASE
)

_SPEECH: Final = (
    r"(?:say|think|believe|answer|guess|argue|claim|assume|suppose|expect|choose|object|suggest|call|take|read|count"
    r"|see"
    r"|conclude|infer|pick|write|respond|reply)"
)
_SPEAKING: Final = (
    r"(?:says?|said|thinks?|thought|believe[sd]?|claim(?:s|ed)?|argue[sd]?|ask(?:s|ed)?|wonder(?:s|ed)?"
    r"|guess(?:es|ed)?|answer(?:s|ed)|suggest(?:s|ed)?|told|insist(?:s|ed)?|assume[sd]?|conclude[sd]?"
    r"|want(?:s|ed)?|expect(?:s|ed)?|hope[sd]?|prefer(?:s|red)?)"
)
_PERSONS: Final = (
    r"(?:one|some(?:one|body)?|many|most|people|others?|they|he|she|anyone|readers?|viewers?|observers?|students?"
    r"|users?|critics?|experts?|teachers?|friends?)"
)
_CONDITION: Final = re.compile(
    r"\b(?:if|supposing|suppose|assuming|imagine|pretend|assume that|let['’]s (?:say|assume|imagine)"
    r"|(?<!suggest )(?<!suggests )(?<!indicates )(?<!shows )(?<!proves )(?<!because )(?<!since )(?<!as )otherwise"
    r"|or else|wenn|falls|si)\b|如果|假如|倘若"
)
_UNLESS: Final = re.compile(r"\bunless\b")
_PROVISO: Final = re.compile(r"^\W*(?:unless|if)\s[^,]{1,100},\s")
_UNREAL: Final = re.compile(r"\b(?:would|could|might|were)\b")
_INVERTED: Final = re.compile(
    r"^\W*(?:were|had|should)\s(?:it|he|she|they|we|i|there|the|this|that|these|those|a|an)\b"
    r"|^\W*(?:with|without|excluding|including|ignoring|but for|in (?:that|this|which) case"
    r"|then)\b[^.!?]{0,80}\bwould\b"
)
_PROCEDURE: Final = re.compile(
    r"\bif (?:(?:we|you|one|i) (?:look|count|add|read|consider|examine|sum|compare|take|see|had to|have to|must|am)\b"
    r"|forced|pressed|pushed|i'm not|needed|necessary)"
)
_OTHERS: Final = re.compile(
    rf"(?<!\bi )(?<!\bwe )(?:(?<!['’])\b(?:may|might|could|would|will|often|wrongly|mistakenly|easily|sometimes))\s"
    rf"(?:\w+ly\s|be tempted to\s|also\s|well\s|instead\s){{0,2}}{_SPEECH}\b"
    r"|\b(?:could|might|may)\s(?:well\s|also\s)?be\b"
    r"|(?<!\bi )(?<!\bwe )\b(?:answered(?!\s[\"“])|claim(?:s|ed)|argue[sd]?|thinks|believe[sd]|guess(?:es|ed)"
    r"|insist(?:s|ed))\b"
    r"|\bcan\s(?:\w+ly\s|also\s)?(?:say|argue|claim|think|object|believe)\b"
    rf"|\b{_PERSONS}\s(?:(?!who\b|that\b)\w+\s)?{_SPEAKING}\b"
    r"|\b(?:common|frequent|easy|typical)\s(?:\w+\s)?(?:mistakes?|errors?|misconceptions?|misreadings?)\b"
    r"|\bmistake[sn]? (?:(?:it|this|that|these|them|him|her|one) )?(?:for|as)\b|\bconfuse[sd]? (?:\w+ )?with\b"
    r"|\btempting\b|\btempted\b|\bat first (?:glance|sight)\b|\bon the face of it\b|\bfirst impression\b"
    r"|\bmight\b|\bmay (?:seem|look|appear)\b|\bwrongly\b|\bmistakenly\b|\bcareless\w*|\bna[iï]ve\w*"
    rf"|(?:\bnot|n['’]t)\s(?:\w+ly\s)?{_SPEECH}\b"
    r"|\bwhether\b(?! or not)|\b(?:you|they|people) may\b"
    r"|\byou (?:say|suggest|claim|assume|state|said|suggested|claimed|wrote|proposed|guessed|assumed|stated"
    r"|mentioned|answered|thought)\b"
    r"|\b(?:question|prompt|hint|user|query|problem|premise) (?:says|states|claims|suggests|assumes|implies"
    r"|presupposes|mentions)\b"
)
_EARLIER: Final = re.compile(
    r"\b(?:initially|originally|at first|previously|formerly|used to|in the past|back then)\b|^\W*once\b"
    r"|\bi (?:had |have )?(?:first|initially|originally|almost|nearly)\b"
    r"|\bi (?:had |have )?(?:thought|considered|assumed|guessed"
    r"|believed|suspected)\b"
    r"|\bi was (?:going|about|inclined|tempted) to\b|\bi (?:would|could|might) have\s(?!to\b)"
    r"|\b(?:first|initial) (?:thought|guess|answer|impression|idea)\b"
)
_SECOND: Final = re.compile(
    r"\balternatively\b|\b(?:second|other|next)(?:[- ]best)? (?:choice|guess|answer|option)\b|\bless likely\b"
    r"|\banother (?:\w+ )?(?:answer|reading|option)\b|\brunner-up\b"
)
_WRONG: Final = re.compile(
    r"\b(?:is|was|are|be|seems|looks) (?:\w+ly |also )?(?:wrong|incorrect|mistaken|impossible"
    r"|not (?:right|correct|true|the answer)|too (?:high|low|big|small|large|many|few))\b"
    r"|\b(?:wrong|incorrect|mistaken|na[iï]ve) (?:approach|method|reading|way|calculation|step)\b"
    r"|\brul(?:e[sd]?|ing) out\b|\bexclud(?:e[sd]?|ing)\b|\bcontradicts?\b|\bn['’]t fit\b"
)
_DOUBT: Final = re.compile(
    r"(?<!\bno )(?<!\bwithout )(?<!\bwithout a )\bdoubt\b|\bhardly\b|\bunclear\b"
    r"|\b(?:hard|difficult|impossible) to (?:say|tell)\b|\bunlikely\b|\bdeny\b"
)
_RETRACTS: Final = re.compile(
    r"^\W*(?:(?:oh|hmm|ok|okay|but|and|no|edit|update|apologies|my apologies|sorry)\W+)?(?:wait|hold on|hmm"
    r"|scratch that|correction|on second thought"
    r"|let me (?:re|double|check|correct|look again)|i take (?:that|it) back"
    r"|i (?:misread|miscounted|made an? (?:mistake|error)|was wrong|need to correct"
    r"|must correct)|(?:that|this|it|which) (?:is|was|would be|cannot be|can['’]t be)"
    r" (?:\w+ly )?(?:wrong|incorrect|not right)"
    r"|sorry\b(?!.*\b(?:cannot|can['’]t|unable))|oops\b|i mean\b|actually\b|no,)"
)
_SUPPOSES: Final = re.compile(r"\W*(?:suppose|imagine|let['’]s (?:say|assume|suppose|imagine)|say)\b", re.IGNORECASE)
_FOLLOWS: Final = re.compile(r"\W*(?:then|so|thus|in that case)\b", re.IGNORECASE)
"""What follows from a supposition in the sentence before."""
_BRACKETS: Final = re.compile(r"\([^()\n]{0,200}\)")
_TAIL: Final = re.compile(r",\s(?:since|because|as|which|who|where|given|not|and not|unlike|contrary to)\b")


class Clause(NamedTuple):
    """A part of a reply that says one thing."""

    start: int
    """Its position in the text."""
    text: str
    commits: bool
    """Whether its writer stands by what it says."""
    retracts: bool
    """Whether it takes back what was said before."""
    opens: bool
    """Whether it begins a sentence."""

    @property
    def end(self) -> int:
        """Position behind its last character."""
        return self.start + len(self.text)


def clauses_of(text: str) -> list[Clause]:
    """Split a text at sentence ends, line ends, and words of contrast, in time linear in its length."""
    clauses = [clause for start, end in sentences_of(text) for clause in _parts(text, start, end)]
    follows = (_FOLLOWS.match(clause.text) and _SUPPOSES.match(last.text) for last, clause in pairwise(clauses))
    return clauses[:1] + [
        clause._replace(commits=False) if supposed else clause
        for clause, supposed in zip(clauses[1:], follows, strict=True)
    ]


def without_contrast(text: str) -> str:
    """Drop the denied part of each "not X but Y" and "instead of X, Y"."""
    return _NOT_BUT.sub("", text)


def _parts(text: str, start: int, end: int) -> Iterator[Clause]:
    sentence = text[start:end]
    kept = [match.span() for match in _NOT_BUT.finditer(sentence)]
    begin, asks = 0, _ASKS.search(sentence) is not None
    breaks = [
        match
        for match in _CONTRAST.finditer(sentence)
        if not any(low <= match.start() < high for low, high in kept)
        and (match["it"] is None or _DENIES.search(sentence, 0, match.start()))
    ]
    conceded = _CONCESSION.match(sentence)
    stops = {match.start() for match in breaks} | ({conceded.end()} if conceded else set())
    for stop in (*sorted(stops), len(sentence)):
        part = sentence[begin:stop]
        if part.strip():
            low = part.lower()
            commits = not asks and not is_unsaid(low) and not (conceded and stop == conceded.end())
            yield Clause(start + begin, part, commits, _RETRACTS.match(low) is not None, begin == 0)
        begin = stop


def is_unsaid(clause: str) -> bool:
    """Whether a lower-cased clause supposes, reports, takes back or calls wrong what it says."""
    clause = _BRACKETS.sub(" ", clause)
    tail = _TAIL.search(clause)
    head = _PROVISO.sub("", clause[: tail.start()] if tail else clause)
    conditional = (_CONDITION.search(clause) and not _PROCEDURE.search(clause)) or (
        _UNLESS.search(clause) and _UNREAL.search(clause)
    )
    if conditional or _INVERTED.match(clause):
        return True
    return any(pattern.search(head) for pattern in (_OTHERS, _EARLIER, _SECOND, _WRONG, _DOUBT))
