"""Reads whether a reply means yes or no, by clauses.

In this order: the last committed statement ("the answer is no", `<answer>no</answer>`); a sentence or line that begins
with one of the words; the only one of them that a committed clause contains. "Not yes" means no. Clauses that suppose,
ask or report what others say do not count, nor do "no doubt" and its kind. Where two statements contradict each other,
and neither takes the other back, nothing is read.
"""
# ruff: noqa: RUF001 - replies are written in several scripts

from __future__ import annotations

import re
import unicodedata
from typing import Final, Literal

from prism_engine.scoring.open_answers.clauses import Clause, clauses_of, without_contrast
from prism_engine.scoring.open_answers.phrases import NOT_MINE
from prism_engine.scoring.open_answers.visible import boxed, json_answer, visible

YesNoWord = Literal["Yes", "No"]

_YES_WORDS: Final = frozenset(
    (
        *("yes", "yeah", "yep", "yup", "correct", "true", "affirmative", "indeed", "certainly", "absolutely"),
        *(
            "definitely",
            "oui",
            "ja",
            "sí",
            "sì",
            "sim",
            "да",
            "tak",
            "evet",
            "是",
            "是的",
            "对",
            "對",
            "对的",
            "有",
            "はい",
        ),
        *("예", "네"),
    )
)
_NO_WORDS: Final = frozenset(
    (
        *("no", "nope", "nah", "incorrect", "false", "negative", "not", "not at all", "certainly not"),
        *("definitely not", "absolutely not", "of course not", "non", "nein", "não", "нет", "nie", "hayır", "nee"),
        *("不是", "不是的", "否", "不", "不对", "不對", "没有", "沒有", "いいえ", "아니요", "아니오"),
    )
)
_ENGLISH: Final = r"(?<![^\W_])(?:yes|no)(?![^\W_]|['’][a-z]|-[a-z])"
_WORD: Final = re.compile(_ENGLISH)
_OTHER_NO: Final = re.compile(
    r"\bno\s(?:doubt|question|wonder|longer|matter|problem|more than|less than|later than|earlier|fewer|need|idea|one"
    r"|way to|clear|answer)\b|\bno\.?\s?\d|\byes[\s/-](?:or[\s/-])?no\b|\byes/no\b"
)
"""A no that is neither an answer nor says that something is absent."""
_CUE: Final = re.compile(
    r"\b(?:answers?|conclusion|verdict|response|result)\b[*_`\"')\]]{0,4}(?:\s(?:to|for) (?:the|this|your) question)?"
    r"(?:\s?[:=：—-]|\s(?:is|was|(?:would|should|must|will|has to) be|therefore is|remains|ist|lautet|est|es|é|è)\b)"
    r"|(?:antwort|réponse|respuesta|resposta|risposta|ответ)\s?(?:[:：—-]|(?:ist|lautet|est|es|é|è)\b)"
    r"|(?:答案|回答)(?:应该)?(?:是|为|[:：])|<(?:final_?)?answer>|boxed\s?\{"
)
_NOT_WORD: Final = re.compile(
    r"(?:\b(?:not|never|cannot be|hardly)|n['’]t)\s(?:(?:be|a|an|the|quite|just|\w{2,12}ly)\s){0,2}[\W_]{0,3}"
    + _ENGLISH
)
_WRONG_WORD: Final = re.compile(
    _ENGLISH + r"[\W_]{0,3}\s?(?:(?:would|could|might)\sbe\s(?:wrong|incorrect|false|right|correct)"
    r"|(?:is|was)\s(?:\w+ly\s)?(?:wrong|incorrect|false))"
)
_MARKS: Final = re.compile(
    r"[*_`\"'“”‘’<>#|~$()\[\]{}✅✔❌✗]|\\[a-z]{1,8}"
    r"|\b(?:well|ok|okay|hmm|so|oh|and|but|thus|therefore|hence|actually|rather)\b,?"
)
_LEADING: Final = re.compile(r"\s*([^\W\d_]+(?:\s(?:not|at all|course not))*)")
_ENDED: Final = re.compile(r"\s*(?:[.,;:!。，、；：！—–]|-(?!\w)|$)")
_SAYS_MORE: Final = re.compile(
    r"\s+(?:it|he|she|they|there|this|that|these|those|we|you|i|the|one|because|since|as|for|in|on|at|not|definitely"
    r"|indeed|absolutely|of course|sir|with|based|according)\b"
)
"""What follows a yes or no that answers; the "no" of "no other dog" is a determiner."""
_SHORT: Final = re.compile(
    r"\W*(?:(?:it|he|she|they|there|this|that|these|we|you|i)"
    r"(?:\s(?:is|are|was|were|does|do|did|has|have|can|will)|['’]s)(n['’]t|\snot)?"
    r"|(?:it|this|that|the (?:statement|claim|sentence))(?:\s(?:is|was)|['’]s)"
    r"(?:(n['’]t|\snot)?\s(?:correct|true|right|so|the case)|\s(incorrect|false|wrong|untrue))"
    r"|(?:i|we)\s(?:(?:think|believe|guess|suppose)\s(?:so|(not))|(do\snot|don['’]t)\s(?:think|believe)\sso)"
    r"|(?:\w{1,12}ly|of course|i['’]m afraid)(\snot)(?:\sreally|\sat all)?|(not)(?:\sreally|\sat all)?|of course"
    r"|(?:absolute|definite|certain)ly)\W*"
)
"""A whole reply that means yes or no by an auxiliary verb or an adverb."""
_FIRST_WORD: Final = re.compile(rf"((?:^|(?<=[.!?]\s))\W{{0,4}}{_ENGLISH}[*_\"'”]{{0,3}}[,;:—–]+)\s", re.MULTILINE)
"""A yes or no set off by a comma: what follows explains it."""


