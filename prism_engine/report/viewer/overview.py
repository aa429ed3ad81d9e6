"""The numbers above the samples of the report page: accuracies, flips, failures, costs, versions."""

from __future__ import annotations

import os
from collections import Counter
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

from prism_engine.report.effects.contrasts import accuracies
from prism_engine.report.effects.failures import Attribution
from prism_engine.report.scores.inference import as_numbers, clustered_share
from prism_engine.report.viewer.outcomes import RIGHT, flags_of, outcome_of
from prism_engine.report.viewer.run_facts import cost_of, facts_of, metrics_of, number_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from prism_engine.report.scores.aligned import AlignedRuns
    from prism_engine.report.scores.inference import Estimate
    from prism_engine.report.viewer.contract import (
        BenchmarkNumbers,
        Failures,
        GroupShares,
        RunFacts,
        Share,
        VerdictShare,
    )
    from prism_engine.report.viewer.samples import RunAnswers

_OVERALL: Final = "overall"


def letter_of(number: int) -> str:
    """Return the short name of a run: A, B, ..., Z, AA, AB, ..."""
    before, last = divmod(number, 26)
    return (letter_of(before - 1) if before else "") + chr(ord("A") + last)


def places_of(folders: Sequence[Path]) -> list[str]:
    """Return each folder below the one that all have in common, so that moving them all changes nothing."""
    absolute = [folder.absolute() for folder in folders]
    common = os.path.commonpath([folder.parent for folder in absolute]) if absolute else ""
    return [folder.relative_to(common).as_posix() for folder in absolute]


def run_facts(answers: RunAnswers, place: str, number: int, benchmark: BenchmarkNumbers) -> RunFacts:
    """Return what the header says about a run.

    Args:
        place: its folder, as the report names it.
        number: the position of its benchmark.
    """
    run, setting = answers.run, answers.run.setting
    return {
        "id": answers.id,
        "letter": letter_of(answers.id),
        "benchmark": number,
        "who": setting.who,
        "mode": setting.mode,
        "perceiver": setting.perceiver,
        "reasoner": setting.reasoner,
        "instruction": setting.instruction,
        "instruction_text": _text(run.manifest.get("instruction")),
        "place": place,
        "status": _text(run.manifest.get("status")),
        "counts": _counts(answers),
        "accuracy": benchmark["groups"][0]["shares"].get(str(answers.id)) if benchmark["groups"] else None,
        "metrics": metrics_of(run.scores),
        "cost": cost_of(chain.from_iterable(answers.rows.values()), run.manifest),
        "facts": facts_of(run),
    }


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _counts(answers: RunAnswers) -> dict[str, int]:
    counts: Counter[str] = Counter(outcome_of(status, score) for _, score, status in answers.totals.values())
    counts.update(flag for rows in answers.rows.values() for flag in flags_of(rows[0]))
    return dict(sorted(counts.items()))


def benchmark_facts(name: str, aligned: AlignedRuns, answers: Sequence[RunAnswers]) -> BenchmarkNumbers:
    """Return what the header says about a benchmark.

    Args:
        answers: its runs in the order of `aligned`, with their rows read.
    """
    flips, both = _flips(aligned)
    pictures = {digest for images in aligned.samples["images"].to_list() for digest in images or ()}
    sha256 = aligned.runs[0].manifest["benchmark"].get("sha256")
    return {
        "name": name,
        "samples": len(aligned.samples),
        "pictures": len(pictures),
        "sha256": sha256 if isinstance(sha256, str) else None,
        "chance": _chance(answers),
        "runs": [run.id for run in answers],
        "groups": _groups(aligned, answers),
        "flips": flips,
        "both": both,
        "failures": _failures(aligned, answers),
    }


def _chance(answers: Sequence[RunAnswers]) -> float | None:
    """Return the accuracy of guessing if all runs name the same one."""
    overall = (run.run.scores.get(_OVERALL) for run in answers)
    found = {number_of(row.get("chance")) for row in overall if isinstance(row, dict)}
    return found.pop() if len(found) == 1 else None


def _groups(aligned: AlignedRuns, answers: Sequence[RunAnswers]) -> list[GroupShares]:
    shares: dict[tuple[str, str | None], dict[str, Share]] = {}
    ids = {run.setting: str(answer.id) for run, answer in zip(aligned.runs, answers, strict=True)}
    for accuracy in accuracies(aligned):
        shares.setdefault((accuracy.level, accuracy.name), {})[ids[accuracy.setting]] = _share(accuracy.share)
    return [
        {"level": level, "name": name, "n": int(members.sum()), "shares": shares.get((level, name), {})}
        for level, name, members in aligned.groups()
    ]


def _share(estimate: Estimate) -> Share:
    return {"value": estimate.value, "low": estimate.low, "high": estimate.high, "n": estimate.n}


def _flips(aligned: AlignedRuns) -> tuple[list[list[int]], list[list[int]]]:
    import numpy as np  # noqa: PLC0415 - heavy, and most runs need no statistics

    scores = np.array(aligned.scores)
    scored = ~np.isnan(scores)
    right = (scored & (scores > RIGHT)).astype(np.int64)
    wrong = (scored & ~(scores > RIGHT)).astype(np.int64)
    counted = scored.astype(np.int64)
    return (right @ wrong.T).tolist(), (counted @ counted.T).tolist()


def _failures(aligned: AlignedRuns, answers: Sequence[RunAnswers]) -> list[Failures]:
    return [{"run": run.id, "verdicts": _verdict_shares(run.verdicts, aligned)} for run in answers if run.verdicts]


def _verdict_shares(verdicts: Sequence[Attribution], aligned: AlignedRuns) -> list[VerdictShare]:
    shares: list[VerdictShare] = []
    for verdict in Attribution:
        flags = as_numbers(float(own is verdict) for own in verdicts)
        if not flags.any():
            continue
        share = clustered_share(flags, aligned.clusters)
        shares.append(
            {
                "verdict": verdict.value,
                "count": int(flags.sum()),
                "value": share.value,
                "low": share.low,
                "high": share.high,
            }
        )
    return shares
