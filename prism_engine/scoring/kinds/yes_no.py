"""Yes or no: reads which of the two a reply means.

VLMEvalKit's profiles look for exactly one of the words after a punctuation step that leaves colons, stars and
full-width marks in place, so that `**Yes**`, `answer:yes` and `No.The` are not read. `prism-1` ignores punctuation; if
both words occur, the one that follows the last "answer" counts, else the one that begins the reply. `prism-2` reads by
clauses (`open_answers/yes_no_reading.py`).
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, ClassVar, Final

from prism_engine.records import AnswerKind, Score
from prism_engine.scoring.flaws import Flaw
from prism_engine.scoring.judged import user_message
from prism_engine.scoring.open_answers.yes_no_reading import yes_or_no
from prism_engine.scoring.scorer import REFUSAL, Scorer, says_it_cannot_tell

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prism_engine.records import Message, Sample
    from prism_engine.scoring.scorer import Scored

YES: Final = "Yes"
NO: Final = "No"
UNKNOWN: Final = "unknown"
"""The judge's word for an answer that means neither yes nor no."""

_YES_NO: Final = """\
You read an answer to a question that wants yes or no. Say Yes where the answer means yes, No where it means no, and \
Unknown where it means neither or both. Reply with that one word and nothing else.

Example 1:
Question: Is the word in this image 'Hello'?
Answer: The word in this image is 'Hello'.
Your output: Yes

Example 2:
Question: Is the word in this image 'Hello'?
Answer: The word in this image is not 'Hello'.
Your output: No

Now it is your turn:
Question: {question}
Answer: {answer}
Your output:"""

_MARKS: Final = ';/[]"{}()=+\\_-><@`,?!'
_DIGITS_WITH_COMMA: Final = re.compile(r"\d,\d")
_LONE_PERIOD: Final = re.compile(r"(?<!\d)\.(?!\d)")
_MAX_PERIODS: Final = 32
"""Maximum number of periods that VLMEvalKit removes."""

_WORD: Final = re.compile(r"(?<![^\W_])(yes|no)(?![^\W_]|['’][a-z])")
_ANSWER: Final = re.compile(r"\banswer\b[\W_]{0,12}(?:is|was|would be|should be)?[\W_]{0,12}(yes|no)(?![^\W_])")
_START: Final = re.compile(r"[\W_]*+(yes|no)(?![^\W_])")


class YesNo(Scorer):
    """Scorer of yes/no answers."""

    kind = AnswerKind.YES_NO
    ways: ClassVar[int | None] = 2
    judge_attempts = 5  # as in VLMEvalKit

    def score(self, reply: str, sample: Sample) -> Score:  # noqa: D102 - see `Scorer`
        answer = self._read(reply)
        target = sample.answer
        if target is not None and self.ours:
            target = target.strip().capitalize()
        if target not in (YES, NO):
            return Score(value=None, answer=answer)
        return Score(value=float(answer == target), answer=answer)

    def _read(self, reply: str) -> str | None:
        if self.version >= 2:
            return yes_or_no(reply) or (REFUSAL if says_it_cannot_tell(reply) else None)
        return read_yes_no(reply) if self.ours else read_as_upstream(reply)

    def unsettled(self, rows: Iterable[Scored]) -> tuple[str, ...]:  # noqa: D102
        return tuple(row.index for row in rows if row.score == 0.0 and row.extracted is None)

    @classmethod
    def answer_flaw(cls, answer: str) -> Flaw | None:  # noqa: D102
        if answer.strip().lower() in ("yes", "no"):
            return None
        return Flaw("error", "answer neither yes nor no", "answer", f"is {answer[:40]!r}")

    def judge_messages(self, sample: Sample, reply: str) -> tuple[Message, ...]:  # noqa: D102
        return user_message(_YES_NO, question=sample.question, answer=reply)

    def read_review(self, review: str, sample: Sample) -> Score | None:
        """Read yes or no as in a reply; "unknown" is a wrong answer."""
        if review.strip().strip(".*").lower() == UNKNOWN:
            return Score(0.0, REFUSAL)
        return super().read_review(review, sample)


def read_as_upstream(reply: str) -> str | None:
    """Read a reply as VLMEvalKit does: the one of the two words that occurs; None if neither or both do."""
    words = set(_without_marks(reply.lower()).split())
    if ("yes" in words) == ("no" in words):
        return None
    return YES if "yes" in words else NO


def read_yes_no(reply: str) -> str | None:
    """Read a reply, in time linear in its length.

    Returns:
        "Yes", "No"; "Z" if the reply says that it cannot tell; None if it says neither or both.
    """
    text = reply.lower() if reply.isascii() else unicodedata.normalize("NFKC", reply).lower()
    words = {match[1] for match in _WORD.finditer(text)}
    if len(words) == 2:
        answers = _ANSWER.findall(text)
        start = _START.match(text)
        words = set(answers[-1:]) or ({start[1]} if start else set())
    if len(words) == 1:
        return words.pop().capitalize()
    return REFUSAL if says_it_cannot_tell(reply) else None


def _without_marks(text: str) -> str:
    marked = _DIGITS_WITH_COMMA.search(text) is not None
    cleaned = text
    for mark in _MARKS:
        next_to_space = f"{mark} " in text or f" {mark}" in text
        cleaned = cleaned.replace(mark, "" if marked or next_to_space else " ")
    return _LONE_PERIOD.sub("", cleaned, count=_MAX_PERIODS)
