r"""Reads the short answer that a reply commits to.

In this order: the last committed statement (`<answer>12</answer>`, `\boxed{12}`, JSON with a key `answer`, "the answer
is 12", "Answer: 12"); a whole reply that is a phrase; what a single sentence says of its subject ("It is 12.", "The
sign reads 'STOP'."); a last line that commits; a first line or sentence that is a phrase and is followed by remarks. A
long reply with none of these has no short answer: nothing is guessed.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import Final, NamedTuple

from prism_engine.scoring.open_answers import phrases
from prism_engine.scoring.open_answers.answer_clauses import Clause, clauses_of, without_contrast
from prism_engine.scoring.open_answers.closing import worked_out
from prism_engine.scoring.open_answers.quantities import counted, quantity_of
from prism_engine.scoring.open_answers.visible import boxed, json_answer, tidy, visible

LONGEST: Final = 300
"""Maximum length of a short answer, in characters."""
_PHRASE_WORDS: Final = 12
_FIRST_WORDS: Final = 5
_DEEPEST: Final = 2
_PASSIVE: Final = re.compile(r"[a-z]{3,}ed\b")

_OPENING: Final = re.compile(
    r"(?:[\s:=：→]|[*_]+(?=\s)|\*+(?=\S[^*]*$)|[-#](?=\s)|>(?=\s\D))*"  # noqa: RUF001 - a Chinese colon
)
_FIGURE: Final = re.compile(r"(?<![\w.,/])\d[\d.,]*(?![\w/])")
_WE_DID: Final = re.compile(r"(?:i|we)\s[a-z]", re.IGNORECASE)
_QUOTATION: Final = re.compile(r"[\"“][^\"“”]+[\"”]")
_ITEM: Final = re.compile(r"\s*(?:\(?\d{1,2}[.)]|[-*+•])\s+[^=]+$")


class ShortAnswer(NamedTuple):
    """The short answer of a reply."""

    text: str
    literal: bool = False
    """It denies or names alternatives ("not Paris", "2 or 3"): it matches only a right answer with the same words."""


def short_answer(reply: str) -> ShortAnswer | None:
    """Return the short answer that a reply commits to; None if it commits to none. Time is bounded."""
    return _read(visible(reply), 0)


def _read(text: str, depth: int) -> ShortAnswer | None:
    if depth > _DEEPEST or not text.strip():
        return None
    if (stated := json_answer(text)) is not None:
        return _answer(stated)
    clauses = clauses_of(text)
    position, found = _last_statement(text, clauses, depth)
    taken_back = [clause for clause in clauses if clause.retracts and clause.start > position]
    if taken_back:
        if found and phrases.CONFIRMED.fullmatch(clauses[-1].text):
            return found
        if phrases.OTHERS_ROLE.match(taken_back[-1].text):
            return None
        rest = text[taken_back[-1].start :]
        later = _read(phrases.INTERJECTIONS.sub("", rest, count=1), depth + 1)
        return later if found or later else None
    return found if found and not found.literal else _by_form(text, clauses) or found


def is_stated(text: str) -> bool:
    """Whether a cue announces an answer in a text: "the answer is 12", as opposed to "It is 12."."""
    if json_answer(text) is not None:
        return True
    found = _last_statement(text, clauses_of(text), 0)[1]
    return found is not None and not found.literal


def _last_statement(text: str, clauses: list[Clause], depth: int) -> tuple[int, ShortAnswer | None]:
    starts = [clause.start for clause in clauses]
    denied: tuple[int, ShortAnswer | None] = (-1, None)
    cues = list(phrases.CUE.finditer(text))
    for cue in reversed(cues[-50:]):
        index = bisect_right(starts, cue.start() + (len(cue[0]) - len(cue[0].lstrip()))) - 1
        clause = clauses[max(index, 0)]
        before = text[clause.start : cue.start()]
        before = without_contrast(before).rpartition(",")[2]
        if not clause.commits or phrases.NEGATION.search(before) or phrases.NOT_MINE.search(before):
            continue
        found = _stated(text, cue, depth)
        if found is None:
            continue
        if not found.literal:
            return cue.start(), found
        if denied[1] is None:
            denied = cue.start(), found
    return denied


def _stated(text: str, cue: re.Match[str], depth: int) -> ShortAnswer | None:
    """Return what follows a cue."""
    if cue[0].endswith("{"):
        inside = boxed(text, cue.end())
        return None if inside is None else _answer(inside)
    if cue[0].startswith("<"):
        inside = re.split(r"</|<\|end_of_box", text[cue.end() : cue.end() + 2 * LONGEST], maxsplit=1)[0].strip()
        return _read(inside, depth + 1) if "\n" in inside or phrases.VERB.search(inside) else _answer(inside)
    after = text[cue.end() : cue.end() + 2 * LONGEST]
    if re.match(r"\s*\n", after) and phrases.HEADING.match(after):
        return None
    return _taken(after)


def _taken(text: str) -> ShortAnswer | None:
    """Return the answer at the beginning of a text: up to the end of its clause, or what marks set off."""
    start = _OPENING.match(text)
    text = text[start.end() :] if start else text
    text = phrases.LEAD.sub("", text) if not text.startswith(("*", '"', "“")) else text
    set_off = phrases.SET_OFF.match(text)
    if set_off and phrases.AFTER_SET_OFF.match(text, set_off.end()):
        return _set_off(set_off)
    if (inside := re.match(r"\\boxed\s?\{", text)) and (content := boxed(text, inside.end())) is not None:
        return _answer(content)
    line = without_contrast(text.split("\n", 1)[0])
    clauses = clauses_of(line)
    if not clauses:
        return None
    stated = phrases.SUBJECT.sub("", clauses[0].text.strip())
    return (_said(clauses[0]) if phrases.VERB.search(stated) else None) or _answer(stated)


def _answer(text: str, *, quoted: bool = False) -> ShortAnswer | None:
    """Return a text as a short answer, without markup and what is added to it."""
    if phrases.BOUND.match(text):
        return ShortAnswer(text.strip(), literal=True)
    whole = tidy(phrases.ARROW.sub("", text))
    bare = whole if quoted else tidy(phrases.TAILS.sub("", whole)) or whole
    if not bare or len(bare) > LONGEST:
        return None
    if not quoted:
        bare = tidy(phrases.ROLE.sub("", bare)) or bare
    return ShortAnswer(bare, literal=not quoted and is_open_ended(bare))


def is_open_ended(text: str) -> bool:
    """Whether a text denies, asks, or names alternatives or a bound, rather than one answer."""
    return (phrases.NEGATION.search(text) or phrases.CHOICE.search(text)) is not None


def _by_form(text: str, clauses: list[Clause]) -> ShortAnswer | None:
    """Return the answer of a reply without any cue, from what its lines and sentences are."""
    lines = [line for line in text.split("\n") if line.strip()]
    if len(lines) == 1:
        return _of_line(lines[0], clauses)
    first, last = lines[0], lines[-1]
    ending = clauses_of(last)
    if all(_ITEM.match(line) or _is_labelled(line) for line in lines[-2:]):
        return None  # a list names more than one thing
    if _is_phrase(last) and not phrases.HEADING.match(last):
        return _of_line(last, ending)
    if _answers_first(first):
        return _answer(first)
    if worked_out(ending[-1]) or phrases.CONCLUDES.match(last) or (len(ending) == 1 and len(last.split()) <= 8):
        return _of_line(last, ending)
    opening = clauses_of(first)
    return (
        _said(opening[0])
        if len(opening) == 1 and len(first.split()) <= 8 and not phrases.HEADING.match(first)
        else None
    )


def _of_line(line: str, clauses: list[Clause]) -> ShortAnswer | None:
    """Return what a line says: a phrase, or its only statement, or the first one if only remarks follow."""
    clauses = [clause for clause in clauses if not phrases.INTERJECTION.match(clause.text)]
    if answer := _as_a_whole(line, clauses):
        return answer
    committed = [clause for clause in clauses if clause.commits]
    stated = [(clause, answer) for clause in committed if (answer := _said(clause))]
    said = [(clause, answer) for clause, answer in stated if not answer.literal] or stated[:1]
    if not said or phrases.PER_CASE.search(line) or (stated[-1] != said[-1] and _concludes(stated[-1][0])):
        return None
    first, last = said[0], said[-1]
    concludes = len(said) > 1 and _concludes(last[0])
    answers_first = first[0].start == clauses[0].start and _is_phrase(first[0].text, _FIRST_WORDS)
    if len(said) == 1 or (answers_first and "=" not in first[0].text and not concludes):
        return first[1]
    if concludes:
        return last[1]
    bold = set(phrases.BOLD.findall(line))
    if len(bold) == 1:
        return _answer(bold.pop())
    remarks = all(
        phrases.REMARK.match(clause.text) or not clause.opens for clause in clauses if clause.start > first[0].start
    )
    return first[1] if remarks and len(line.split()) <= 40 else None


def _concludes(clause: Clause) -> bool:
    return phrases.CONCLUDES.match(clause.text) is not None


def _as_a_whole(line: str, clauses: list[Clause]) -> ShortAnswer | None:
    """Return what a line is: the only item of a list, an amount that it works out, or a phrase."""
    bare = phrases.ARROW.sub("", phrases.LABEL.sub("", without_contrast(line.strip()).replace("**", "")))
    if (item := phrases.NUMBERED.match(bare)) and not phrases.VERB.search(bare):
        return _answer(bare[item.end() :])
    answers_first = len(clauses) > 1 and _answers_first(clauses[0].text)
    if clauses and not answers_first and (amount := worked_out(clauses[-1])):
        return _answer(amount)
    if _is_phrase(bare) and all(clause.commits for clause in clauses) and sum(clause.opens for clause in clauses) == 1:
        phrase = _answer(bare)
        if len(clauses) == 1 or not (phrase and phrase.literal):
            return phrase
    return None


def _answers_first(text: str) -> bool:
    """Whether a first line or clause is short enough to be the answer, and no step ("First 36, then 84.")."""
    steps = phrases.HEADING.match(text) or len(_FIGURE.findall(text)) > 1
    return _is_phrase(text, _FIRST_WORDS) and not steps


def _is_labelled(line: str) -> bool:
    return phrases.LABEL.match(line) is not None and not phrases.HEADING.match(line)


def _is_phrase(text: str, most: int = _PHRASE_WORDS) -> bool:
    """Whether a text has no verb and no more than so many words, and is no heading, question or row of a table."""
    bare = text.strip().strip("*_ ")
    if "|" in bare or not bare or bare.endswith((":", "?", "？")):  # noqa: RUF001 - a Chinese question mark
        return False
    if _WE_DID.match(bare):
        return False
    return len(bare.split()) <= most and not phrases.VERB.search(bare) and not phrases.LEAD.match(bare)


def _said(clause: Clause) -> ShortAnswer | None:
    """Return what a sentence says of its subject; None if it denies it or has no such form."""
    text = phrases.LEAD.sub("", without_contrast(phrases.ASIDE.sub(" ", clause.text).strip(" ,;；\t")))  # noqa: RUF001 - Chinese punctuation
    if not text or not clause.commits:
        return None
    return _predicate(phrases.TAILS.sub("", text).strip())


def _predicate(text: str) -> ShortAnswer | None:
    text = phrases.LABEL.sub("", text)
    if subject := phrases.SUBJECT.match(text):
        said = text[subject.end() :]
        cleft = phrases.CLEFT.match(said)
        return _rest(cleft[1] if cleft and not is_open_ended(cleft[1]) else said)
    if _is_phrase(text):
        return _answer(text)
    ending = phrases.QUOTED_END.search(text)
    if ending and not _QUOTATION.search(text[: ending.start()]) and not phrases.NEGATION.search(text[: ending.start()]):
        return _answer(ending[1], quoted=True)
    return _complement(text)


def _complement(text: str) -> ShortAnswer | None:
    """Return what a sentence with a verb says of its subject, or the subject if that is the one asked for."""
    links = list(phrases.COPULA.finditer(text)) or list(phrases.STATES.finditer(text))[:1]
    if not links or phrases.NEGATION.search(text[: links[-1].end()]):
        return None
    subject, said = text[: links[0].start()].strip(), text[links[-1].end() :]
    if said.startswith("that ") and not said.startswith("that of "):
        return _predicate(said.removeprefix("that "))
    subject = phrases.ADVERBIAL.sub("", subject)
    number = quantity_of(subject)
    if number and said.lstrip().startswith(("$", "€", "£")):
        return _rest(said)  # 6 notebooks cost $24
    if (
        (number and (number.unit or _PASSIVE.match(said)))
        or counted(subject)
        or ("would" not in links[0][0] and _names_the_answer(subject, text[links[0].end() :]))
    ):
        return _answer(subject)
    return _rest(said)


def _names_the_answer(subject: str, said: str) -> bool:
    """Whether a sentence says of its short subject that it is the one asked for: "Rome is the city with most rain"."""
    named = len(subject.split()) <= 4 and not re.match(
        r"(?:figure|table|panel|page|item|the|th[ei]se|this|that|there|its?|his|her|their|my|he|she|they|we|i|you)\b",
        subject,
        re.IGNORECASE,
    )
    if said.lower().strip(" .!") in ("correct", "right"):
        return named
    return named and said.lower().startswith(("the ", "my ")) and len(said.split()) >= 2


def _rest(text: str) -> ShortAnswer | None:
    """Return an answer up to the end of its sentence, or what marks set off in it."""
    text = text.strip()
    set_off = phrases.SET_OFF.match(text)
    if set_off and phrases.AFTER_SET_OFF.match(text, set_off.end()):
        return _set_off(set_off)
    stressed = phrases.BOLD.findall(text)
    if len(stressed) == 1 and not phrases.PLAIN_WORD.fullmatch(stressed[0]) and not is_open_ended(text):
        return _answer(stressed[0])
    return _answer(text)


def _set_off(found: re.Match[str]) -> ShortAnswer | None:
    name, words = next((name, words) for name, words in found.groupdict().items() if words)
    return _answer(words, quoted=name in ("quoted", "curly", "single", "low", "corner", "angle"))
