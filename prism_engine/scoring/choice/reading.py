r"""prism's own rules for multiple choice: explicit statements first, then mentions, otherwise nothing.

The first of these that reads something decides:

1. nothing, if the reply is a provider's failure; a refusal, if a known sentence says so and no later line makes an
   explicit statement
2. the option whose text is the whole reply
3. the last explicit statement (`statements.py`): "the answer is B", "Answer: dog", `\boxed{B}`, `<answer>B</answer>`,
   "I choose B", "so B.", "B is correct", a letter on a line of its own or at the start of one, a last line that is an
   option's text. Two letters in one statement ("B or C") are a contradiction: nothing is read, regardless of the rest
4. the only option letter that is mentioned and not ruled out; the article "A" and the pronoun "I" do not count
5. the only option text that is mentioned as whole words: anywhere in a short reply; in the last sentence of a long one,
   unless the reply names multiple option letters
6. a refusal, if the reply says that it cannot tell

Markup around letters (bold, quotes, backticks, brackets, LaTeX) does not matter, nor do full-width characters.
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
"""A shortcut for the most common replies, a letter or "answer: letter"; same result at a tenth of the cost."""


def read_option(reply: str, options: Sequence[Option]) -> str | None:
    """Read the chosen option from a reply, in time linear in its length.

    Returns:
        The letter of an option; "Z" for a refusal (or a real option Z); None if the reply names no option or two.
    """
    bare = _BARE.fullmatch(reply)
    if bare and any(option.letter == bare[1] for option in options):
        return bare[1]
    if API_FAILURE in reply:
        return None
    text = narrow(reply)
    choices = Choices(text, options)
    statement = last_statement(text, choices)
    if (refused := max(text.rfind(refusal) for refusal in REFUSALS)) >= 0:
        line_end = text.find("\n", refused)
        return statement.letter if statement and 0 <= line_end < statement.position else REFUSAL
    letter = choices.option_of(text)
    if letter is None and statement is not None:
        return statement.letter
    if letter is None:
        named = choices.named_letters()
        letter = next(iter(named)) if len(named) == 1 else choices.lone_text(multiple_named=len(named) > 1)
    return REFUSAL if letter is None and says_it_cannot_tell(reply) else letter
