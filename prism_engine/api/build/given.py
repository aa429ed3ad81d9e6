"""A run on descriptions from elsewhere: the table that its configuration names, held against the benchmark."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from prism_engine.config import Mode
from prism_engine.datasets import GivenTable

if TYPE_CHECKING:
    from prism_engine.config import RunConfig
    from prism_engine.datasets import Benchmark, Coverage


@dataclass(frozen=True)
class GivenDescriptions:
    """Descriptions that no model of the run makes."""

    table: GivenTable
    coverage: Coverage

    def as_json(self) -> dict[str, Any]:
        """Return what a manifest says of them."""
        return {
            "path": str(self.table.path),
            "sha256": self.table.sha256,
            "by": self.table.by,
            "texts": len(self.table),
            "samples_without_one": self.coverage.missing,
            "rows_of_no_sample": self.coverage.unknown,
        }


def given_descriptions(config: RunConfig, benchmark: Benchmark) -> GivenDescriptions | None:
    """Return the descriptions that are given to a run; None where it has none, or its mode uses none.

    Raises:
        DatasetError: they cannot be read, or do not fit the benchmark; gold descriptions are missing in mode oracle.
    """
    count = min(len(benchmark), config.samples or len(benchmark))
    if config.descriptions is not None and config.mode not in (Mode.DIRECT, Mode.BLIND):
        table = GivenTable(config.descriptions)
        return GivenDescriptions(table, table.check(benchmark, count, skip=config.missing_descriptions == "skip"))
    if config.mode is Mode.ORACLE:
        benchmark.require_gold(count)
    return None
