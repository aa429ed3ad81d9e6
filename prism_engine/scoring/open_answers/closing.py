"""Reads the amount that the last sentence of a reply works out, where no cue announces an answer.

"... The difference is 48.", "Together they come to 48.", "Subtracting leaves 48.", "..., a total of 48", "Il y a 48
barres." Only a number is read, and only from a subject that names a result: "The blue bar is 48." at the end of a
reasoning is one of its steps.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from prism_engine.scoring.open_answers import phrases
from prism_engine.scoring.open_answers.quantities import counted, quantity_of
from prism_engine.scoring.open_answers.visible import tidy

if TYPE_CHECKING:
    from prism_engine.scoring.open_answers.answer_clauses import Clause

_RESULT: Final = (
    r"(?:differences?|sum|total|average|mean|median|mode|ratio|gap|change|increase|decrease|rise|drop|growth|decline"
    r"|number|count|product|quotient|result|remainder|surplus|deficit|range|spread|margin|percentage|proportion|share"
    r"|probability|fraction)"
)
_OF_A_RESULT: Final = rf"(?:an?|the) (?:\w+ )?{_RESULT} of\s"
_COMES_TO: Final = (
    r"(?:is|was|are|were|equals?|(?:would|must|should|will) be|(?:works?|comes?) out (?:to|at)(?: be)?|comes? to"
    r"|amounts? to|stands at|totals?|adds? up to|sums? to|gives?|makes?|leaves?|yields?|results? in)"
)
_WORKED_OUT: Final = (
    # The difference between the two is therefore 48.
    re.compile(
        rf"(?:the|this|that|their|our|its)\s(?:[\w'’-]+\s){{0,3}}?{_RESULT}\b[^,;:]{{0,120}}\s{_COMES_TO}\s"
        r"(?:(?:therefore|thus|then|hence|now|about)\s)?(?P<amount>.+)",
        re.IGNORECASE | re.DOTALL,
    ),
    # Together they come to 48. Adding the two gives 48. 18 divided by 6 is 3.
    re.compile(
        r"(?:together|combined|altogether|(?:add|summ|subtract|divid|multiply|averag|combin|count|remov|deduct)ing\b"
        r"|\S{1,12}\s(?:plus|minus|times|divided by|multiplied by)\s)"
        rf"[^;:]{{0,120}}\s(?:{_COMES_TO}|(?:we|you|i) (?:get|have))\s(?:(?:us|you|me)\s)?(?:{_OF_A_RESULT})?"
        r"(?P<amount>.+)",
        re.IGNORECASE | re.DOTALL,
    ),
    # We end up with 48. That leaves 48.
    re.compile(
        r"(?:(?:in all|all in all),?\s)?(?:(?:we|you|i|one)\s(?:get|end up with|arrive at|obtain|are left with)"
        r"|(?:it|that|this|which)(?:['’]s|\s(?:is|makes|gives|leaves|comes (?:out )?(?:to|at)|amounts to|totals"
        rf"|adds up to|works out to)))\s(?:(?:us|you|me)\s)?(?:{_OF_A_RESULT})?(?P<amount>.+)",
        re.IGNORECASE | re.DOTALL,
    ),
    # ..., making 48 in total. ..., i.e. 48. Adding the two: 48. The blue line peaks 15 higher.
    re.compile(
        r"(?:.{10,300}?[,;]?\s)?(?:for|leaving|giving|making|(?:(?:which|that|and) )?(?:makes?|gives?)"
        r"|so)\s(?P<amount>\S+(?:\s\w+)?)"
        r"\s(?:in total|altogether|in all|overall)",
        re.IGNORECASE | re.DOTALL,
    ),
    re.compile(r".{3,300}[=≈].{1,100},\s(?:i\.e\.,?|that is,?)\s(?P<amount>.+)", re.IGNORECASE | re.DOTALL),
    re.compile(
        rf"(?:(?:the )?{_RESULT}|together|combined|altogether|in total|overall|(?:add|summ|subtract|divid|multiply"
        r"|averag|combin|count)ing\b[^;:]{1,120}):\s(?P<amount>.+)",
        re.IGNORECASE | re.DOTALL,
    ),
    re.compile(
        r"(?:the|its|it) [^,;:]{1,100}?\s(?P<amount>[$€£]?\d[\d.,]*\s?(?:%|\w{1,12})?(?:\s\w{1,12})?)"
        r"\s(?:higher|lower|greater|taller|larger|longer|shorter|bigger|smaller|more|less|fewer|older|younger)",
        re.IGNORECASE | re.DOTALL,
    ),
    # Dogs exceed cats by 7 in 2010.
    re.compile(
        r".{3,200}?\s(?:exceeds?|outnumbers?|surpass(?:es)?|leads?|drop(?:s|ped)?|falls?|fell|rises?|rose|grows?|grew"
        r"|(?:declin|increas|decreas|chang)e[sd]?|differ)\s(?:[^,;:\d]{1,40}\s)?by\s(?P<amount>.+?)"
        r"(?:\s(?:between|from)\s\S{1,12}\s(?:and|to)\s\S{1,12})?",
        re.IGNORECASE | re.DOTALL,
    ),
    # 12 apples remain. 15 - 5 = 10.
    re.compile(
        r"(?:after [^,;]{1,80},\s)?(?P<amount>[$€£]?\d[\d.,]*(?:\s[a-z]{1,15}){0,2})\s(?:remain|(?:is|are"
        r"|were) left)\b.*",
        re.IGNORECASE | re.DOTALL,
    ),
    re.compile(
        r"[^=:A-Za-z]{0,60}\d[^=:A-Za-z]{0,30}[-+*/\u00d7\u00f7\u2212\u00b7]"
        r"[^=:A-Za-z]{1,60}=\s?(?P<amount>[^=;:]+)"
    ),
    # ..., a total of 48
    re.compile(
        r"(?:.{10,300}?(?:,\s(?:for\s|or\s)?|\b(?:for|leaving|giving|making|leaves|gives|makes|yields|which is"
        r"|which was)\s))?"
        rf"{_OF_A_RESULT}(?P<amount>.+)",
        re.IGNORECASE | re.DOTALL,
    ),
    re.compile(r"[^→⇒=]{2,100}(?:→|⇒|=>)\s?(?P<amount>[^→⇒=]+)"),
    # Other languages; "of" and "there are" are part of the verb.
    re.compile(
        r"(?:il y (?:en )?a|on compte|hay|ci sono|es (?:sind|gibt)|insgesamt (?:sind es|gibt es)|há|er zijn|всего)\s"
        r"(?P<amount>.+)",
        re.IGNORECASE,
    ),
    re.compile(
        r"(?:(?:(?:la|le|les|el|los|las|il|lo|o|a|os|as|der|die|das)\s|l['’])[^\d,;:]{1,60}"
        r"\s(?:est(?: de)?|es(?: de)?|ist|beträgt|è(?: di)?|é(?: de)?)|(?:het|de)\s[^\d,;:]{1,60}\sis)\s(?P<amount>.+)",
        re.IGNORECASE,
    ),
    re.compile(r"[^\W\d_][^\d,;:]{1,60}\s(?:равн[аоы]?|равен|составляет|составила)\s(?P<amount>.+)", re.IGNORECASE),
    re.compile(
        r"(?:[^\W\d零一二两三四五六七八九十百千万]{1,12}(?:是|为|為|は|约为|等于)|(?:总共|一共|共)?(?:有|是)|约为?|大约|大概|共计?)\s?(?P<amount>.+)"
    ),
)
_LONGEST: Final = 600
"""Characters of a sentence; a longer one is not read."""
_UNSURE: Final = re.compile(
    r"\b(?:might|may|could|wrong|incorrect|mistaken|erroneous|na[iï]ve|says?|claims?"
    r"|не|нет|nicht|kein\w*|pas|não|non|niet|geen|ni)\b|不|没|沒|未|还是|吗",
    re.IGNORECASE,
)
"""Doubt, other people's amounts, and denials in other languages."""
_COUNTER: Final = re.compile(r"(?:个|個|条|條|人|种|種|只|隻|年|本|つ|です|入り)+$")


def worked_out(clause: Clause) -> str | None:
    """Return the amount that a clause works out; None if it works out none, denies or is not sure of it."""
    if (
        len(clause.text) > _LONGEST
        or not clause.commits
        or phrases.NEGATION.search(clause.text)
        or _UNSURE.search(clause.text)
    ):
        return None
    text = phrases.LEAD.sub("", tidy(clause.text))
    for pattern in _WORKED_OUT:
        if found := pattern.fullmatch(text):
            amount = tidy(phrases.TAILS.sub("", phrases.OR_SO.sub("", _COUNTER.sub("", tidy(found["amount"])))))
            if not phrases.CHOICE.search(amount) and (quantity_of(amount) or counted(amount)):
                return amount
    return None
