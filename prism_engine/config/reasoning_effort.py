"""How long a model may think: the effort or the budget, as the request fields of each kind of endpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, get_args

if TYPE_CHECKING:
    from collections.abc import Callable

ReasoningEffort = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]
ReasoningStyle = Literal["openai", "openrouter", "anthropic", "gemini", "qwen", "vllm"]
EFFORTS: tuple[ReasoningEffort, ...] = get_args(ReasoningEffort)
_BEYOND_THE_LIMIT = frozenset({"gemini", "qwen"})
"""Styles whose output limit may not count what the model thinks."""


def reasoning_fields(style: ReasoningStyle, effort: ReasoningEffort | None, budget: int | None) -> dict[str, Any]:
    """Return the request fields that ask for an effort or a thinking budget; none if neither is given.

    By the providers' documentation of 2026-11, not run against them.

    Raises:
        ValueError: the style has no such field, or not both.
    """
    if effort is None and budget is None:
        return {}
    if effort is not None and budget is not None and style not in ("vllm", "qwen"):
        raise ValueError(f"reasoning_style {style} takes reasoning_effort or thinking_budget, not both")
    return _STYLES[style](effort, budget)


def unlimited_thinking(style: ReasoningStyle, budget: int | None) -> int:
    """Return the tokens of thinking that may come on top of the output limit."""
    return budget if budget is not None and style in _BEYOND_THE_LIMIT else 0


def merged_fields(body: dict[str, Any], fields: dict[str, Any], path: str = "") -> dict[str, Any]:
    """Return two nested mappings as one.

    Raises:
        ValueError: both set the same field.
    """
    both = dict(body)
    for name, value in fields.items():
        inner = f"{path}{name}"
        if name not in both:
            both[name] = value
        elif isinstance(both[name], dict) and isinstance(value, dict):
            both[name] = merged_fields(both[name], value, f"{inner}.")
        else:
            raise ValueError(f"extra_body sets {inner!r}, which reasoning_effort or thinking_budget sets: remove one")
    return both


def _openai(effort: ReasoningEffort | None, budget: int | None) -> dict[str, Any]:
    if budget is not None:
        raise ValueError(
            "thinking_budget needs reasoning_style openrouter, anthropic, gemini, qwen or vllm; OpenAI's own "
            "field is reasoning_effort"
        )
    return {"reasoning_effort": effort}


def _openrouter(effort: ReasoningEffort | None, budget: int | None) -> dict[str, Any]:
    if budget == 0:
        return {"reasoning": {"enabled": False}}
    return {"reasoning": {"effort": effort} if budget is None else {"max_tokens": budget}}


def _anthropic(effort: ReasoningEffort | None, budget: int | None) -> dict[str, Any]:
    if effort is not None and effort != "none":
        raise ValueError("reasoning_style anthropic takes thinking_budget; of the efforts only none")
    return {"thinking": {"type": "enabled", "budget_tokens": budget} if budget else {"type": "disabled"}}


def _gemini(effort: ReasoningEffort | None, budget: int | None) -> dict[str, Any]:
    if budget is None:
        return {"reasoning_effort": effort}
    # A field of this name in the request itself, not the Python client's argument.
    return {"extra_body": {"google": {"thinking_config": {"thinking_budget": budget}}}}


def _qwen(effort: ReasoningEffort | None, budget: int | None) -> dict[str, Any]:
    if effort is not None and effort != "none":
        raise ValueError("reasoning_style qwen takes thinking_budget; of the efforts only none")
    if effort == "none" or budget == 0:
        return {"enable_thinking": False}
    return {"enable_thinking": True, "thinking_budget": budget}


def _vllm(effort: ReasoningEffort | None, budget: int | None) -> dict[str, Any]:
    thinks = effort != "none" and budget != 0
    template: dict[str, Any] = {"enable_thinking": thinks}
    if not thinks:
        return {"chat_template_kwargs": template}
    if budget is not None:
        template["thinking_budget"] = budget
    return {**({} if effort is None else {"reasoning_effort": effort}), "chat_template_kwargs": template}


_STYLES: dict[ReasoningStyle, Callable[[ReasoningEffort | None, int | None], dict[str, Any]]] = {
    "openai": _openai,
    "openrouter": _openrouter,
    "anthropic": _anthropic,
    "gemini": _gemini,
    "qwen": _qwen,
    "vllm": _vllm,
}
