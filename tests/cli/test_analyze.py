"""`prism analyze`, on real runs."""

from __future__ import annotations

from tests.shapes import write_described_shapes


def test_all_arms_of_a_run_are_analysed(prism, tmp_path):
    write_described_shapes(tmp_path / "gold.tsv", 24)
    (tmp_path / "m.yaml").write_text("models: {other: {backend: scripted, replies: [A, C]}}\n")
    run = ("run", "gold.tsv", "-p", "scripted", "--models-file", "m.yaml")
    arms = [part for mode in ("all", "direct", "oracle", "blind") for part in ("--mode", mode)]
    assert prism(*run, "-r", "scripted", *arms).code == prism(*run, "-r", "other").code == 0
    said = prism("analyze", "results", "--plots", "svg")
    assert said.code == 0
    for title in ("Paired comparisons", "Effects on perception and reasoning", "Verdict on each sample"):
        assert title in said.out
    assert "analysis/report.md, next to it 10 tables and " in said.out
    assert (tmp_path / "analysis" / "plots" / "gold-arms.svg").is_file()
    page = (tmp_path / "analysis" / "report.md").read_text()
    assert "![gold-arms](<plots/gold-arms.svg>)" in page
    said = prism("analyze", "results", "--plots", "pdf", "--width", "column", "--out", "paper")
    assert (said.code, "10 tables and" in said.out) == (0, True)
    assert (tmp_path / "paper" / "plots" / "gold-arms.pdf").read_bytes().startswith(b"%PDF")
    assert "\n[gold-arms](<plots/gold-arms.pdf>)" in (tmp_path / "paper" / "report.md").read_text()


def test_without_runs_it_says_what_it_wants(prism):
    said = prism("analyze", "nothing")
    assert (said.code, "nothing: no such folder" in said.err) == (2, True)
