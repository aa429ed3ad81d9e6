"""Separates a model's thinking from its answer, where the server left both in the text."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from prism_engine.records import Outcome

if TYPE_CHECKING:
    from prism_engine.records import Completion

THINKING_TAGS = (
    ("<think>", "</think>"),
    ("<thinking>", "</thinking>"),
    ("[THINK]", "[/THINK]"),
    ("◁think▷", "◁/think▷"),
    ("<seed:think>", "</seed:think>"),
    ("<|begin_of_thought|>", "<|end_of_thought|>"),
    ("<|channel>thought", "<channel|>"),
)
"""Tags around thinking that the server leaves in the text: DeepSeek and Qwen, others, Magistral, Kimi, Seed,
distilled models, Gemma."""

_ANY_TAG = re.compile("|".join(re.escape(tag) for tags in THINKING_TAGS for tag in tags))
_CHANNEL = re.compile(
    r"(?:<\|start\|>assistant\s*)?<\|channel\|>\s*(\w+)[^<]{0,100}(?:<\|constrain\|>\w+)?<\|message\|>"
)
"""The beginning of a channel in the markup of gpt-oss ("harmony")."""
_CHANNEL_END = re.compile(r"<\|(?:end|return|call)\|>\s*$")
_BARE_CHANNELS = re.compile(r"analysis(?=\S)(.*?)assistantfinal(?=\S)(.*)", re.DOTALL)
"""The same text without its special tokens, as servers return it that skip them."""
_SOLUTION = re.compile(r"\s*<\|begin_of_solution\|>(.*?)(?:<\|end_of_solution\|>)?\s*$", re.DOTALL)


def split_thinking(completion: Completion) -> Completion:
    """Move the thinking at the beginning of a completion's text into `reasoning`.

    The opening tag may be missing, for example because it is part of the chat template. A model that was cut off while
    thinking has no text yet (outcome `truncated`); one that stopped on its own while thinking has none (`empty`).
    """
    if not completion.outcome.reusable:
        return completion
    parts = _channels(completion.text) or _tagged(completion.text)
    if parts is None:
        return completion
    thinking, text = parts
    outcome, detail = completion.outcome, completion.detail
    if outcome is Outcome.OK and not text.strip():
        outcome, detail = Outcome.EMPTY, "the reply is only thinking, which ends without an answer"
    reasoning = (part.strip() for part in (completion.reasoning, thinking))
    thought = "\n\n".join(filter(None, reasoning))
    return replace(completion, outcome=outcome, text=text.lstrip(), reasoning=thought, detail=detail)


def _tagged(text: str) -> tuple[str, str] | None:
    """Return thinking and answer of a text with tags; None if it has none."""
    if not _ANY_TAG.search(text):
        return None
    stripped = text.lstrip()
    for opening, closing in THINKING_TAGS:
        opened = stripped.startswith(opening)
        thinking, closed, answer = stripped.removeprefix(opening).partition(closing)
        if opened or closed:
            solution = _SOLUTION.match(answer)
            return thinking, solution[1] if solution else answer
    return None


def _channels(text: str) -> tuple[str, str] | None:
    """Return thinking and answer of a text with channel markup; None if it has none."""
    starts = list(_CHANNEL.finditer(text)) if text.lstrip().startswith(("<|start|>", "<|channel|>")) else []
    if not starts:
        bare = _BARE_CHANNELS.match(text.lstrip())
        return (bare[1], bare[2]) if bare else None
    thinking: list[str] = []
    answers: list[str] = []
    for start, following in zip(starts, [*starts[1:], None], strict=True):
        part = _CHANNEL_END.sub("", text[start.end() : following.start() if following else len(text)])
        (answers if start[1] == "final" else thinking).append(part.strip())
    return "\n\n".join(thinking), "\n\n".join(answers)
