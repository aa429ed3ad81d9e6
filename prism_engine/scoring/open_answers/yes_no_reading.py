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
from typing import TYPE_CHECKING

from prism_engine.scoring.open_answers import yes_no_words as words
from prism_engine.scoring.open_answers.answer_clauses import Clause, clauses_of, without_contrast
from prism_engine.scoring.open_answers.phrases import NOT_MINE
from prism_engine.scoring.open_answers.visible import boxed, json_answer, visible

if TYPE_CHECKING:
    from prism_engine.scoring.open_answers.yes_no_words import YesNoWord


def yes_or_no(reply: str) -> YesNoWord | None:
    """Return what a reply means; None if it means neither or both. Time is bounded."""
    text = visible(reply)
    text = (text if text.isascii() else unicodedata.normalize("NFKC", text)).lower()
    if (stated := json_answer(text)) is not None:
        text = stated.lower()
    text = words.PREAMBLE.sub("", text)
    text = words.SHOUTED.sub("", text)
    if any(pattern.match(text) for pattern in (words.BOTH, words.DECLINES)) or words.ASKS_FOR.search(text):
        return None
    if len(set(words.ITEM.findall(text))) > 1 and not words.CUE.search(text):
        return None
    if (found := words.SHORT.fullmatch(text) or words.FLAG.fullmatch(text)) or (found := _remarked(text)):
        return "No" if any(found.groups()) else "Yes"
    text = words.FIRST_WORD.sub(r"\1\n", text)
    clauses = clauses_of(text)
    takes_back = [clause.start for clause in clauses if clause.retracts and clause.start > 0]
    if takes_back and (later := _read(text, [clause for clause in clauses if clause.start >= takes_back[-1]])):
        return later
    return _read(text, clauses)


def _remarked(text: str) -> re.Match[str] | None:
    """Return a short first clause before a remark that contains neither word: "That is true, the bars are equal."."""
    first = re.match(r"\W*(?:it|this|that|the)\b[^,.;:!?\n]{2,60}(?=[,.;:!]\s)", text)
    if first is None or words.WORD.search(text) or len(text) > words.LONGEST_REMARK:
        return None
    return words.JUDGED.fullmatch(first[0])


def _read(text: str, clauses: list[Clause]) -> YesNoWord | None:
    committed = [clause for clause in clauses if clause.commits and not words.UNSURE.search(clause.text)]
    for clause in reversed(committed):
        if word := _announced(text, clause):
            return word
    leading = [word for clause in committed if clause.opens and (word := _leading(clause.text))]
    if leading:
        return _agreed(leading) or (_bare_end(clauses) if "?" not in text else None)
    if any(
        words.NOT_MINE_TO_SAY.match(clause.text) or words.ABSENT.match(_plain(clause.text)) for clause in clauses[:1]
    ) and not any(_words(clause.text) for clause in clauses[1:]):
        return "No"
    return _agreed([word for clause in committed for word in _words(clause.text)]) or _judgement(clauses)


def _judgement(clauses: list[Clause]) -> YesNoWord | None:
    """Return what the last clause of a reply without either word says of the claim: "..., so it's false"."""
    last = clauses[-1] if clauses else None
    if last is None or not last.commits or any(words.WORD.search(clause.text) for clause in clauses):
        return None
    found = words.JUDGED.fullmatch(words.CONCLUDED.sub("", last.text).strip(" \t.!")) or words.JUDGED_THAT.match(
        last.text
    )
    return None if found is None else "No" if any(found.groups()) else "Yes"


def _announced(text: str, clause: Clause) -> YesNoWord | None:
    """Return the word that a cue in the clause announces, which may stand on the next line."""
    for cue in reversed(list(words.CUE.finditer(clause.text))[-5:]):
        start = clause.start + cue.end()
        after = text[start : start + 200]
        if cue[0].endswith("{"):
            after = boxed(text, start) or ""
        first = next(iter(clauses_of(after.lstrip(" \n*_`\"'“:"))), None)
        before = clause.text[: cue.start()].rpartition(",")[2]
        if first is None or _denies(before) or NOT_MINE.search(before):
            continue
        if word := _leading(first.text) or _agreed(_words(first.text)) or words.INITIALS.get(_plain(first.text)):
            return word
    return None


def _denies(before: str) -> bool:
    return re.search(r"\b(?:not|no|never)\b|n['’]t\b", before) is not None


def _leading(clause: str) -> YesNoWord | None:
    """Return what a clause that begins with yes or no, or is one of their synonyms, means."""
    bare = words.MARKS.sub(" ", _without_brackets(without_contrast(clause)))
    if (lead_in := words.LEAD_IN.match(clause)) and len(words.SET_OFF_WORD.findall(clause)) == 1:
        bare = words.MARKS.sub(" ", clause[lead_in.end() :])
    if words.OTHER_NO.match(bare.strip()) or words.NOT_WORD.match(bare.strip()) or words.WRONG_WORD.match(bare.strip()):
        return None
    first = words.LEADING.match(bare)
    if first is None:
        return None
    whole = " ".join(first[1].split())
    if not words.ENDED.match(bare, first.end()) and not (
        whole in ("yes", "no") and words.SAYS_MORE.match(bare, first.end()) and len(set(_words(clause))) <= 1
    ):
        return None
    return "Yes" if whole in words.YES_WORDS else "No" if whole in words.NO_WORDS else None


def _words(clause: str) -> list[YesNoWord]:
    """Return what each mention of yes or no in a clause means; a denied one means the other."""
    bare = _without_brackets(without_contrast(clause))
    bare = words.QUOTED.sub(lambda found: found[0] if len(_plain(found[0][1:-1])) <= words.LONGEST_WORD else " ", bare)
    bare = words.OTHER_NO.sub(" ", re.sub(r"[*_`\"“”]", "", bare))
    bare = words.REPORTED.sub(" ", words.SUPPOSED.sub(" ", bare))
    bare = words.WRONG_WORD.sub(" ", bare)
    denied = list(words.NOT_WORD.finditer(bare))
    found: list[YesNoWord] = []
    for match in words.WORD.finditer(bare):
        means_yes = (match[0] == "yes") != any(low.start() < match.start() < low.end() for low in denied)
        found.append("Yes" if means_yes else "No")
    return found


def _plain(clause: str) -> str:
    return clause.strip(" \t.!,;:。！，*_")


def _without_brackets(clause: str) -> str:
    bare = re.sub(r"(?<=\w)\s?\([^()\n]{0,200}\)", "", clause)
    return bare if bare.strip() else clause


def _agreed(words: list[YesNoWord]) -> YesNoWord | None:
    return words[0] if words and len(set(words)) == 1 else None


def _bare_end(clauses: list[Clause]) -> YesNoWord | None:
    """Return the word of a last sentence that is nothing else: what a reply ends with after weighing both."""
    last = clauses[-1]
    bare = words.MARKS.sub(" ", last.text).strip(" \t.!,;:。")
    return _leading(last.text) if last.commits and len(bare.split()) == 1 else None
