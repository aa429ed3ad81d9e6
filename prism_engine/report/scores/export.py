"""Predictions as Parquet, for whoever analyses them with other tools."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from prism_engine.report.atomic import replacing
from prism_engine.report.scores.predictions import reading, scan

if TYPE_CHECKING:
    from pathlib import Path

_ROW_GROUP: Final = 10_000
"""Rows that are held in memory at once; fixed, so that equal input gives equal bytes on any machine."""


def export_parquet(predictions: Path, target: Path) -> None:
    """Turn a predictions file into a Parquet file in one step: every line, every field, in the same order.

    Ids stay text even where they look like numbers, and so does a column that is null throughout.

    Raises:
        UserError: the predictions are absent or damaged, or the target cannot be written.
    """
    with reading(predictions):
        table = scan(predictions)
        with replacing(target) as draft:
            table.sink_parquet(draft, row_group_size=_ROW_GROUP)
