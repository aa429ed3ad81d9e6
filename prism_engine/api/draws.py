"""Questions that are asked several times: all draws in a file of their own, the first ones where one is expected."""

from __future__ import annotations

from itertools import islice
from math import prod
from typing import TYPE_CHECKING

import orjson

from prism_engine.report import (
    DRAW_FIELDS,
    DrawScores,
    export_parquet,
    replacing,
    summarise_draws,
    write_draw_scores,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from prism_engine.config import RunConfig
    from prism_engine.engine.journal import Journal


def once_per_question(journal: Journal, config: RunConfig) -> Iterator[bytes]:
    """Yield the first draw's line of each question, as that of a question which is asked once."""
    draws = prod(config.draws)
    lines = islice(journal.lines(), None, None, draws)
    return lines if draws == 1 else map(_undrawn, lines)


def once_per_description(journal: Journal, config: RunConfig) -> Iterator[bytes]:
    """Yield the line of the first answer to each description."""
    _, answers = config.draws
    return islice(journal.lines(), None, None, answers)


def write_draws(folder: Path, journal: Journal, config: RunConfig) -> DrawScores | None:
    """Write every draw of every question, and what they come to together; nothing where each is asked once.

    Raises:
        UserError: a file cannot be written.
        StoreError: the journal cannot be read back.
    """
    if prod(config.draws) == 1 or not config.mode.answers:
        return None
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "draws.jsonl"
    with replacing(path) as draft, draft.open("wb") as file:
        file.writelines(journal.lines())
    export_parquet(path, path.with_suffix(".parquet"))
    scores = summarise_draws(path, profile=config.profile, failed_as_wrong=config.failed == "wrong")
    write_draw_scores(scores, folder)
    return scores


def _undrawn(line: bytes) -> bytes:
    row = {name: value for name, value in orjson.loads(line).items() if name not in DRAW_FIELDS}
    return orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE)