def yes_or_no(reply: str) -> YesNoWord | None:
    """Return what a reply means; None if it means neither or both. Time is bounded."""
    text = visible(reply)
    text = (text if text.isascii() else unicodedata.normalize("NFKC", text)).lower()
    if (stated := json_answer(text)) is not None:
        text = stated.lower()
    if found := _SHORT.fullmatch(text):
        return "No" if any(found.groups()) else "Yes"
    text = _FIRST_WORD.sub(r"\1\n", text)
    clauses = clauses_of(text)
    takes_back = [clause.start for clause in clauses if clause.retracts and clause.start > 0]
    if takes_back and (later := _read(text, [clause for clause in clauses if clause.start >= takes_back[-1]])):
        return later
    return _read(text, clauses)


def _read(text: str, clauses: list[Clause]) -> YesNoWord | None:
    committed = [clause for clause in clauses if clause.commits]
    for clause in reversed(committed):
        if word := _announced(text, clause):
            return word
    leading = [word for clause in committed if clause.opens and (word := _leading(clause.text))]
    if leading:
        return _agreed(leading) or _bare_end(clauses)
    return _agreed([word for clause in committed for word in _words(clause.text)])


def _announced(text: str, clause: Clause) -> YesNoWord | None:
    """Return the word that a cue in the clause announces, which may stand on the next line."""
    for cue in reversed(list(_CUE.finditer(clause.text))[-5:]):
        start = clause.start + cue.end()
        after = text[start : start + 200]
        if cue[0].endswith("{"):
            after = boxed(text, start) or ""
        first = next(iter(clauses_of(after.lstrip(" \n*_`\"'“:"))), None)
        before = clause.text[: cue.start()].rpartition(",")[2]
        if first is None or _denies(before) or NOT_MINE.search(before):
            continue
        if word := _leading(first.text) or _agreed(_words(first.text)):
            return word
    return None


def _denies(before: str) -> bool:
    return re.search(r"\b(?:not|no|never)\b|n['’]t\b", before) is not None


def _leading(clause: str) -> YesNoWord | None:
    """Return what a clause that begins with yes or no, or is one of their synonyms, means."""
    bare = _MARKS.sub(" ", _without_brackets(without_contrast(clause)))
    if _OTHER_NO.match(bare.strip()) or _NOT_WORD.match(bare.strip()) or _WRONG_WORD.match(bare.strip()):
        return None
    first = _LEADING.match(bare)
    if first is None:
        return None
    whole = " ".join(first[1].split())
    if not _ENDED.match(bare, first.end()) and not (whole in ("yes", "no") and _SAYS_MORE.match(bare, first.end())):
        return None
    return "Yes" if whole in _YES_WORDS else "No" if whole in _NO_WORDS else None


def _words(clause: str) -> list[YesNoWord]:
    """Return what each mention of yes or no in a clause means; a denied one means the other."""
    bare = _OTHER_NO.sub(" ", re.sub(r"[*_`\"“”]", "", _without_brackets(without_contrast(clause))))
    bare = _WRONG_WORD.sub(" ", bare)
    denied = list(_NOT_WORD.finditer(bare))
    found: list[YesNoWord] = []
    for match in _WORD.finditer(bare):
        means_yes = (match[0] == "yes") != any(low.start() < match.start() < low.end() for low in denied)
        found.append("Yes" if means_yes else "No")
    return found


def _without_brackets(clause: str) -> str:
    bare = re.sub(r"(?<=\w)\s?\([^()\n]{0,200}\)", "", clause)
    return bare if bare.strip() else clause


def _agreed(words: list[YesNoWord]) -> YesNoWord | None:
    return words[0] if words and len(set(words)) == 1 else None


def _bare_end(clauses: list[Clause]) -> YesNoWord | None:
    """Return the word of a last sentence that is nothing else: what a reply ends with after weighing both."""
    last = clauses[-1]
    bare = _MARKS.sub(" ", last.text).strip(" \t.!,;:。")
    return _leading(last.text) if last.commits and len(bare.split()) == 1 else None
