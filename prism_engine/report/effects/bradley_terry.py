"""Bradley-Terry strengths from votes, with intervals clustered by picture and optional control for style."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from math import log
from typing import TYPE_CHECKING, Final, NamedTuple

from prism_engine.errors import UserError
from prism_engine.report.effects.logistic import fit
from prism_engine.report.effects.two_factor import sure_ranks
from prism_engine.report.scores.inference import clusters_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from prism_engine.report.effects.logistic import Fit
    from prism_engine.report.scores.inference import Labels, Numbers
    from prism_engine.report.scores.votes import Side, Vote

CENTRE: Final = 1000.0
"""Rating of the mean system."""
SCALE: Final = 400 / log(10)
"""Rating points per unit of log odds: 400 points are odds of 10 to 1, as in chess and in Chatbot Arena."""
STYLES: Final = ("characters", "headers", "items", "bold")
_MOST_SYSTEMS: Final = 200
_NOTHING: Final = 1e-9
"""Share of the variance of independent votes below which votes do not vary between pictures at all."""


class Record(NamedTuple):
    """The votes between two systems, from the first one's point of view."""

    first: str
    second: str
    wins: int
    losses: int
    ties: int
    """With `both bad`."""

    @property
    def share(self) -> float:
        """The share of the votes that the first one has won; a tie is half a win."""
        return (self.wins + self.ties / 2) / (self.wins + self.losses + self.ties)


@dataclass(frozen=True)
class Standing:
    """A system's place."""

    system: str
    group: int
    """Systems of different groups, from 1, were never compared, not even through others."""
    votes: int
    rating: float
    """Relative to the mean of its group, see `CENTRE` and `SCALE`."""
    interval: tuple[float, float] | None
    """95 %; None if there are too few votes or pictures for one."""
    rank: int
    """1 + the number of systems of its group whose interval, or rating if there is none, is entirely above this
    one's."""


class StyleEffect(NamedTuple):
    """What one more standard deviation of a style is worth, in log odds."""

    style: str
    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class VoteRatings:
    """What the votes say."""

    standings: tuple[Standing, ...]
    """Group by group, best first."""
    records: tuple[Record, ...]
    styles: tuple[StyleEffect, ...]
    """Empty without style control, or if no style differs."""
    penalised: tuple[int, ...]
    """Groups in which plain maximum likelihood is infinite: some systems have won or lost all votes against others."""
    votes: int
    voters: tuple[str, ...]
    pictures: int
    """Number of independent pictures, or samples without one."""
    left_wins: int
    """Decided votes that the left side has won, of `decided`: far from half means that position mattered."""
    decided: int


def rate(votes: Sequence[Vote], *, style: bool = False) -> VoteRatings:
    """Fit P(i beats j) = 1 / (1 + exp(b_j - b_i)) by maximum likelihood; a tie is half a win for either side.

    R. A. Bradley and M. E. Terry, Biometrika 39 (1952) 324-345. It is a logistic regression without intercept, so
    covariance (clustered by picture) and Firth's penalty, where the maximum is at infinity, are `logistic.fit`'s. With
    style control, differences in length and Markdown are covariates (W.-L. Chiang et al., Does style matter?, 2024):
    the ratings are those of equally styled texts.

    Args:
        votes: at least one.

    Raises:
        UserError: there are more systems than `_MOST_SYSTEMS`.
    """
    clusters = _clusters(votes)
    groups = _groups(votes)
    standings: list[Standing] = []
    styles: list[StyleEffect] = []
    penalised = []
    for number, systems in enumerate(groups, start=1):
        members = [place for place, vote in enumerate(votes) if vote.left.system in systems]
        group = _Group(systems, [votes[place] for place in members], clusters[members])
        places, effects, is_penalised = group.rated(number, style=style)
        standings += places
        styles += effects if len(groups) == 1 else []
        penalised += [number] if is_penalised else []
    decided = [vote.outcome for vote in votes if vote.outcome in ("left", "right")]
    return VoteRatings(
        tuple(standings),
        tuple(_records(votes)),
        tuple(styles),
        tuple(penalised),
        len(votes),
        tuple(sorted({vote.voter for vote in votes})),
        int(clusters.max()) + 1,
        decided.count("left"),
        len(decided),
    )


def _clusters(votes: Sequence[Vote]) -> Labels:
    """Number the votes' clusters: the same picture, or the same sample if it has none."""
    return clusters_of([vote.pictures or (f"{vote.benchmark}\n{vote.sample}",) for vote in votes])


def _groups(votes: Sequence[Vote]) -> list[list[str]]:
    """Return the systems that are connected by votes, largest group first."""
    import numpy as np  # noqa: PLC0415 - heavy, and most runs need no statistics
    from scipy.sparse.csgraph import connected_components  # noqa: PLC0415 - the same

    systems = sorted({side.system for vote in votes for side in (vote.left, vote.right)})
    if len(systems) > _MOST_SYSTEMS:
        raise UserError(f"the votes name {len(systems):,} systems; at most {_MOST_SYSTEMS} can be rated at once")
    number = {system: place for place, system in enumerate(systems)}
    met = np.zeros((len(systems), len(systems)))
    for vote in votes:
        met[number[vote.left.system], number[vote.right.system]] = 1
    labels = connected_components(met, directed=False)[1]
    groups: dict[int, list[str]] = {}
    for system, label in zip(systems, labels, strict=True):
        groups.setdefault(int(label), []).append(system)
    return sorted(groups.values(), key=len, reverse=True)


