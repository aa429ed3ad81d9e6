"""Reads the replies in a provider's batch output: one line per request, with `custom_id` and the response."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def is_batch_output(row: Mapping[str, Any]) -> bool:
    """Whether a record is a line of a batch output (OpenAI, vLLM's `run-batch`, Azure, Anthropic, Gemini)."""
    response = row.get("response") or row.get("result")
    answered = isinstance(response, dict) or (response is None and isinstance(row.get("error"), dict))
    return answered and ("custom_id" in row or "key" in row)


def batch_record(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a line's request name as `index` and its reply as `description`.

    The reply is None where the request failed, was refused or has no text; several replies stay a list.
    """
    name = row.get("custom_id", row.get("key"))
    texts = [] if row.get("error") else list(_texts(row.get("response") or row.get("result") or {}))
    return {"index": name, "description": texts[0] if len(texts) == 1 else texts or None}


def _texts(response: Mapping[str, Any]) -> Iterator[str]:
    body = response.get("body", response.get("message", response))
    if not isinstance(body, dict) or response.get("status_code", 200) != 200 or body.get("error"):
        return
    for reply in _items(body, "choices"):  # OpenAI: chat and completions
        message = reply.get("message")
        yield from _joined(message.get("content") if isinstance(message, dict) else reply.get("text"))
    parts = [part for item in _items(body, "output") for part in _items(item, "content")]  # OpenAI: responses
    yield from _joined(parts)
    if isinstance(body.get("content"), list):  # Anthropic
        yield from _joined(body["content"])
    for reply in _items(body, "candidates"):  # Gemini
        content = reply.get("content")
        yield from _joined(_items(content, "parts") if isinstance(content, dict) else None)


def _items(value: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    items = value.get(name)
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def _joined(content: object) -> Iterator[str]:
    """Yield a reply's text, if it has any; its parts are joined."""
    if isinstance(content, list):
        content = "".join(
            part["text"] for part in content if isinstance(part, dict) and isinstance(part.get("text"), str)
        )
    if isinstance(content, str) and content.strip():
        yield content
