r"""What a reply says outright: "the answer is B", `\boxed{B}`, "B is correct", a letter on a line of its own."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from prism_engine.scoring.base import REFUSAL
from prism_engine.scoring.mentions import is_article

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prism_engine.scoring.mentions import Choices

# Every repetition is bounded or possessive and starts at a word, so that any text costs one pass.
_CUE: Final = re.compile(
    r"(?P<opened>boxed\s{0,3}\{|<answer>)"
    r"|(?P<answer>\banswers?\b|答案)"
    r"|(?P<named>\b(?:correct|best|right|final|appropriate|likely|my)\s(?:option|choice|letter)\b|\bchoice:)"
    r"|(?P<taken>\b(?:choose|chose|select|pick|go with|going with|opt for)\b|故选|选择|选)"
    r"|(?P<so>\b(?:so|thus|therefore|hence)\b)"
)
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
    found = [*_cued(text, choices), *_judged(text, choices), *_lines(text, choices)]
    return max(found, key=lambda statement: statement.place, default=None)


def _cued(text: str, choices: Choices) -> Iterator[Statement]:
    for cue in _CUE.finditer(choices.lowered):
        start = cue.end()
        linked = cue.lastgroup == "opened"
        if cue.lastgroup in ("answer", "named"):
            link = _LINK.match(text, start)
            start, linked = (link.end(), True) if link else (start, False)
        skipped = _SKIPPED.match(text, start)
        start = skipped.end() if skipped else start
        letter = _letter_at(text, start, choices, lower=linked)
        if letter is None:
            if linked and (letter := choices.text_at(start)) is not None:
                yield Statement(cue.start(), letter)
            continue
        if cue.lastgroup == "so" and not _ENDED.match(text, start + 1):
            continue
        undecided = _OR.search(text, max(0, cue.start() - 10), cue.start())
        yield Statement(cue.start(), None if undecided else _alone(text, start, letter, choices))


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


def _judged(text: str, choices: Choices) -> Iterator[Statement]:
    for found in _RIGHT.finditer(text):
        if found[1] in choices.letters:
            yield Statement(found.start(), found[1])


def _lines(text: str, choices: Choices) -> Iterator[Statement]:
    """Yield letters that stand on lines of their own, and the one that begins a line where no other one does."""
    place = 0
    headed: list[tuple[Statement, bool]] = []
    last = 0
    for line in text.split("\n"):
        start, place = place, place + len(line) + 1
        bare = line.strip(_MARKS)
        if not bare:
            continue
        last = start
        found = _LINE.match(bare)
        if found is None or found[1] not in choices.letters:
            continue
        said = Statement(start, _alone(bare, found.start(1), found[1], choices))
        if found.end() == len(bare):
            yield said
        else:
            headed.append((said, choices.is_text(found[1], bare[found.end() :])))
    if not headed:
        return
    said, whole = headed[-1]
    earlier = [statement.letter for statement, _ in headed[:-1]]
    if set(earlier) <= {said.letter} or (whole and said.place == last and said.letter in earlier):
        yield said