def _records(votes: Sequence[Vote]) -> Iterator[Record]:
    counts: dict[tuple[str, str], list[int]] = {}
    for vote in votes:
        first, second = sorted((vote.left.system, vote.right.system))
        share = vote.share if vote.left.system == first else 1 - vote.share
        counts.setdefault((first, second), [0, 0, 0])[{1.0: 0, 0.0: 1}.get(share, 2)] += 1
    for (first, second), (wins, losses, ties) in sorted(counts.items()):
        yield Record(first, second, wins, losses, ties)


class _Group:
    """Systems that votes connect.

    Args:
        clusters: each vote's cluster, any integers.
    """

    def __init__(self, systems: Sequence[str], votes: Sequence[Vote], clusters: Labels) -> None:
        import numpy as np  # noqa: PLC0415 - heavy, and most runs need no statistics

        self._systems = systems
        self._votes = votes
        self._clusters: Labels = np.unique(clusters, return_inverse=True)[1].astype(np.int64)
        # Effects coding: the last system is minus the sum of the others.
        self._coding: Numbers = np.vstack([np.eye(len(systems) - 1), -np.ones(len(systems) - 1)])

    def rated(self, number: int, *, style: bool) -> tuple[list[Standing], list[StyleEffect], bool]:
        """Return the systems, best first, the effects of style, and whether the fit is penalised."""
        import numpy as np  # noqa: PLC0415 - the same

        design = self._design()
        names, covariates = self._covariates(design) if style else ([], np.zeros((len(design), 0)))
        cells, cell = np.unique(np.hstack([design, covariates]), axis=0, return_inverse=True)
        found = fit(cells, cell.reshape(-1), np.array([vote.share for vote in self._votes]), self._clusters)
        return self._standings(number, found), self._styles(names, found), found.penalised

    def _design(self) -> Numbers:
        """Return a row per vote: the left system's coding minus the right one's."""
        import numpy as np  # noqa: PLC0415 - the same

        number = {system: place for place, system in enumerate(self._systems)}
        left, right = (
            [number[side.system] for side in sides]
            for sides in zip(*((vote.left, vote.right) for vote in self._votes), strict=True)
        )
        design: Numbers = self._coding[np.array(left)] - self._coding[np.array(right)]
        return design

    def _covariates(self, design: Numbers) -> tuple[list[str], Numbers]:
        """Return the styles whose effect can be separated, and a column for each: (left - right) / (left + right).

        Columns have standard deviation 1 around 0.
        """
        import numpy as np  # noqa: PLC0415 - the same

        names: list[str] = []
        kept: Numbers = np.zeros((len(design), 0))
        for style in STYLES:
            column = np.array([_difference(vote.left, vote.right, style) for vote in self._votes])
            if spread := float(np.sqrt((column * column).mean())):
                wider = np.hstack([kept, (column / spread)[:, None]])
                if np.linalg.matrix_rank(np.hstack([design, wider])) == design.shape[1] + wider.shape[1]:
                    names, kept = [*names, style], wider
        return names, kept

    def _standings(self, number: int, found: Fit) -> list[Standing]:
        import numpy as np  # noqa: PLC0415 - the same

        extra = len(found.coefficients) - self._coding.shape[1]
        weights = np.hstack([self._coding, np.zeros((len(self._coding), extra))])
        contrasts = [_contrast(found, row) for row in weights]
        sure = all(np.isfinite(contrast).all() for contrast in contrasts)
        points = [(each[0], each[0]) if not sure else each[2:] for each in contrasts]
        votes = Counter(side.system for vote in self._votes for side in (vote.left, vote.right))
        standings = [
            Standing(
                system,
                number,
                votes[system],
                CENTRE + SCALE * value,
                (CENTRE + SCALE * low, CENTRE + SCALE * high) if sure else None,
                rank,
            )
            for system, (value, _, low, high), rank in zip(self._systems, contrasts, sure_ranks(points), strict=True)
        ]
        return sorted(standings, key=lambda standing: (-standing.rating, standing.system))

    def _styles(self, names: Sequence[str], found: Fit) -> list[StyleEffect]:
        import numpy as np  # noqa: PLC0415 - the same

        first = self._coding.shape[1]
        effects = []
        for place, name in enumerate(names, start=first):
            value, _, low, high = _contrast(found, np.eye(len(found.coefficients))[place])
            sure = bool(np.isfinite((low, high)).all())
            effects.append(StyleEffect(name, value, low if sure else None, high if sure else None))
        return effects


def _contrast(found: Fit, weights: Numbers) -> tuple[float, float, float, float]:
    """Return `Fit.contrast`, by the model's variance if votes do not vary: only ties, or all pictures vote alike."""
    robust, model = (float(weights @ each @ weights) for each in (found.covariance, found.model_covariance))
    return (replace(found, penalised=True) if robust <= _NOTHING * model else found).contrast(weights)


def _difference(left: Side, right: Side, style: str) -> float:
    first, second = getattr(left, style), getattr(right, style)
    return (first - second) / (first + second) if first + second else 0.0
