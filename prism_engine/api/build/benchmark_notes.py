"""Notes about the benchmark of a run, to show before its first call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prism_engine.api.build.resolve import resolve_run
from prism_engine.datasets import open_benchmark, run_notes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prism_engine.config import Registry, RunConfig
    from prism_engine.datasets import IngestCallback as Ingesting


def benchmark_notes(
    configs: Sequence[RunConfig], registry: Registry, *, ingesting: Ingesting | None = None
) -> list[str]:
    """Return what users should know about the benchmarks of runs: rows left out, columns and answers not used.

    Raises:
        UserError, StoreError: as `run`.
    """
    notes: dict[str, None] = {}
    answered = {(one.benchmark, one.samples, one.answer_kind): one for one in configs if one.mode.answers}
    for config in answered.values():
        path = resolve_run(config, registry).benchmark
        with open_benchmark(path, config.cache_dir, progress=ingesting) as benchmark:
            count = min(len(benchmark), config.samples or len(benchmark))
            notes |= dict.fromkeys(run_notes(benchmark, count, config.answer_kind))
    return list(notes)
