"""Votes for tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prism_engine.report.scores.votes import Side, Vote

if TYPE_CHECKING:
    from collections.abc import Mapping


def vote(
    left: str = "a",
    right: str = "b",
    outcome: str = "left",
    *,
    styles: tuple[Mapping[str, int], Mapping[str, int]] = ({}, {}),
    characters: tuple[int, int] | None = None,
    **more: Any,
) -> Vote:
    """Return a vote of ann's on answers to sample 1, without a picture, unless `more` says otherwise."""
    if characters:
        styles = ({"characters": characters[0]}, {"characters": characters[1]})
    sides = [
        Side.model_validate({"run": f"runs/{name}", "system": name, **style})
        for name, style in zip((left, right), styles, strict=True)
    ]
    given = {"voter": "ann", "benchmark": "Bench", "sample": "1", "what": "answers", "outcome": outcome}
    return Vote.model_validate(given | {"left": sides[0], "right": sides[1]} | more)
