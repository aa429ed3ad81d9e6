"""Aligns multiple runs on one list of samples, for paired comparisons."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final, NamedTuple

from prism_engine.errors import UserError
from prism_engine.report.scores.inference import clusters_of
from prism_engine.report.scores.rotated import with_whole_questions

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

    from prism_engine.report.scores.finished import FinishedRun
    from prism_engine.report.scores.inference import Labels, Numbers
    from prism_engine.scoring import Level

_QUESTION: Final = ("question", "target")
_LEVELS: Final[tuple[Level, ...]] = ("l2_category", "category")


class SampleSubset(NamedTuple):
    """A group of samples."""

    level: Level
    name: str | None
    """None at level overall."""
    members: NDArray[np.bool_]


@dataclass(frozen=True)
class AlignedRuns:
    """Runs whose scores are in the same sample order."""

    runs: tuple[FinishedRun, ...]
    samples: pl.DataFrame
    """Index, question, target, categories and pictures of every sample that occurs in any run."""
    scores: tuple[Numbers, ...]
    """Each run's scores; NaN where it has none."""
    clusters: Labels
    """Each sample's cluster: samples that share a picture."""

    def groups(self) -> Iterator[SampleSubset]:
        """Yield all samples first, then each l2-category, then each category."""
        yield from self._groups

    @cached_property  # every comparison of two runs goes through all groups
    def _groups(self) -> tuple[SampleSubset, ...]:
        return tuple(self._subsets())

    def _subsets(self) -> Iterator[SampleSubset]:
        import numpy as np  # noqa: PLC0415 - heavy, and most runs need no statistics

        yield SampleSubset("overall", None, np.ones(len(self.samples), dtype=bool))
        for level in _LEVELS:
            column = self.samples[level]
            for name in sorted(column.drop_nulls().unique()):
                yield SampleSubset(level, name, (column == name).fill_null(value=False).to_numpy())


def align(runs: Sequence[FinishedRun]) -> AlignedRuns:
    """Align runs of one benchmark, or of parts of it, on the same samples.

    If rows are rotations of a question's options, its rotations together are one sample.

    Raises:
        UserError: two runs have different questions under the same index.
    """
    import polars as pl  # noqa: PLC0415 - as numpy

    runs = [with_whole_questions(run) for run in runs]
    samples = pl.concat([run.table for run in runs]).unique("index", keep="first", maintain_order=True)
    scores = []
    for run in runs:
        rows = run.table.select("index", "score", *_QUESTION)
        joined = samples.select("index", *_QUESTION).join(rows, on="index", how="left", maintain_order="left")
        _check_questions(joined, run, runs)
        scores.append(joined["score"].to_numpy())
    pictures = (images or () for images in samples["images"].to_list())
    return AlignedRuns(
        tuple(runs), samples.select("index", *_QUESTION, *_LEVELS, "images"), tuple(scores), clusters_of(pictures)
    )


def _check_questions(joined: pl.DataFrame, run: FinishedRun, runs: Sequence[FinishedRun]) -> None:
    import polars as pl  # noqa: PLC0415

    known = pl.col("index").is_in(run.table["index"].implode())
    differs = pl.any_horizontal(pl.col(name).ne_missing(pl.col(f"{name}_right")) for name in _QUESTION)
    other = joined.filter(known & differs)
    if len(other):
        first = next(earlier for earlier in runs if other["index"][0] in earlier.table["index"])
        raise UserError(
            f"{first.folder} and {run.folder}: index {other['index'][0]} is a different question in each; only runs of "
            "the same benchmark can be compared sample by sample."
        )
