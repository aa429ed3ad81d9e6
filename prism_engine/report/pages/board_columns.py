"""The columns of a leaderboard: benchmarks, some of them joined or renamed as on the Open VLM Leaderboard."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from prism_engine.report.scores.aligned import AlignedRuns
    from prism_engine.scoring import Scorer

_MMBENCH: Final = re.compile(r"MMBench(?:_(?P<part>DEV|TEST))?(?:_(?P<language>EN|CN))?_V11(?P<rest>-.*)?")
_PARTS: Final = ("TEST", None, "DEV")
"""Parts of MMBench V1.1; the first one present is what `MMBench_V11` means, as on the leaderboard."""


def columns(benchmarks: Mapping[str, AlignedRuns]) -> dict[str, tuple[str, ...]]:
    """Return the benchmarks of each column, in order.

    MMBench V1.1 is the mean of its English and its Chinese part; MMMU is called MMMU_VAL, as its number is without dev.
    """
    named = {}
    for label, parts in joined(benchmarks).items():
        names = {quoted_name(label, run.scorer) for part in parts for run in benchmarks[part].runs}
        (name,) = names if len(names) == 1 else (label,)
        named[label if name in benchmarks else name] = parts
    return named


def quoted_name(benchmark: str, scorer: Scorer | type[Scorer] | None) -> str:
    """Return the name under which leaderboards quote a benchmark, or its first N samples (`-firstN`)."""
    base, dash, rest = benchmark.partition("-")
    return benchmark if scorer is None else f"{scorer.quoted_as.get(base, base)}{dash}{rest}"


def joined(names: Collection[str]) -> dict[str, tuple[str, ...]]:
    """Return the benchmarks of each column by its name; both languages of MMBench V1.1 are one column if both exist."""
    pairs: dict[tuple[str, str | None], dict[str, str]] = {}
    for name in names:
        if found := _MMBENCH.fullmatch(name):
            language = found["language"] or "EN"
            pairs.setdefault((found["rest"] or "", found["part"]), {})[language] = name
    labels: dict[str, tuple[str, ...]] = {}
    for (rest, part), pair in sorted(pairs.items(), key=lambda item: _PARTS.index(item[0][1])):
        if len(pair) == 2:
            label = f"MMBench_V11{rest}"
            labels[f"MMBench_{part}_V11{rest}" if label in labels else label] = (pair["EN"], pair["CN"])
    label_of = {name: label for label, parts in labels.items() for name in parts}
    found_columns: dict[str, tuple[str, ...]] = {}
    for name in names:
        label = label_of.get(name, name)
        found_columns[label] = labels.get(label, (name,)) if name in label_of else (name,)
    return found_columns
