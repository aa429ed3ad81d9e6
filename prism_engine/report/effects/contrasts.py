"""The comparisons that Prism is for: which runs differ in one thing only, and by how much, with paired tests."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations, product
from typing import TYPE_CHECKING, Final, Literal

from prism_engine.report.scores.inference import Paired, clustered_share, holm, paired

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from prism_engine.report.scores.aligned import AlignedRuns, Level
    from prism_engine.report.scores.finished import FinishedRun, Setting
    from prism_engine.report.scores.inference import Estimate

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
"""In the order of reports; `runs` are any two that were named."""


@dataclass(frozen=True, slots=True)
class Accuracy:
    """One run's share of right answers in one group of samples."""

    setting: Setting
    level: Level
    name: str | None
    share: Estimate


@dataclass(frozen=True, slots=True)
class Contrast:
    """Two runs that differ in one thing, on one group of the samples that both have scores for."""

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
    """The p value adjusted (Holm) for all contrasts of its kind, benchmark and level."""


def accuracies(aligned: AlignedRuns) -> list[Accuracy]:
    """Estimate every run's accuracy, overall and per category; groups in which it has no score are left out."""
    import numpy as np  # noqa: PLC0415 - a run that needs no statistics starts without it

    found = []
    for run, scores in zip(aligned.runs, aligned.scores, strict=True):
        for level, name, members in aligned.groups():
            counted = members & ~np.isnan(scores)
            if counted.any():
                share = clustered_share(scores[counted], aligned.clusters[counted])
                found.append(Accuracy(run.setting, level, name, share))
    return found


def contrasts(aligned: AlignedRuns) -> list[Contrast]:
    """Compare every two runs of a benchmark that differ in one thing, overall and per category."""
    found = [
        one
        for kind, fixed, pair, names in _pairs(aligned.runs)
        for one in _compared(aligned, kind, fixed, pair=pair, names=names)
    ]
    return sorted(_adjusted(found), key=lambda one: KINDS.index(one.kind))


def contrast(aligned: AlignedRuns, names: tuple[str, str]) -> list[Contrast]:
    """Compare the first two runs, whatever they are, overall and per category."""
    return _adjusted(list(_compared(aligned, "runs", "", pair=(0, 1), names=names)))


def _adjusted(found: list[Contrast]) -> list[Contrast]:
    families: dict[tuple[str, str], list[int]] = {}
    for place, one in enumerate(found):
        families.setdefault((one.kind, one.level), []).append(place)
    for places in families.values():
        for place, adjusted in zip(places, holm([found[place].paired.p for place in places]), strict=True):
            found[place] = replace(found[place], p_holm=adjusted)
    return found


def _compared(
    aligned: AlignedRuns, kind: ContrastKind, fixed: str, *, pair: tuple[int, int], names: tuple[str, str]
) -> Iterator[Contrast]:
    """Compare two runs, overall and per category, where both have scores; p values are not adjusted yet."""
    import numpy as np  # noqa: PLC0415

    first, second = (aligned.scores[place] for place in pair)
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
    """Yield the pairs that differ in one thing: its kind, what they share, their places, what tells them apart."""
    settings = [run.setting for run in runs]
    decoupled = [place for place, one in enumerate(settings) if one.mode == "all"]
    for a, b in combinations(decoupled, 2):
        yield from _varied(settings[a], settings[b], (a, b))
    for a, b in product(range(len(settings)), decoupled):
        yield from _armed(settings[a], settings[b], (a, b))


def _varied(one: Setting, other: Setting, places: tuple[int, int]) -> Iterator[_Pair]:
    parts: tuple[tuple[ContrastKind, str], ...] = (
        ("perceivers", "perceiver"),
        ("reasoners", "reasoner"),
        ("instructions", "instruction"),
    )
    differing = [part for part in parts if getattr(one, part[1]) != getattr(other, part[1])]
    if len(differing) == 1 and one.profile == other.profile:
        ((kind, part),) = differing
        fixed = ", ".join(str(getattr(one, each)) for _, each in parts if each != part)
        yield kind, fixed, places, (str(getattr(one, part)), str(getattr(other, part)))


def _armed(arm: Setting, decoupled: Setting, places: tuple[int, int]) -> Iterator[_Pair]:
    if arm.profile != decoupled.profile:
        return
    if arm.mode == "direct" and arm.vlm == decoupled.vlm:
        fixed = str(arm.perceiver)
        yield "direct against decoupled", fixed, places, ("direct", f"{decoupled.reasoner}, {decoupled.instruction}")
    if arm.reasoner == decoupled.reasoner and arm.mode in ("blind", "oracle"):
        kind: ContrastKind = "blind" if arm.mode == "blind" else "oracle"
        yield kind, str(arm.reasoner), places, (arm.mode, f"{decoupled.perceiver}, {decoupled.instruction}")
