"""Replies that say the description, or the picture, does not tell: a share that stands beside every score.

A reply counts when it says, in English or Chinese, that the answer cannot be told ("cannot be determined", "unable to
answer", "not enough information"), or that what it was given lacks it ("the description does not mention ...", "is not
specified in the description"). It counts whatever option it names afterwards: many reasoners say so, and then guess.
"""

from __future__ import annotations

import re
from typing import Final

_TELLING: Final = r"(?:determin\w{1,3}|answer|tell|infer|conclude|identify|know|ascertain|say|decide)"
_GIVEN: Final = r"(?:description|caption|image|picture|text|context|passage|information|details?)"
_SILENT: Final = r"(?:mention|specify|state|provide|include|contain|describe|say|give|indicate|tell)"

INABILITY: Final = (
    rf"(?:cannot|can't|can’t|can not|could not|couldn't|unable to|impossible to|not possible to|no way to)"
    rf"(?: \w+ly)?(?: be)? {_TELLING}"
    rf"|(?:not enough|insufficient|lack of|no) (?:\w+ )?(?:information|details?|context|evidence)"
    rf"|{_GIVEN} (?:\w+ )?(?:does not|doesn't|doesn’t|do not|don't|did not|didn't) (?:\w+ly )?{_SILENT}"
    rf"|not (?:\w+ly )?(?:mentioned|specified|stated|provided|included|described|given|visible|shown)"
    rf" (?:in|by) the (?:\w+ )?{_GIVEN}"
    rf"|无法(?:确定|判断|回答|得知|从)|(?:描述|图片|图中)(?:中)?(?:没有|未)(?:提及|提到|说明|给出)|信息不足"
)
"""The phrases as a pattern for lower-cased text, in the syntax that Python's and Rust's engines share; linear."""

_FOUND: Final = re.compile(INABILITY)


def says_it_cannot_tell(reply: str) -> bool:
    """Whether a reply says that what it was given does not hold the answer."""
    return _FOUND.search(reply.lower()) is not None
