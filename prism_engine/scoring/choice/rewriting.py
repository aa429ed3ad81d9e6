"""Rewrites a sentence so that fewer forms are left to the grammar: "A = no" becomes "A is no".

"I prefer A to B" becomes "prefer A", "between A and B, the latter fits" becomes "B fits", "A: not mentioned; B: stated"
becomes two clauses, and conditions, evidence and denials that are none lose the words that look like one.
"""

from __future__ import annotations

import re
from typing import Final

from prism_engine.scoring.choice import remarks, turning
from prism_engine.scoring.choice import vocabulary as words
from prism_engine.scoring.choice.alternation import gate
from prism_engine.scoring.choice.signs import SIGN

_DOUBLE: Final = re.compile(
    r"\b(?:not|n't|never|cannot be|can't be|isn't|without being|doesn't|does not"
    r"|nothing|no \w+) (?:be )?(?:contradict\w*|wrong|incorrect|ruled out|excluded|eliminated|conflicts?|false|rejected"
    r"|discarded|unlikely|fail\w*)"
)
_KEPT: Final = re.compile(
    rf"({SIGN}) is the only (?:option|one|choice|answer)? ?(?:that |which )?(?:i|we|you|one) (?:can't|cannot"
    r"|can not|couldn't)"
    r" (?:rule out|exclude|eliminate|dismiss|reject|discard|cross out)\b"
)
_PREFERRED: Final = re.compile(rf"(?:prefer\w*|rank|rate) ({SIGN}) (?:to|over|above|ahead of|before) {SIGN}")
_CHANGED: Final = re.compile(
    rf"(\b(?:chang|switch|revis|updat|amend|correct|mov)\w*\b[^,;:.]{{0,40}}?) from {SIGN} to (?={SIGN})"
)
_BETWEEN: Final = re.compile(
    rf"\b(?:between|comparing|weighing|down to|of) (?:options? )?{words.LIST}(?=[^\w].*(?:{SIGN}|\b(?:latter"
    rf"|former)\b))"
)
_PAIR: Final = re.compile(
    rf"\b(?:between )?({SIGN})(?: and | or |, | vs\.? )({SIGN})([^\ue000-\ue2ff]*\bthe )(latter"
    rf"|former)\b(?: (?:option|choice|one))?"
)
_VERDICT: Final = re.compile(
    rf"({SIGN}) ?\(((?:clearly )?(?:in)?correct|right|wrong|true|false|yes|no|ruled out|eliminated|contradicted"
    rf"|not \w+|no match|match)\)"
    rf"|({SIGN}) ?[=:] ?(yes|yep|yup|yeah|no|nope|nah|true|false|correct|incorrect|right|wrong)(?=\s*(?:[,;.]|$))"
)
_WHAT_IT_SAYS: Final = re.compile(
    rf"\b(?:that's|that is|this is|which is|it's|it is|shows|matches|says|states) (?:exactly |precisely "
    rf"|just )?what ({SIGN}) "
    r"(?:says|states|describes|claims|shows|suggests)\b"
)
_INCLINED: Final = re.compile(r"\b(?:i'm|i am) (?:\w+ )?inclined (?:to|towards?)(?: say| go with)?\b")
_OPENING: Final = re.compile(
    r"\b(?:(?:everything|all things) considered|on second thoughts?|(?:that being|that|having) said(?: that)?)\b[,:]?"
)
_ITEM_LIST: Final = re.compile(rf"({SIGN}) ?(?:-|:) (?=[a-z])")
"""A list inside a sentence: "A - not mentioned; B - consistent"."""
_ELLIPSIS: Final = re.compile(
    rf"({SIGN}) (?:is not|isn't|cannot|can't|can not|doesn't|does not|hasn't|has not)(?=\W*$)"
)
"""What others are and this one is not: "A can be ruled out, B cannot"."""
_GONE: Final = re.compile(f"{words.WRONG}|{words.ELIMINATE}")
_NOT: Final = re.compile(f"{words.NOT}|n't")
_NOT_BUT: Final = re.compile(
    rf"(?<!\w )\bnot ({SIGN}), ({SIGN})(?=\W*$)|^\W*not ({SIGN})[^:{SIGN[1:-1]}]{{0,30}}: ({SIGN})(?=\W*$)"
)
_PRECISELY: Final = re.compile(
    r"^\W*to (?:answer (?:the|your|this) question|be (?:precise|clear|exact|honest|sure|safe|fair|short|brief)"
    r"|sum up|summari[sz]e"
    r"|conclude)\b[:,]?"
)


def _judged(found: re.Match[str]) -> str:
    """Return "(A) yes", "A = yes" or "A (correct)" as a clause of its own."""
    word = found[2] or found[4]
    word = "wrong" if word in ("no", "nope", "nah", "false") else "correct" if word[0] == "y" else word
    return f"{found[1] or found[3]} is {word},"


_MAY_COMPARE: Final = gate("between", "comparing", "weighing", "down to", "of ")
_SIMPLER: Final = tuple(
    (pattern, plain, gate(*parts))
    for pattern, plain, parts in (
        (_VERDICT, _judged, ("(", "=", ":")),
        (remarks.FORCED, " ", ("if", "when", "once", "after", "wenn")),
        (remarks.EVIDENCE, " ", ("according", "based on", "given", "per ", "from", "you", "one can", "the user")),
        (turning.NO_DOUBT, " ", ("no", "doubt")),
        (_DOUBLE, " correct with ", ("not", "n't", "never", "without", "no ")),
        (_KEPT, r"\1 is correct", ("is the only ",)),
        (_PREFERRED, r"prefer \1", ("prefer", "rank", "rate")),
        (_NOT_BUT, r"not \1\3 but \2\4", ("not ",)),
        (_WHAT_IT_SAYS, r"so the answer is \1", (" what ",)),
        (_INCLINED, "i say", ("inclined",)),
        (_PRECISELY, "", ("to ",)),
        (_OPENING, " ", ("considered", "second thought", " said")),
        (_CHANGED, r"\1 to ", (" from ",)),
    )
)
"""What a sentence is simplified by: a pattern, what replaces it, and parts without one of which it matches nothing."""


def simplified(text: str) -> str:
    """Return a sentence in simpler words; what it says about options is the same."""
    if "latter" in text or "former" in text:
        text = _PAIR.sub(lambda pair: f"{pair[3]}{pair[2 if pair[4] == 'latter' else 1]}", text)
    if _MAY_COMPARE(text):
        text = _BETWEEN.sub(" ", text)
    if len({item[1] for item in _ITEM_LIST.finditer(text)}) > 1:
        text = _ITEM_LIST.sub(r"\1 is ", text)
    rest = _ELLIPSIS.search(text)
    if rest and _GONE.search(text, 0, rest.start()) and not _NOT.search(text, 0, rest.start()):
        text = f"{text[: rest.start()]}{rest[1]} is correct"
    for pattern, plain, may_match in _SIMPLER:
        if may_match(text):
            text = pattern.sub(plain, text)
    return text
