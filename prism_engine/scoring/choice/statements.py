r"""Explicit statements in a reply: "the answer is B", `\boxed{B}`, "B is correct", a letter on a line of its own."""

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
"""Words that announce an answer. Searched as plain strings from the end, since only the last statement counts: fast."""

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
    """An explicit statement of the answer and its position; the letter is None if it names two options."""

    position: int
    letter: str | None


def last_statement(text: str, choices: Choices) -> Statement | None:
    """Return the last explicit statement, which is the one that counts after a model's reasoning; None if none.

    Args:
        text: normalised by `narrow`.
    """
    last = max(_lines(text, choices), key=lambda statement: statement.position, default=Statement(-1, None))
    for kind, word in _CUES:
        if (position := choices.lowered.rfind(word, last.position + 1)) >= 0:
            last = _last_before(position, (kind, word), text, choices, last)
    last = max(
        _called_correct(text, choices, last.position + 1), key=lambda statement: statement.position, default=last
    )
    return None if last.position < 0 else last


def _last_before(position: int, cue: tuple[str, str], text: str, choices: Choices, last: Statement) -> Statement:
    """Return the last statement that this cue announces, here or earlier but after the last one known."""
    kind, word = cue
    while position >= 0:
        if statement := _announced(kind, position, position + len(word), text, choices):
            return statement
        position = choices.lowered.rfind(word, last.position + 1, position)
    return last


def _announced(kind: str, position: int, start: int, text: str, choices: Choices) -> Statement | None:
    """Return the statement that follows a cue."""
    if not _is_cue(kind, position, start, choices.lowered):
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
        return Statement(position, letter) if letter else None
    if kind == _SO and not _ENDED.match(text, start + 1):
        return None
    undecided = _OR.search(text, max(0, position - 10), position)
    return Statement(position, None if undecided else _uncontradicted(text, start, letter, choices))


def _is_cue(kind: str, position: int, end: int, lowered: str) -> bool:
    """Whether the cue is a whole word and, where required, follows the right word."""
    if kind == _OPENS or not lowered[position].isascii():
        return True
    if (
        lowered[position - 1 : position].isalnum()
        or lowered[position - 1 : position] == "/"
        or lowered[end : end + 1].isalpha()
    ):
        return False
    if kind != _NAMED:
        return True
    return lowered.startswith("choice:", position) or bool(
        _BEFORE_NAMED.search(lowered, max(0, position - 12), position)
    )


def _letter_at(text: str, position: int, choices: Choices, *, lower: bool) -> str | None:
    found = _LETTER.match(text, position)
    if found is None or (found[1].islower() and not lower):
        return None
    letter = found[1].upper()
    if letter not in choices.letters and letter != REFUSAL:
        return None
    if is_article(text, found[1], found.end()) and choices.text_at(found.end() + 1) != letter:
        return None
    return letter


def _uncontradicted(text: str, position: int, letter: str, choices: Choices) -> str | None:
    """Return the letter; None if another one is named together with it ("B or C")."""
    other = _ANOTHER.match(text, position + 1)
    return None if other and other[1] != letter and other[1] in choices.letters else letter


def _called_correct(text: str, choices: Choices, start: int) -> Iterator[Statement]:
    if not any(choices.lowered.find(word, start) >= 0 for word in _RIGHT_WORDS):
        return
    for found in _RIGHT.finditer(text, start):
        if found[1] in choices.letters:
            yield Statement(found.start(), found[1])


def _lines(text: str, choices: Choices) -> Iterator[Statement]:
    """Yield statements made by whole lines: a letter, a letter and words, and as the last line an option's text.

    Lines that list the options are no statements: multiple lines with different letters or different option texts.
    """
    headed: list[tuple[Statement, bool]] = []
    texts: list[Statement] = []
    position = last = 0
    for line in text.split("\n"):
        start, position = position, position + len(line) + 1
        bare = line.strip(_MARKS)
        if not bare:
            continue
        last = start
        found = _LINE.match(bare)
        if found is None or found[1] not in choices.letters:
            if letter := choices.option_of(bare):
                texts.append(Statement(start, letter))
            continue
        statement = Statement(start, _uncontradicted(bare, found.start(1), found[1], choices))
        if found.end() == len(bare):
            yield statement
        else:
            headed.append((statement, choices.is_text(found[1], bare[found.end() :])))
    if headed:
        statement, whole = headed[-1]
        earlier = [statement.letter for statement, _ in headed[:-1]]
        if set(earlier) <= {statement.letter} or (whole and statement.position == last and statement.letter in earlier):
            yield statement
    if texts and texts[-1].position == last and len({statement.letter for statement in texts}) == 1:
        yield texts[-1]
