"""Turns the rows of a run into the replies that the report page shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from prism_engine.report.scores.predictions import draw_of, scored_of, steps_of
from prism_engine.report.viewer.outcomes import flags_of, outcome_of
from prism_engine.stage import ANSWERS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from prism_engine.report.viewer.contract import Review, ShownReply, ShownStep
    from prism_engine.scoring import Scorer

Row = dict[str, Any]
KEY_DIGITS: Final = 16
"""Hex digits of a call's key that are shown: enough for `prism cache show` to find it."""
_COUNTS: Final = ("prompt_tokens", "completion_tokens", "cached_tokens", "reasoning_tokens")


class Texts:
    """The different descriptions of one sample, each once."""

    def __init__(self) -> None:
        self.all: list[str] = []

    def place(self, text: str) -> int:
        """Return a text's position, after adding it if it is new."""
        if text not in self.all:
            self.all.append(text)
        return self.all.index(text)


def by_question(rows: Iterable[Row], scorer: Scorer | None) -> dict[str, list[Row]]:
    """Gather the rows of each question: its draws and rotations, and a circular benchmark's rows of one question.

    Returns:
        The rows by the index under which `report/scores/aligned.py` knows the question, the row of that index first.
    """
    groups: dict[str, list[Row]] = {}
    for row in rows:
        circular = scorer is not None and scorer.rotated
        name = scorer.group_of(scored_of(row)) if scorer is not None and circular else row["index"]
        groups.setdefault(name, []).append(row)
    gathered = (_representative_first(name, members) for name, members in groups.items())
    return {members[0]["index"]: members for members in gathered}


def _representative_first(name: str, members: list[Row]) -> list[Row]:
    """Return a group with the row first that stands for it, as in `report/scores/rotated.py`."""
    place = next((place for place, row in enumerate(members) if row["index"] == name), 0)
    return [members[place], *members[:place], *members[place + 1 :]]


def reply_of(row: Row, first: Row, texts: Texts, *, alone: bool) -> ShownReply:
    """Return a row as a reply.

    Args:
        first: the row that stands for the question; options and target are given where a row differs from it.
        texts: the sample's descriptions, which grow.
        alone: whether the question has only this reply, so that it needs no name.
    """
    reply: ShownReply = {"outcome": outcome_of(row["status"], row["score"])}
    optional = {
        "name": None if alone else _name(row, first),
        "flags": flags_of(row) or None,
        "score": row["score"],
        "extracted": text_of(row["extracted"]),
        "text": text_of(row.get("reply")),
        "description": None if row.get("description") is None else texts.place(str(row["description"])),
        "hints": text_of(row.get("contents")),
        "fell_back": text_of(row.get("fell_back")),
        "failure": text_of(row.get("failure")),
        "steps": [_step(step, row) for step in steps_of(row)] or None,
        "review": review_of(row),
    }
    if row.get("options") != first.get("options"):
        optional["options"] = options_of(row)
    if row.get("target") != first.get("target"):
        optional["target"] = text_of(row.get("target"))
    reply.update(cast("ShownReply", without_empty(optional)))
    return reply


def review_of(row: Mapping[str, Any]) -> Review | None:
    """Return what a judge says in a judged row; None in any other."""
    judge = row.get("judge")
    if not isinstance(judge, dict):
        return None
    review = {
        "judge": text_of(judge.get("model")),
        "resolved": text_of(judge.get("resolved")),
        "review": text_of(judge.get("review")),
        "extracted": text_of(row.get("extracted")),
        "score": row.get("score"),
    }
    return cast("Review", {name: value for name, value in review.items() if value is not None})


def options_of(row: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return a row's options as letters and texts."""
    return [(option["letter"], option["text"]) for option in row.get("options") or ()]


def without_empty(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values that are not None."""
    return {name: value for name, value in values.items() if value is not None}


def text_of(value: Any) -> str | None:
    """Return a field that is text, also of a file that someone else has written."""
    return value if value is None or isinstance(value, str) else str(value)


def _name(row: Row, first: Row) -> str:
    return ", ".join(_names(row)) or (f"row {row['index']}" if row["index"] != first["index"] else "first")


def _names(row: Row) -> Iterator[str]:
    description, answer, rotation = draw_of(row)
    if row.get("description_draw") is not None:
        yield f"description {description + 1}"
    if row.get("answer_draw") is not None:
        yield f"draw {answer + 1}"
    if row.get("rotation") is not None:
        yield f"options moved by {rotation}" if rotation else "options as they are"


def _step(step: Mapping[str, Any], row: Row) -> ShownStep:
    text = step.get("text") or ""
    known = text_of(row.get("reply") if step.get("stage") in ANSWERS else row.get("description"))
    usage = step.get("usage") or {}
    optional = {
        "round": step.get("round") or None,
        "picture": step.get("picture"),
        "text": text if text.strip() != (known or "").strip() and step.get("stage") != "judge" else None,
        **{name: usage.get(name) for name in _COUNTS},
        "cost": step.get("cost"),
        "key": step["key"][:KEY_DIGITS] if step.get("key") else None,
        "detail": step.get("detail") or None,
    }
    required = {name: str(step.get(name)) for name in ("stage", "model", "outcome")}
    return cast("ShownStep", {**required, **without_empty(optional)})
