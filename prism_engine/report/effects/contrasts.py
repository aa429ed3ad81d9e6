"""Paired comparisons of runs that differ in exactly one factor."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations, product
from typing import TYPE_CHECKING, Final, Literal

from prism_engine.report.scores.inference import Paired, clustered_share, holm, paired

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from prism_engine.report.scores.aligned import AlignedRuns
    from prism_engine.report.scores.finished import FinishedRun, Setting
    from prism_engine.report.scores.inference import Estimate
    from prism_engine.scoring import Level

ContrastKind = Literal["perceivers", "reasoners", "direct against decoupled", "instructions", "blind", "oracle", "runs"]
KINDS: Final[tuple[ContrastKind, ...]] = (
    "perceivers",
    "reasoners",
    "direct against decoupled",
    "instructions",
    "blind",
    "oracle",
    "runs",
)
"""In report order; `runs` compares any two given runs."""


@dataclass(frozen=True, slots=True)
class Accuracy:
    """One run's accuracy on one group of samples."""

    setting: Setting
    level: Level
    name: str | None
    share: Estimate


@dataclass(frozen=True, slots=True)
class Contrast:
    """Two runs that differ in one factor, compared on one group of the samples scored in both."""

    kind: ContrastKind
    benchmark: str
    fixed: str
    """What both have in common."""
    first: str
    second: str
    level: Level
    name: str | None
    first_share: float
    second_share: float
    paired: Paired
    p_holm: float
    """P value, Holm-adjusted over all contrasts of its kind, benchmark and level."""


def accuracies(aligned: AlignedRuns) -> list[Accuracy]:
    """Estimate every run's accuracy, overall and per category; groups without a score are left out."""
    import numpy as np  # noqa: PLC0415 - heavy, and most runs need no statistics

    found = []
    for run, scores in zip(aligned.runs, aligned.scores, strict=True):
        for level, name, members in aligned.groups():
            counted = members & ~np.isnan(scores)
            if counted.any():
                share = clustered_share(scores[counted], aligned.clusters[counted])
                found.append(Accuracy(run.setting, level, name, share))
    return found


def contrasts(aligned: AlignedRuns) -> list[Contrast]:
    """Compare all pairs of a benchmark's runs that differ in one factor, overall and per category."""
    found = [
        compared
        for kind, fixed, pair, names in _pairs(aligned.runs)
        for compared in _compared(aligned, kind, fixed, pair=pair, names=names)
    ]
    return sorted(_adjusted(found), key=lambda compared: KINDS.index(compared.kind))


def contrast(aligned: AlignedRuns, names: tuple[str, str]) -> list[Contrast]:
    """Compare the first two runs, whatever they differ in, overall and per category."""
    return _adjusted(list(_compared(aligned, "runs", "", pair=(0, 1), names=names)))


def _adjusted(found: list[Contrast]) -> list[Contrast]:
    families: dict[tuple[str, str], list[int]] = {}
    for number, compared in enumerate(found):
        families.setdefault((compared.kind, compared.level), []).append(number)
    for numbers in families.values():
        for number, adjusted in zip(numbers, holm([found[number].paired.p for number in numbers]), strict=True):
            found[number] = replace(found[number], p_holm=adjusted)
    return found


def _compared(
    aligned: AlignedRuns, kind: ContrastKind, fixed: str, *, pair: tuple[int, int], names: tuple[str, str]
) -> Iterator[Contrast]:
    """Compare two runs on the samples scored in both, overall and per category; p values are not yet adjusted."""
    import numpy as np  # noqa: PLC0415

    first, second = (aligned.scores[run] for run in pair)
    both = ~np.isnan(first) & ~np.isnan(second)
    for level, name, members in aligned.groups():
        counted = members & both
        if not counted.any():
            continue
        test = paired(first[counted], second[counted], aligned.clusters[counted])
        shares = float(first[counted].mean()), float(second[counted].mean())
        benchmark = aligned.runs[pair[0]].setting.benchmark
        yield Contrast(kind, benchmark, fixed, *names, level, name, *shares, paired=test, p_holm=test.p)


_Pair = tuple[ContrastKind, str, tuple[int, int], tuple[str, str]]


def _pairs(runs: Sequence[FinishedRun]) -> Iterator[_Pair]:
    """Yield pairs that differ in one factor: its kind, what they share, their positions, and their distinct names."""
    settings = [run.setting for run in runs]
    decoupled = [position for position, setting in enumerate(settings) if setting.mode == "all"]
    for a, b in combinations(decoupled, 2):
        yield from _decoupled_pair(settings[a], settings[b], (a, b))
    for a, b in product(range(len(settings)), decoupled):
        yield from _arm_pair(settings[a], settings[b], (a, b))


def _decoupled_pair(one: Setting, other: Setting, positions: tuple[int, int]) -> Iterator[_Pair]:
    parts: tuple[tuple[ContrastKind, str], ...] = (
        ("perceivers", "perceiver"),
        ("reasoners", "reasoner"),
        ("instructions", "instruction"),
    )
    differing = [part for part in parts if getattr(one, part[1]) != getattr(other, part[1])]
    if len(differing) == 1 and one.profile == other.profile:
        ((kind, part),) = differing
        fixed = ", ".join(str(getattr(one, each)) for _, each in parts if each != part)
        yield kind, fixed, positions, (str(getattr(one, part)), str(getattr(other, part)))


def _arm_pair(arm: Setting, decoupled: Setting, positions: tuple[int, int]) -> Iterator[_Pair]:
    if arm.profile != decoupled.profile:
        return
    if arm.mode == "direct" and arm.vlm == decoupled.vlm:
        fixed = str(arm.perceiver)
        yield "direct against decoupled", fixed, positions, ("direct", f"{decoupled.reasoner}, {decoupled.instruction}")
    if arm.reasoner == decoupled.reasoner and arm.mode in ("blind", "oracle"):
        kind: ContrastKind = "blind" if arm.mode == "blind" else "oracle"
        yield kind, str(arm.reasoner), positions, (arm.mode, f"{decoupled.perceiver}, {decoupled.instruction}")
