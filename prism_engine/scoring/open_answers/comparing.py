"""Brings a short answer into the forms in which the published measures compare it with right answers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from prism_engine.scoring.open_answers.answer_clauses import clauses_of
from prism_engine.scoring.open_answers.extraction import is_open_ended, short_answer
from prism_engine.scoring.open_answers.lacking import refuses
from prism_engine.scoring.open_answers.phrases import BOUND
from prism_engine.scoring.open_answers.quantities import Quantity, counted, quantity_of
from prism_engine.scoring.open_answers.visible import tidy
from prism_engine.scoring.open_answers.yes_no_reading import yes_or_no
from prism_engine.scoring.scorer import REFUSAL

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_ARTICLE: Final = re.compile(
    r"^(?:(?:on|to|in|at|by|from|with)\s)?(?:the|an?)\s(?=\S)|^(?:on|to|in|at|by|from|for)\s(?=\S)", re.IGNORECASE
)

_NOTE: Final = re.compile(
    r"\s\([^()]{1,60}\)$|(?:,|\s[-–—])\s(?:an?|the)\s[^,()\d\"“]{1,60}$"
    r"|,\s(?i:[\w ]{0,30}\b(?:president|director|manager|chairman|chairwoman|chair|professor|secretary|editor|ceo|cfo"
    r"|treasurer|engineer|officer|assistant))(?:\s(?:of|for)\s[\w ]{1,40})?$"
)
_DOING: Final = re.compile(
    r"^[a-z]{2,20}ing\s(?:(?:an?|the|his|her|their|its|some)\s(?=\S)|(?=[A-Z\d]))"
    r"|^(?:playing|eating|wearing|holding|riding|drinking|watching|using|carrying|selling|reading)\s(?=\S+$)"
)
_LETTERED: Final = re.compile(r"^\(?[A-Za-z][.)]\s+(?=[^\s.]{2})")
"""An option's letter before its text."""
_QUOTES: Final = re.compile(r"[\"“”]")
_PERCENT_OF: Final = re.compile(r"^(\d[\d.,]*\s?%)\sof\s(?!\d)(?!.*\band \d).+$")
_LONGEST_WHOLE: Final = 2_000
_ABBREVIATED: Final = re.compile(r"\b(?:[A-Za-z]\.)+[A-Za-z]$|\b(?:Inc|Ltd|Co|Corp|Jr|Sr|St|etc)$")


def score_short(
    reply: str, golds: Sequence[str], measure: Callable[[str, Sequence[str]], float]
) -> tuple[float, str | None]:
    """Score the short answer that a reply commits to by a published measure of short answers.

    A reply that the measure finds right as it stands needs no reading, unless it denies or names alternatives.

    Args:
        golds: at least one.
        measure: the score of an answer, from 0 to 1, given the right ones.

    Returns:
        The score, and the answer read: None if the reply commits to none, `REFUSAL` if it says that it cannot tell.
    """
    plain = tidy(reply) if len(reply) <= _LONGEST_WHOLE and not BOUND.match(reply) else ""
    if plain and any(_same_text(plain, gold) for gold in golds):
        return max(measure(plain, golds), measure(f"{plain}.", golds)), plain
    if all(gold.strip().lower() in ("yes", "no") for gold in golds) and (word := yes_or_no(reply)):
        return measure(word, golds), word
    whole = measure(reply, golds)
    answer = short_answer(reply)
    if refuses(reply, answer):
        return 0.0, REFUSAL
    stands = whole > 0 and not is_open_ended(reply) and all(clause.commits for clause in clauses_of(reply))
    score = whole if stands else 0.0
    if answer is not None:
        read = max(
            measure(form, golds)
            for form in (forms(answer.text, golds) if not answer.literal or counted(answer.text) else [answer.text])
        )
        score = max(score, read if not answer.literal or read == 1.0 else 0.0)
    return score, reply.strip() if answer is None and score else answer and answer.text


def _same_text(one: str, other: str) -> bool:
    return " ".join(one.lower().split()).strip(".") == " ".join(other.lower().split()).strip(".")


def forms(answer: str, golds: Sequence[str]) -> list[str]:
    """Return an answer as written, without its article, and as the right number if it is that with a unit."""
    found = [answer]
    bare = _ARTICLE.sub("", answer)
    noted = _NOTE.sub("", answer)
    unquoted = _QUOTES.sub("", answer)
    others = (bare, noted, _DOING.sub("", noted), _LETTERED.sub("", answer), unquoted, _PERCENT_OF.sub(r"\1", answer))
    found += [form for form in others if form and form != answer]
    if _ABBREVIATED.search(answer):
        found.append(f"{answer}.")
    numbers = [quantity_of(gold) for gold in golds]
    if (read := quantity_of(bare) or counted(bare)) and all(number and not number.unit for number in numbers):
        found += [gold for gold, number in zip(golds, numbers, strict=True) if number and same_number(read, number)]
    return found


def same_number(answer: Quantity, gold: Quantity, tolerance: float = 1e-9) -> bool:
    """Whether an answer is the right number to a relative tolerance.

    A percent sign that only one of them has may be left out: 12 % is 12 of a table in percent, and 0.12 as a share. For
    a number below 1 only the share is meant, so 0.5 % is not 0.5.
    """
    if _close(answer.share, gold.share, tolerance):
        return True
    bare = gold if answer.percent else answer
    return answer.percent != gold.percent and abs(bare.value) >= 1 and _close(answer.value, gold.value, tolerance)


def _close(answer: float, gold: float, tolerance: float) -> bool:
    return abs(answer - gold) <= tolerance * abs(gold)
