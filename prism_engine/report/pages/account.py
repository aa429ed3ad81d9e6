"""Writes an analysis as one Markdown page: comparisons, results and how to read them."""

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
    "perceivers": "Which perceiver describes better, given the same reasoner?",
    "reasoners": "Which reasoner answers better, given the same descriptions?",
    "direct against decoupled": "Does the perceiver answer better alone than through the reasoner?",
    "instructions": "Which instruction leads to better descriptions?",
    "blind": "How much does the description add to what the reasoner knows without it?",
    "oracle": "How much accuracy is lost compared with gold descriptions?",
}
_MAX_ROWS: Final = 60
"""Rows of one comparison shown on the page; the table files contain all rows."""
_HIDDEN: Final = ("comparison", "p_clustered", "p_mcnemar")


def page(analysis: Analysis, pictures: Sequence[Path], folder: Path) -> str:
    """Return the page; pictures are linked relative to `folder`, where the page will be written."""
    sections = ["# Analysis\n", _accuracies(analysis)]
    sections += [_comparison(kind, analysis.contrasts) for kind in KINDS]
    sections += [_effects(analysis), _failures(analysis)]
    if pictures:
        shown = {path: "" if path.suffix == ".pdf" else "!" for path in pictures}  # a PDF is linked, not embedded
        links = "\n".join(
            f"{mark}[{path.stem}](<{path.relative_to(folder).as_posix()}>)\n" for path, mark in shown.items()
        )
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
    """Return a row per decoupled run with the share of samples for each verdict."""
    present = [verdict for verdict in Attribution if any(verdict in judged.verdicts for judged in analysis.judged)]
    columns = (Column("benchmark", "Benchmark"), Column("run", "Run"), Column("samples", "Samples", "count"))
    rows: list[tuple[Cell, ...]] = []
    for judged in analysis.judged:
        total = len(judged.verdicts)
        shares = (judged.verdicts.count(verdict) / total for verdict in present)
        rows.append((judged.setting.benchmark, judged.setting.who, total, *shares))
    share_columns = (Column(verdict.name.lower(), f"{verdict.value} %", "share") for verdict in present)
    return Sheet((*columns, *share_columns), tuple(rows))


def _overall(sheet: Sheet) -> Sheet:
    level = [column.name for column in sheet.columns].index("level")
    return Sheet(sheet.columns, tuple(row for row in sheet.rows if row[level] == "overall"))


def _accuracies(analysis: Analysis) -> str:
    return f"## Runs\n\n{markdown(overview(analysis))}\nBy category: accuracies.csv.\n"


def _comparison(kind: str, contrasts: Iterable[Contrast]) -> str:
    found = [contrast for contrast in contrasts if contrast.kind == kind]
    if not found:
        return ""
    levels = {contrast.level for contrast in found}
    finest = "category" if "category" in levels else "l2_category"
    wanted = ("overall", finest) if kind == "direct against decoupled" else ("overall",)
    shown = [contrast for contrast in found if contrast.level in wanted]
    sheet = contrast_sheet(tuple(shown[:_MAX_ROWS])).without(*_HIDDEN)
    more = f"\n{len(shown) - _MAX_ROWS} more rows in comparisons.csv.\n" if len(shown) > _MAX_ROWS else ""
    return (
        f"## {kind.capitalize()}\n\n{_ASKS[kind]} Differences are second minus first, in percentage points.\n\n"
        f"{markdown(sheet)}{more}"
    )


def _effects(analysis: Analysis) -> str:
    if not analysis.grids:
        return ""
    notes = []
    for grid in analysis.grids:
        estimate = grid.estimate
        if isinstance(estimate, TwoFactor):
            note = (
                f"- {grid.benchmark}, {grid.instruction}: {estimate.runs} runs, {estimate.samples:,} of "
                f"{estimate.of_samples:,} questions (those with a score in every run), {estimate.clusters:,} pictures; "
                f"every run's accuracy is within {100 * estimate.misfit:.1f} points of the prediction."
            )
            if estimate.penalised:
                note += (
                    " Some models have only right or only wrong answers, so ordinary estimates would be infinite; "
                    "these are Firth-penalised and shrunk towards zero: trust their order more than their size."
                )
            notes.append(note)
    explanation = (
        "Log odds of a right answer relative to the mean model of the same kind; the effects of each kind sum to zero. "
        "`Rank (sure)` counts only models whose interval is entirely above. `Same question` gives the log odds for the "
        "same question, whatever its difficulty; the other effects are averages over the benchmark's questions."
    )
    table = markdown(effect_sheet(analysis.grids))
    return f"## Perception and reasoning apart\n\n{explanation}\n\n{table}\n" + "\n".join(notes)


def _failures(analysis: Analysis) -> str:
    if not analysis.judged:
        return ""
    rules = "\n".join(f"- **{verdict.value}**: {rule}" for verdict, rule in RULES.items())
    explanation = (
        "Each sample is judged by its arms (a single verdict may be luck; shares over many samples are meaningful):"
    )
    return f"\n## What failed\n\n{markdown(verdicts(analysis))}\n{explanation}\n\n{rules}\n"


RULES: Final = {
    Attribution.SOLVED: "right, and the blind arm (if there is one) was wrong.",
    Attribution.SOLVED_BLIND: "right, and so was the blind arm.",
    Attribution.NOT_SEEN: "wrong, but right from the gold description; the perceiver alone is wrong.",
    Attribution.NOT_SAID: (
        "wrong, but right from the gold description; the perceiver alone is right, so it left something out of the "
        "description."
    ),
    Attribution.PERCEPTION: "wrong, but right from the gold description; no direct arm.",
    Attribution.REASONING: "wrong, even from the gold description; the perceiver alone is right.",
    Attribution.BOTH: "wrong, even from the gold description; the perceiver alone is wrong.",
    Attribution.REASONING_AT_LEAST: "wrong, even from the gold description; no direct arm.",
    Attribution.UNDECIDED: "wrong, and no oracle arm.",
    Attribution.MISSING: "the run has no score.",
}
