r"""What a reply says outright: "the answer is B", `\boxed{B}`, "B is correct", a letter on a line of its own."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from prism_engine.scoring.choice.mentions import is_article
from prism_engine.scoring.scorer import REFUSAL

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prism_engine.scoring.choice.mentions import Choices

_OPENS, _ANSWER, _NAMED, _TAKEN, _SO = "opens", "answer", "named", "taken", "so"
_CUES: Final = (
    *((_OPENS, word) for word in ("boxed{", "boxed {", "<answer>")),
    *((_ANSWER, word) for word in ("answers", "answer", "答案")),
    *((_NAMED, word) for word in ("option", "choice", "letter")),
    *(
        (_TAKEN, word)
        for word in ("choose", "chose", "select", "pick", "go with", "going with", "opt for", "选择", "选")
    ),
    *((_SO, word) for word in ("so", "thus", "therefore", "hence")),
)
"""What announces an answer. Found as plain words, from the end, since only the last statement counts: that is quick."""

# Every repetition below is bounded or possessive and starts at a word, so that any text costs one pass.
_BEFORE_NAMED: Final = re.compile(r"\b(?:correct|best|right|final|appropriate|likely|my)\s$")
_LINK: Final = re.compile(
    r"[*_`\"'”)\] \t]{0,12}(?:(?:is|was|would be|should be|must be|will be|has to be)\b|[:=\-–—→\n]|应?[该]?[是为选])",
    re.IGNORECASE,
)
_SKIPPED: Final = re.compile(
    r"(?:[\s*_`\"'“‘$(\[{<>#:=→]|\\(?:text(?:bf)?|math(?:rm|bf)|boxed)\b"
    r"|\b(?:the|option|choice|letter|answer|correct|it(?:'s| is| must be)|likely|most|probably|clearly|is)\b"
    r"|选项){0,30}+",
    re.IGNORECASE,
)
_LETTER: Final = re.compile(r"([A-Za-z])(?![A-Za-z0-9]|['’-][A-Za-z])")
_ANOTHER: Final = re.compile(
    r"[)\]}*_`\"'”\s]{0,8}(?:(?:,|/|&|-|、|或|和|\b(?:or|and)\b)[\s(\[{*_`\"'“]{0,8}){1,3}(?:option\s)?"
    r"([A-Z])(?![A-Za-z0-9'’]|\s[a-z])"
)
_OR: Final = re.compile(r"\bor (?:the )?$")
_ENDED: Final = re.compile(r"[)\]}*_`\"'”$\s]{0,8}(?:[.!,;:]|$|\n)")
_RIGHT: Final = re.compile(
    r"(?<![A-Za-z0-9'’.-])([A-Z])[)\]}*_`\"'”]{0,6}\s{0,3}(?:(?:is|must be|would be|seems)\s|是)(?:the\s)?"
    r"(?:only\s|most\s)?(?:likely\s)?(?:correct|right|best|accurate|appropriate|answer|正确)"
)
_RIGHT_WORDS: Final = ("correct", "right", "best", "accurate", "appropriate", "answer", "正确")
_MARKS: Final = " \t*_`\"'“”‘’$#<>~|"
_LINE: Final = re.compile(r"[-(\[{\s]{0,6}([A-Z])(?:[)\]}.:,!。、]|\s*+$)[*_`\"'”)\]}.:,!\s。、-]*+")


class Statement(NamedTuple):
    """An option said to be the answer, and where; letter None says two at once."""

    place: int
    letter: str | None


def last_statement(text: str, choices: Choices) -> Statement | None:
    """Return the last thing said outright, which a reasoner means after all its thinking; None where there is none.

    Args:
        text: normalised; full-width letters and marks are narrow ones.
    """
    last = max(_lines(text, choices), key=lambda statement: statement.place, default=Statement(-1, None))
    for kind, word in _CUES:
        if (place := choices.lowered.rfind(word, last.place + 1)) >= 0:
            last = _last_before(place, (kind, word), text, choices, last)
    last = max(_judged(text, choices, last.place + 1), key=lambda statement: statement.place, default=last)
    return None if last.place < 0 else last


def _last_before(place: int, cue: tuple[str, str], text: str, choices: Choices, last: Statement) -> Statement:
    """Return the last statement that such a word announces, here or earlier but later than the last one known."""
    kind, word = cue
    while place >= 0:
        if said := _announced(kind, place, place + len(word), text, choices):
            return said
        place = choices.lowered.rfind(word, last.place + 1, place)
    return last


def _announced(kind: str, place: int, start: int, text: str, choices: Choices) -> Statement | None:
    """Return what is said behind a word that announces an answer."""
    if not _is_cue(kind, place, start, choices.lowered):
        return None
    linked = kind == _OPENS
    if kind in (_ANSWER, _NAMED):
        link = _LINK.match(text, start)
        start, linked = (link.end(), True) if link else (start, False)
    skipped = _SKIPPED.match(text, start)
    if skipped:
        start = skipped.end()
        linked = linked or (kind == _SO and "it" in skipped[0].lower().replace("'", " ").split())
    letter = _letter_at(text, start, choices, lower=linked)
    if letter is None:
        letter = choices.text_at(start) if linked else None
        return Statement(place, letter) if letter else None
    if kind == _SO and not _ENDED.match(text, start + 1):
        return None
    undecided = _OR.search(text, max(0, place - 10), place)
    return Statement(place, None if undecided else _alone(text, start, letter, choices))


def _is_cue(kind: str, place: int, end: int, lowered: str) -> bool:
    """Whether the word stands by itself, and where it must, behind the right one."""
    if kind == _OPENS or not lowered[place].isascii():
        return True
    if lowered[place - 1 : place].isalnum() or lowered[place - 1 : place] == "/" or lowered[end : end + 1].isalpha():
        return False
    if kind != _NAMED:
        return True
    return lowered.startswith("choice:", place) or bool(_BEFORE_NAMED.search(lowered, max(0, place - 12), place))


def _letter_at(text: str, place: int, choices: Choices, *, lower: bool) -> str | None:
    found = _LETTER.match(text, place)
    if found is None or (found[1].islower() and not lower):
        return None
    letter = found[1].upper()
    if letter not in choices.letters and letter != REFUSAL:
        return None
    if is_article(text, found[1], found.end()) and choices.text_at(found.end() + 1) != letter:
        return None
    return letter


def _alone(text: str, place: int, letter: str, choices: Choices) -> str | None:
    """Return the letter; None where another one is named in the same breath."""
    other = _ANOTHER.match(text, place + 1)
    return None if other and other[1] != letter and other[1] in choices.letters else letter


def _judged(text: str, choices: Choices, start: int) -> Iterator[Statement]:
    if not any(choices.lowered.find(word, start) >= 0 for word in _RIGHT_WORDS):
        return
    for found in _RIGHT.finditer(text, start):
        if found[1] in choices.letters:
            yield Statement(found.start(), found[1])


def _lines(text: str, choices: Choices) -> Iterator[Statement]:
    """Yield what lines of their own say: a letter, a letter and words, and at the end an option's text.

    Lines that list the options say nothing: several that begin with different letters, or are different texts.
    """
    headed: list[tuple[Statement, bool]] = []
    texts: list[Statement] = []
    place = last = 0
    for line in text.split("\n"):
        start, place = place, place + len(line) + 1
        bare = line.strip(_MARKS)
        if not bare:
            continue
        last = start
        found = _LINE.match(bare)
        if found is None or found[1] not in choices.letters:
            if letter := choices.option_of(bare):
                texts.append(Statement(start, letter))
            continue
        said = Statement(start, _alone(bare, found.start(1), found[1], choices))
        if found.end() == len(bare):
            yield said
        else:
            headed.append((said, choices.is_text(found[1], bare[found.end() :])))
    if headed:
        said, whole = headed[-1]
        earlier = [statement.letter for statement, _ in headed[:-1]]
        if set(earlier) <= {said.letter} or (whole and said.place == last and said.letter in earlier):
            yield said
    if texts and texts[-1].place == last and len({statement.letter for statement in texts}) == 1:
        yield texts[-1]
