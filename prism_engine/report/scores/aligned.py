"""Several runs on one list of samples: what paired comparisons start from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from prism_engine.errors import UserError
from prism_engine.report.scores.inference import as_numbers, clusters_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

    from prism_engine.report.scores.finished import FinishedRun
    from prism_engine.report.scores.inference import Labels, Numbers

Level = Literal["overall", "l2_category", "category"]

_ASKED: Final = ("question", "target")
_LEVELS: Final[tuple[Level, ...]] = ("l2_category", "category")


class SampleSubset(NamedTuple):
    """A part of the samples."""

    level: Level
    name: str | None
    """None at level overall."""
    members: NDArray[np.bool_]


@dataclass(frozen=True)
class AlignedRuns:
    """Runs whose scores stand in one order of samples."""

    runs: tuple[FinishedRun, ...]
    samples: pl.DataFrame
    """Index, question, target, categories and pictures of each sample that any of the runs has."""
    scores: tuple[Numbers, ...]
    """Each run's, NaN where it has none."""
    clusters: Labels
    """Which samples share a picture."""

    def groups(self) -> Iterator[SampleSubset]:
        """Yield all samples first, then each l2-category, then each category."""
        import numpy as np  # noqa: PLC0415 - a run that needs no statistics starts without it

        yield SampleSubset("overall", None, np.ones(len(self.samples), dtype=bool))
        for level in _LEVELS:
            column = self.samples[level]
            for name in sorted(column.drop_nulls().unique()):
                yield SampleSubset(level, name, (column == name).fill_null(value=False).to_numpy())


def align(runs: Sequence[FinishedRun]) -> AlignedRuns:
    """Bring runs of one benchmark, or of parts of it, into one order of samples.

    Raises:
        UserError: under one index two runs have asked different questions.
    """
    import polars as pl  # noqa: PLC0415 - as numpy

    samples = pl.concat([run.table for run in runs]).unique("index", keep="first", maintain_order=True)
    scores = []
    for run in runs:
        theirs = run.table.select("index", "score", *_ASKED)
        joined = samples.select("index", *_ASKED).join(theirs, on="index", how="left", maintain_order="left")
        _check_questions(joined, run, runs)
        scores.append(as_numbers(joined["score"].to_list()))
    pictures = (images or () for images in samples["images"].to_list())
    return AlignedRuns(
        tuple(runs), samples.select("index", *_ASKED, *_LEVELS, "images"), tuple(scores), clusters_of(pictures)
    )


def _check_questions(joined: pl.DataFrame, run: FinishedRun, runs: Sequence[FinishedRun]) -> None:
    import polars as pl  # noqa: PLC0415

    known = pl.col("index").is_in(run.table["index"].implode())
    differs = pl.any_horizontal(pl.col(name).ne_missing(pl.col(f"{name}_right")) for name in _ASKED)
    other = joined.filter(known & differs)
    if len(other):
        first = next(each for each in runs if other["index"][0] in each.table["index"])
        raise UserError(
            f"{first.folder} and {run.folder}: index {other['index'][0]} is another question in each; only runs of one "
            "benchmark can be compared sample by sample."
        )
