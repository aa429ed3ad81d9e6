"""VQA accuracy: a normalised short answer compared with the answers of multiple people (TextVQA)."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from prism_engine.records import AnswerKind, Score
from prism_engine.scoring.open_answers.comparing import score_short
from prism_engine.scoring.scorer import WORD_OR_PHRASE, Scorer, right_answers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prism_engine.records import Sample

FULL_AGREEMENT: Final = 3
"""Number of people whose agreement gives full score."""
_MAX_PERIODS: Final = 32
"""How many periods VLMEvalKit removes: it passes the regular expression's flags as the count."""
_MARKS: Final = ';/[]"{}()=+\\_-><@`,?!'
_NUMBER_COMMA: Final = re.compile(r"\d,\d")
_LONE_PERIOD: Final = re.compile(r"(?<!\d)\.(?!\d)")
_ARTICLES: Final = frozenset({"a", "an", "the"})
_NUMBERS: Final = {
    word: str(number)
    for number, words in enumerate(
        ("none zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
    )
    for word in words.split()
}
# The contractions of the VQA challenge. Each also matches with one of its apostrophes missing. The challenge's four
# forms that begin with a capital I never apply, since words are lower-cased first.
_CONTRACTED: Final = """
    ain't aren't can't could've couldn't couldn't've didn't doesn't don't hadn't hadn't've hasn't haven't he'd he'd've
    he's how'd how'll how's isn't it'd it'd've it'll ma'am mightn't mightn't've might've mustn't must've needn't not've
    o'clock oughtn't 'ow's'at shan't she'd've should've shouldn't shouldn't've somebody'd've somebody'll somebody's
    someone'd someone'd've someone'll someone's something'd something'd've something'll that's there'd there'd've
    there're there's they'd they'd've they'll they're they've 'twas wasn't we'd've we've weren't what'll what're what's
    what've when's where'd where's where've who'd who'd've who'll who's who've why'll why're why's won't would've
    wouldn't wouldn't've y'all y'all'll y'all'd've you'd you'd've you'll you're you've
"""
_CONTRACTIONS: Final = {
    form[:index] + form[index + 1 :]: form
    for form in _CONTRACTED.split()
    for index, character in enumerate(form)
    if character == "'"
} | {"somebody'd": "somebodyd"}  # as in the challenge


class Vqa(Scorer):
    """Scorer of short answers by agreement with multiple people's answers."""

    kind = AnswerKind.VQA
    request = WORD_OR_PHRASE

    def score(self, reply: str, sample: Sample) -> Score:  # noqa: D102 - see `Scorer`
        if sample.answer is None:
            return Score(None)
        if self.version >= 2:
            return Score(*score_short(reply, right_answers(sample.answer), vqa_accuracy))
        return Score(vqa_accuracy(reply, right_answers(sample.answer), compatible=not self.ours), reply.strip() or None)


def vqa_accuracy(reply: str, golds: Sequence[str], *, compatible: bool = False) -> float:
    """Return the mean over the golds of min(1, number of other golds that equal the reply / 3), from 0 to 1.

    Args:
        golds: at least one.
        compatible: as in VLMEvalKit: a single gold has no others, so no reply is ever right; see also `normalised`.
    """
    answer = normalised(reply, compatible=compatible)
    equal = sum(normalised(gold, compatible=compatible) == answer for gold in golds)
    if len(golds) == 1 and not compatible:
        return float(equal)
    if_matching = min(1.0, max(equal - 1, 0) / FULL_AGREEMENT)
    if_other = min(1.0, equal / FULL_AGREEMENT)
    return (equal * if_matching + (len(golds) - equal) * if_other) / len(golds)


@lru_cache(maxsize=4096)
def normalised(text: str, *, compatible: bool = False) -> str:
    """Remove punctuation, articles and case; write numbers to ten as digits and contractions with apostrophes.

    Args:
        compatible: remove at most 32 periods, as VLMEvalKit does.
    """
    plain = text.replace("\n", " ").replace("\t", " ").strip()
    bare = plain
    numeric = _NUMBER_COMMA.search(plain) is not None
    for mark in _MARKS:
        glued = numeric or f"{mark} " in plain or f" {mark}" in plain
        bare = bare.replace(mark, "" if glued else " ")
    bare = _LONE_PERIOD.sub("", bare, count=_MAX_PERIODS if compatible else 0)
    words = (_NUMBERS.get(word, word) for word in bare.lower().split())
    return " ".join(_CONTRACTIONS.get(word, word) for word in words if word not in _ARTICLES)
