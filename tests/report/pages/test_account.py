"""The page that explains an analysis."""

from __future__ import annotations

from pathlib import Path

from prism_engine.report.effects.analysis import analyse
from prism_engine.report.effects.failures import Attribution
from prism_engine.report.pages.account import RULES, overall_contrasts, overview, page, verdicts
from prism_engine.report.scores.finished import find_runs
from tests.finished import write_run


def test_the_page_has_a_chapter_for_each_question_that_the_runs_answer(analysis):
    text = page(analysis, [Path("out/plots/a b.png")], Path("out"))
    headings = [line.removeprefix("## ") for line in text.splitlines() if line.startswith("## ")]
    assert headings == [
        "Runs",
        "Perceivers",
        "Reasoners",
        "Direct against decoupled",
        "Instructions",
        "Blind",
        "Oracle",
        "Perception and reasoning apart",
        "What failed",
        "Plots",
    ]
    assert "![a b](<plots/a b.png>)" in text
    assert "8 runs, 160 of 160 questions" in text


def test_a_single_run_has_a_short_page(tmp_path):
    write_run(tmp_path, [1, 0])
    text = page(analyse(find_runs([tmp_path])), [], tmp_path)
    assert "## Perceivers" not in text
    assert "cannot be estimated" in text


def test_direct_against_decoupled_is_shown_by_category_and_other_comparisons_as_a_whole(analysis):
    text = page(analysis, [], Path())
    chapters = {chapter.split("\n", 1)[0]: chapter for chapter in text.split("## ")}
    assert "| counting |" in chapters["Direct against decoupled"]
    assert "| counting |" not in chapters["Perceivers"]


def test_every_verdict_has_its_rule_and_shares_are_of_all_samples(analysis):
    assert set(RULES) == set(Attribution)
    sheet = verdicts(analysis)
    assert all(abs(sum(float(cell or 0) for cell in row[3:]) - 1) < 1e-9 for row in sheet.rows)


def test_the_short_tables_are_over_whole_benchmarks(analysis):
    assert len(overview(analysis).rows) == 12
    overall = [one for one in analysis.contrasts if one.level == "overall"]
    assert len(overall_contrasts(analysis.contrasts).rows) == len(overall)
