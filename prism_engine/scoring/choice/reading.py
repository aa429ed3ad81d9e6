r"""prism's own rule for multiple choice: what is said outright first, then what is mentioned, else nothing.

In this order, and the first that reads something decides:

1. nothing, where the reply is a provider's failure; a refusal, where it says so in a known sentence and nothing is said
   outright on a later line
2. the option whose text the whole reply is
3. the last thing said outright (`statements.py`): "the answer is B", "Answer: dog", `\boxed{B}`, `<answer>B</answer>`,
   "I choose B", "so B.", "B is correct", a letter that stands on a line of its own or heads one, a last line that is
   an option's text. Two letters in one
   breath ("B or C") are a contradiction: nothing is read, whatever else is there
4. the only option letter that is mentioned and not ruled out; the article "A" and the pronoun "I" are words
5. the only option text that is mentioned as whole words: anywhere in a short reply; in a long one in its last sentence,
   unless the reply weighs several option letters
6. a refusal, where the reply says that it cannot tell

Marks around letters (bold, quotes, backticks, brackets, LaTeX) do not matter, nor do full-width letters and marks.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from prism_engine.scoring.choice.mentions import Choices, narrow
from prism_engine.scoring.choice.rules import API_FAILURE, REFUSALS
from prism_engine.scoring.choice.statements import last_statement
from prism_engine.scoring.scorer import REFUSAL, says_it_cannot_tell

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prism_engine.records import Option

_BARE: Final = re.compile(
    r"(?:[\s(*\[]{0,4}|(?:The )?(?:correct |final )?[Aa]nswer(?: is:?|:) ?[(*]{0,3})([A-Z])[\s).*\]:,]{0,4}"
)
"""The commonest replies, read at a tenth of the cost and as the rules would: a letter, or a letter announced."""


def read_option(reply: str, options: Sequence[Option]) -> str | None:
    """Read the chosen option out of a reply, in time linear in its length.

    Returns:
        The letter of an option; "Z" for a refusal (or a real option Z); None where nothing, or two things, are said.
    """
    bare = _BARE.fullmatch(reply)
    if bare and any(option.letter == bare[1] for option in options):
        return bare[1]
    if API_FAILURE in reply:
        return None
    text = narrow(reply)
    choices = Choices(text, options)
    said = last_statement(text, choices)
    if (refused := max(text.rfind(refusal) for refusal in REFUSALS)) >= 0:
        line_end = text.find("\n", refused)
        return said.letter if said and 0 <= line_end < said.place else REFUSAL
    letter = choices.option_of(text)
    if letter is None and said is not None:
        return said.letter
    if letter is None:
        named = choices.named_letters()
        letter = next(iter(named)) if len(named) == 1 else choices.lone_text(weighed=len(named) > 1)
    return REFUSAL if letter is None and says_it_cannot_tell(reply) else letter
