"""Whether a reply says that it has no answer, so that a number or name after that is none.

"Sorry, I cannot answer. 12", "We cannot determine the value. A typical one is 9.8." An answer before that, one that a
cue announces, and an estimate ("..., but it is about 64") stay answers.
"""

from __future__ import annotations

import re
from typing import Final

from prism_engine.scoring.open_answers.extraction import ShortAnswer, is_stated, short_answer
from prism_engine.scoring.open_answers.visible import visible
from prism_engine.scoring.scorer import says_it_cannot_tell
from prism_engine.scoring.sentence_ends import sentences_of

_NOT: Final = r"(?: not|n['’]t)"
_LACKS: Final = re.compile(
    rf"\b(?:can(?:not| not|['’]t)|could{_NOT}|unable to|not able to) (?:\w+ly )?(?:be )?"
    r"(?:answer|help|assist|read|see|view|find|found|access|process|provide|make out|tell|confirm|locate)"
    rf"|\b(?:does|do|did|is|are|was|were){_NOT} (?:\w+ly )?"
    r"(?:mention|specify|state|provide|include|contain|give|list|say|available|legible|readable|enough|sufficient"
    r"|show (?:any|data|the value)|(?:mention|specifi|stat|provid|includ|giv|list|label)(?:l?ed|en)\b)"
    rf"|\b(?:chart|graph|plot|figure|image|picture|photo|table|diagram|document|page|text) does{_NOT} show\b"
    r"|\bno (?:\w+ ){0,2}(?:information|data|values?|details?|date|numbers?|figures?|mention|bar|label)"
    r" (?:is |are |was |were )?(?:given|provided|available|shown|specified|mentioned|listed|for|of)\b"
    rf"|\b(?:i|we) do{_NOT} (?:know|have)\b|\bthere (?:is|are)(?:{_NOT} (?:any|enough)| no(?:t enough)?) (?:\w+ )?"
    r"(?:information|data|details?|way|context|value)"
    r"|\btoo (?:blurry|blurred|small|dark) to\b|\billegible\b|\bunreadable\b"
)
_IN_GENERAL: Final = re.compile(r"\b(?:typical(?:ly)?|usual(?:ly)?|in general|generally|commonly)\b")
_ESTIMATES: Final = re.compile(
    r"\b(?:estimat\w+|guess\w*|approximately|about|around|roughly|probably|likely|i['’]d say|i would say|best|appears?"
    r"|seems?|looks?|assum\w+|must be|presumably|nearly|close to)\b|[~≈]|\b(?:but|however|yet),?\s(?:it|this|that"
    r"|from|i(?! can(?:not|['’]t)| am unable))\b|,\sit (?:says|reads)\b"
)


def refuses(reply: str, answer: ShortAnswer | None) -> bool:
    """Whether a reply, from which this answer was read, says that it has none."""
    if says_it_cannot_tell(reply) and (answer is None or answer.literal or says_it_cannot_tell(answer.text)):
        return True
    return answer is not None and not answer.literal and lacks_an_answer(reply)


def lacks_an_answer(reply: str) -> bool:
    """Whether a reply says that it cannot tell, and neither answered before nor estimates after that. Bounded time."""
    text = visible(reply)
    for start, end in sentences_of(text):
        sentence = text[start:end].lower()
        lack = _LACKS.search(sentence)
        if not lack and not says_it_cannot_tell(sentence):
            continue
        rest = text[start + (lack.end() if lack else 0) :].lower()
        before = short_answer(text[:start])
        answered = before is not None and not before.literal
        estimated = _ESTIMATES.search(rest) and not _IN_GENERAL.search(rest)
        return not (answered or estimated or is_stated(text))
    return False
