"""An analysis as one Markdown page: what was compared, what came out, and how to read it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from prism_engine.report.effects.contrasts import KINDS
from prism_engine.report.effects.failures import Attribution
from prism_engine.report.effects.two_factor import TwoFactor
from prism_engine.report.pages.findings import accuracy_sheet, contrast_sheet, effect_sheet
from prism_engine.report.pages.sheets import Column, Sheet, markdown

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from prism_engine.report.effects.analysis import Analysis
    from prism_engine.report.effects.contrasts import Contrast
    from prism_engine.report.pages.sheets import Cell

_ASKS: Final = {
    "perceivers": "Which perceiver describes better? The reasoner is the same.",
    "reasoners": "Which reasoner answers better? The descriptions are the same.",
    "direct against decoupled": "Does the perceiver answer better by itself than through the reasoner?",
    "instructions": "Which instruction brings out the better description?",
    "blind": "What does the description add to what the reasoner knows without seeing?",
    "oracle": "What is missing to the reasoner's answers from gold descriptions?",
}
_MOST: Final = 60
"""Rows of one comparison that the page shows; the tables beside it have all."""
_HIDDEN: Final = ("comparison", "p_clustered", "p_mcnemar")


def page(analysis: Analysis, pictures: Sequence[Path], folder: Path) -> str:
    """Return the page; pictures are linked relative to its folder."""
    sections = ["# Analysis\n", _accuracies(analysis)]
    sections += [_comparison(kind, analysis.contrasts) for kind in KINDS]
    sections += [_effects(analysis), _failures(analysis)]
    if pictures:
        links = "\n".join(f"![{path.stem}](<{path.relative_to(folder).as_posix()}>)\n" for path in pictures)
        sections.append(f"## Plots\n\n{links}")
    return "\n".join(section for section in sections if section)


def overview(analysis: Analysis) -> Sheet:
    """Return every run's accuracy over its whole benchmark."""
    sheet = accuracy_sheet(analysis)
    return _overall(sheet).without("level", "name", "profile")


def overall_contrasts(contrasts: Iterable[Contrast]) -> Sheet:
    """Return the comparisons over whole benchmarks, short enough for a terminal."""
    return _overall(contrast_sheet(tuple(contrasts))).without("level", "name", "clusters", *_HIDDEN[1:])


def verdicts(analysis: Analysis) -> Sheet:
    """Return a row per decoupled run, and the share of samples with each verdict."""
    there = [one for one in Attribution if any(one in judged.verdicts for judged in analysis.judged)]
    columns = (Column("benchmark", "Benchmark"), Column("run", "Run"), Column("samples", "Samples", "count"))
    rows: list[tuple[Cell, ...]] = []
    for judged in analysis.judged:
        total = len(judged.verdicts)
        shares = (judged.verdicts.count(one) / total for one in there)
        rows.append((judged.setting.benchmark, judged.setting.who, total, *shares))
    return Sheet((*columns, *(Column(one.name.lower(), f"{one.value} %", "share") for one in there)), tuple(rows))


def _overall(sheet: Sheet) -> Sheet:
    place = [column.name for column in sheet.columns].index("level")
    return Sheet(sheet.columns, tuple(row for row in sheet.rows if row[place] == "overall"))


def _accuracies(analysis: Analysis) -> str:
    return f"## Runs\n\n{markdown(overview(analysis))}\nBy category: accuracies.csv.\n"


def _comparison(kind: str, contrasts: Iterable[Contrast]) -> str:
    found = [one for one in contrasts if one.kind == kind]
    if not found:
        return ""
    levels = {one.level for one in found}
    finest = "category" if "category" in levels else "l2_category"
    wanted = ("overall", finest) if kind == "direct against decoupled" else ("overall",)
    shown = [one for one in found if one.level in wanted]
    sheet = contrast_sheet(tuple(shown[:_MOST])).without(*_HIDDEN)
    more = f"\n{len(shown) - _MOST} more rows: comparisons.csv.\n" if len(shown) > _MOST else ""
    return f"## {kind.capitalize()}\n\n{_ASKS[kind]} Second minus first, in points.\n\n{markdown(sheet)}{more}"


def _effects(analysis: Analysis) -> str:
    if not analysis.grids:
        return ""
    notes = []
    for grid in analysis.grids:
        one = grid.estimate
        if isinstance(one, TwoFactor):
            note = (
                f"- {grid.benchmark}, {grid.instruction}: {one.runs} runs, {one.samples:,} of {one.of_samples:,} "
                f"questions (those with a score in every run), {one.clusters:,} pictures; no run is further than "
                f"{100 * one.misfit:.1f} points from the estimate."
            )
            if one.penalised:
                note += (
                    " Some models have only right or only wrong answers, so plain effects would be infinite: these are "
                    "Firth's penalised ones, drawn towards zero; trust their order more than their size."
                )
            notes.append(note)
    words = (
        "Log odds of a right answer beside the mean model of the same kind; effects of a kind sum to zero. "
        "`Rank (sure)` counts only models whose interval lies wholly above. `Same question`: the odds for one and the "
        "same question, whatever its difficulty; the others are averages over the benchmark's questions."
    )
    return f"## Perception and reasoning apart\n\n{words}\n\n{markdown(effect_sheet(analysis.grids))}\n" + "\n".join(
        notes
    )


def _failures(analysis: Analysis) -> str:
    if not analysis.judged:
        return ""
    rules = "\n".join(f"- **{one.value}**: {rule}" for one, rule in RULES.items())
    words = "By the arms of each sample (single verdicts may be luck, shares of many are not):"
    return f"\n## What failed\n\n{markdown(verdicts(analysis))}\n{words}\n\n{rules}\n"


RULES: Final = {
    Attribution.SOLVED: "right, and the blind arm (where there is one) was wrong.",
    Attribution.SOLVED_BLIND: "right, and so was the blind arm.",
    Attribution.NOT_SEEN: "wrong; right from the gold description; the perceiver by itself is wrong.",
    Attribution.NOT_SAID: (
        "wrong; right from the gold description, and the perceiver by itself is right: it did not say."
    ),
    Attribution.PERCEPTION: "wrong; right from the gold description; no direct arm.",
    Attribution.REASONING: "wrong, also from the gold description; the perceiver by itself is right.",
    Attribution.BOTH: "wrong, also from the gold description; the perceiver by itself is wrong.",
    Attribution.REASONING_AT_LEAST: "wrong, also from the gold description; no direct arm.",
    Attribution.UNDECIDED: "wrong, and no oracle arm.",
    Attribution.MISSING: "the run has no score.",
}
