"""Groups of rows and their means: overall, by l2-category and by category, across splits and per split."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final, NamedTuple

from prism_engine.scoring.scorer import Metric

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from prism_engine.scoring.scorer import Level, Scored

_LEVELS: Final[tuple[Level, ...]] = ("overall", "l2_category", "category")


class Group(NamedTuple):
    """A group of rows, by what they have in common."""

    split: str | None
    """None if it spans all splits."""
    level: Level
    name: str | None

    @property
    def rank(self) -> tuple[bool, str, int, str]:
        """Sort key: groups across splits first, then per split; by level, then by name."""
        return (self.split is not None, self.split or "", _LEVELS.index(self.level), self.name or "")


class Mean:
    """A running mean."""

    def __init__(self) -> None:
        self.total = 0.0
        self.n = 0

    def add(self, value: float) -> None:
        """Add a value."""
        self.total += value
        self.n += 1

    @property
    def value(self) -> float | None:
        """The mean; None, never 0, if there are no values."""
        return self.total / self.n if self.n else None


class Means:
    """Running means of multiple values per group."""

    def __init__(self, names: Sequence[str], unit: str = "question") -> None:
        self._names = names
        self._unit = unit
        self._means: defaultdict[Group, dict[str, Mean]] = defaultdict(lambda: {name: Mean() for name in names})
        self._means[Group(None, "overall", None)]  # exists even without rows

    def add(self, row: Scored, values: Mapping[str, float]) -> None:
        """Add values to all groups of a row."""
        for group in groups_of(row.split, row.l2_category, row.category):
            for name, value in values.items():
                self._means[group][name].add(value)

    def metrics(self) -> Iterator[Metric]:
        """Yield every mean as a share of 1, in group order."""
        for group in sorted(self._means, key=lambda group: group.rank):
            for name in self._names:
                mean = self._means[group][name]
                yield Metric(name, mean.value, 1, mean.n, group.level, group.name, group.split, self._unit)


def groups_of(split: str | None, l2_category: str | None, category: str | None) -> Iterator[Group]:
    """Yield every group that a row with these attributes belongs to."""
    for group_split in {None, split}:
        yield Group(group_split, "overall", None)
        if l2_category is not None:
            yield Group(group_split, "l2_category", l2_category)
        if category is not None:
            yield Group(group_split, "category", category)
