"""Notes about the benchmarks of runs, to show before the first call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prism_engine.datasets import run_notes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prism_engine.api.build.parts import Parts


def benchmark_notes(every_parts: Iterable[Parts]) -> list[str]:
    """Return what users should know about the benchmarks of runs: rows left out, columns and answers not used.

    Raises:
        StoreError: a benchmark's index cannot be read.
    """
    answered = [parts for parts in every_parts if parts.config.mode.answers]
    distinct = {(one.benchmark.path, one.count, one.config.answer_kind): one for one in answered}
    notes: dict[str, None] = {}
    for one in distinct.values():
        notes |= dict.fromkeys(run_notes(one.benchmark, one.count, one.config.answer_kind))
    return list(notes)
