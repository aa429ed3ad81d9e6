"""What of a reply is its answer and not its reasoning or markup: tags, JSON, code fences, LaTeX and Markdown marks."""

from __future__ import annotations

import json
import re
from typing import Final

_HEAD: Final = 4_000
_TAIL: Final = 16_000
"""Characters at the beginning and the end of a reply that are read; an answer stands in one of them."""
_OPENED: Final = ("<think>", "<thinking>", "<reasoning>")
_CLOSED: Final = ("</think>", "</thinking>", "</reasoning>")
_FENCE: Final = re.compile(r"^[ \t]*(?:```|~~~)[\w-]{0,20}[ \t]*$", re.MULTILINE)
_KEY: Final = re.compile(
    r"[\"'](?:the[ _])?(?:(?:final|short|predicted|correct)[ _-]?)?(?:answer|result|value|prediction|output)[\"']"
    r"\s{0,4}:\s{0,4}",
    re.IGNORECASE,
)
_TEXT_COMMAND: Final = re.compile(
    r"\\(?:text(?:bf|it|rm|tt)?|math(?:rm|bf|it|sf)|mbox|boxed|fbox|operatorname)\s?\{([^{}]{0,200})\}"
)
_STRUCK: Final = re.compile(r"~~(?=\S)[^~\n]{1,200}~~")
"""Words that their writer crossed out."""
_TAG: Final = re.compile(r"</?[A-Za-z_][\w-]{0,20}\s?/?>|<\|[\w-]{1,30}\|>")
_ESCAPED: Final = re.compile(r"\\([%$&#_])")
_EMPHASIS: Final = re.compile(r"(?<![\w*])([*_])(?=[^\s*_])([^*_\n]{1,200}?)(?<=\S)\1(?![\w*])")
_MARKS: Final = re.compile(r"\*\*|__|`|\\[()\[\]]|\$\$|\\[,;!](?!\w)|^[>#\s]+|^[-*+•]\s+")
_EDGES: Final = " \t\r\n.,;:!。，；：！*_|"  # noqa: RUF001 - Chinese punctuation
_PAIRS: Final = {
    '"': '"',
    "'": "'",
    "“": "”",
    "‘": "’",
    "«": "»",
    "「": "」",
    "『": "』",
    "[": "]",
    "(": ")",
    "{": "}",
    "$": "$",
}


def visible(reply: str) -> str:
    """Return the part of a reply that may state its answer; empty if the reply ended within its reasoning."""
    text = reply if len(reply) <= _HEAD + _TAIL else f"{reply[:_HEAD]}\n{reply[-_TAIL:]}"
    closed = max((text.rfind(tag) + len(tag) for tag in _CLOSED if tag in text), default=0)
    text = text[closed:]
    opened = min((text.find(tag) for tag in _OPENED if tag in text), default=-1)
    text = _STRUCK.sub("", _FENCE.sub("", text[:opened] if opened >= 0 else text))
    return text.replace("\r\n", "\n").replace("\u200b", "")


def json_answer(text: str) -> str | None:
    """Return the answer that a JSON object states, alone or within a text; the last one. None if there is none."""
    keys = list(_KEY.finditer(text))
    if not keys:
        return None
    decoder = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=str, strict=False)
    try:
        value, _ = decoder.raw_decode(text, keys[-1].end())
    except (ValueError, RecursionError):
        quoted = re.compile(r"'([^'\n]{0,400})'").match(text, keys[-1].end())  # as Python writes a dictionary
        return quoted[1] if quoted else None
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, str) else None


def boxed(text: str, start: int) -> str | None:
    """Return what stands between the brace before `start` and the one that closes it; None if it is never closed."""
    depth = 1
    for position in range(start, min(len(text), start + 400)):
        depth += {"{": 1, "}": -1}.get(text[position], 0)
        if depth == 0:
            return text[start:position]
    return None


def tidy(text: str) -> str:
    """Remove markup, quotation marks and punctuation around a short text; LaTeX keeps its commands for formulas."""
    bare = _ESCAPED.sub(r"\1", _TAG.sub("", text).replace("{,}", ",")).strip()
    for _ in range(3):
        bare = _TEXT_COMMAND.sub(r"\1", bare)
    bare = _EMPHASIS.sub(r"\2", bare)
    bare = _MARKS.sub("", bare).strip(_EDGES if not _negative(bare) else " \t\r\n")
    while len(bare) > 1 and _PAIRS.get(bare[0]) == bare[-1] and bare[-1] not in bare[1:-1]:
        bare = bare[1:-1].strip(_EDGES if len(bare) > 3 else " ")
    return bare


def _negative(text: str) -> bool:
    return bool(re.match(r"[-.]\d", text)) and not text.endswith(".")
