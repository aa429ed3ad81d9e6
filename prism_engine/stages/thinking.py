"""A reasoning model's thinking, taken out of its reply: it is kept, but neither given on nor scored."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from prism_engine.records import Outcome

if TYPE_CHECKING:
    from prism_engine.records import Completion

MARKS = (
    ("<think>", "</think>"),
    ("<thinking>", "</thinking>"),
    ("[THINK]", "[/THINK]"),
    ("◁think▷", "◁/think▷"),
)
"""How models mark their thinking where the server does not take it out: DeepSeek and Qwen, others, Magistral, Kimi."""


def apart(completion: Completion) -> Completion:
    """Return a completion whose text is only what follows the thinking at its beginning.

    The opening mark may be missing, as where the chat template has written it already. A model that was cut while it
    was still thinking has no text yet (*truncated*); one that stopped there has none at all (*empty*).
    """
    if not completion.outcome.reusable:
        return completion
    for opening, closing in MARKS:
        inside = completion.text.lstrip()
        opened = inside.startswith(opening)
        thinking, closed, text = inside.removeprefix(opening).partition(closing)
        if opened or closed:
            break
    else:
        return completion
    outcome = completion.outcome
    if outcome is Outcome.OK and not text.strip():
        outcome = Outcome.EMPTY
    kept = (part.strip() for part in (completion.reasoning, thinking))
    return replace(completion, outcome=outcome, text=text.lstrip(), reasoning="\n\n".join(filter(None, kept)))
