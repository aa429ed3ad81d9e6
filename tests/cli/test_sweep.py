"""`prism run` of several runs: what is said of them together, and the tables in which they are compared."""

from __future__ import annotations

import csv
import json
import re

from tests.shapes import write_described_shapes, write_shapes

from .conftest import SCRIPTED, write_models


def test_several_modes_run_side_by_side_and_are_compared_in_the_end(prism, tmp_path):
    write_described_shapes(tmp_path / "gold.tsv", 24)
    models = write_models(
        tmp_path / "m.yaml",
        eyes={"backend": "scripted", "replies": ["A"]},
        brain={"backend": "scripted", "replies": ["B"]},
    )
    modes = ("--mode", "direct", "--mode", "oracle", "--mode", "blind")
    said = prism("run", "gold.tsv", "-p", "eyes", "-r", "brain", "--models-file", models, *modes)
    assert said.code == 0
    overall = {
        mode: json.loads((tmp_path / "results" / folder / "scores.json").read_text())["overall"]
        for mode, folder in (("direct", "direct/gold/eyes"), ("oracle", "oracle/gold/brain"))
    }
    right = {mode: f"{100 * row['accuracy']:.1f}" for mode, row in overall.items()}
    *table, last, look = said.out[said.out.index("Accuracy in %, prism") :].splitlines()
    assert last.startswith("All runs in one table: results/sweep-")
    assert look == "Look at it: prism report results"
    assert table[0].split()[-5:] == ["Samples", "Chance", "direct", "oracle", "blind"]
    assert table[1].split() == ["Overall", "24", "25.0", right["direct"], right["oracle"], right["oracle"]]
    low, high = (f"{100 * overall['direct'][end]:.1f}" for end in ("accuracy_low", "accuracy_high"))
    assert table[2].split()[:4] == ["95", "%", "interval", f"{low}-{high}"]
    assert [line.strip() for line in table if not line.startswith(" ")][2:] == ["by l2-category", "by category"]
    assert "direct | 24/24 samples | Direct answers: 24 called" in said.err
    assert (
        "Answers: 0 called" in prism("run", "gold.tsv", "-r", "brain", "--models-file", models, "--mode", "blind").err
    )


def test_the_comparison_says_where_an_arm_has_no_answer(prism, tmp_path):
    models = write_models(tmp_path / "m.yaml", flaky={"backend": "scripted", "replies": ["A"], "failure_rate": 0.5})
    said = prism(
        "run",
        "shapes.tsv",
        "-p",
        "flaky",
        "-r",
        "scripted",
        "--models-file",
        models,
        "--mode",
        "direct",
        "--mode",
        "blind",
    )
    assert said.code == 1
    scores = json.loads((tmp_path / "results/direct/shapes/flaky/scores.json").read_text())["overall"]
    assert f"direct: {scores['failed']} of 24 samples have no answer; accuracy is over the others" in said.out
    assert "blind: " not in said.out


def test_tables_for_another_program_are_not_folded(prism, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    said = prism("run", *SCRIPTED, "--mode", "all", "--mode", "direct", "--mode", "blind")
    assert re.search(r"Accuracy in %, prism-2 +Samples +Chance +all +direct +blind", said.out)


def test_gold_descriptions_that_are_missing_are_one_error_with_the_mend(prism, tmp_path):
    for command in ("run", "plan"):
        said = prism(command, *SCRIPTED, "--mode", "all", "--mode", "oracle")
        assert said.code == 2
        assert "shapes.tsv, column 'gold_description': there is no such column" in said.err
        assert "add it" in said.err
    assert not (tmp_path / "results").exists()


def test_a_sweep_ends_with_one_table_on_the_terminal_and_on_disk(prism, tmp_path):
    write_shapes(tmp_path / "more.tsv", 24, 1)
    models = write_models(
        tmp_path / "m.yaml",
        **{name: {"backend": "scripted", "replies": [name]} for name in ("eyes", "glasses", "brain", "mind")},
    )
    swept = ("-p", "eyes", "-p", "glasses", "-r", "brain", "-r", "mind", "--models-file", models)
    said = prism("run", "shapes.tsv", "more.tsv", *swept)
    assert said.code == 0
    header, *lines = said.out.splitlines()
    assert header.split()[:3] == ["Benchmark", "Perceiver", "Instruction"]
    told = [line.split()[:4] for line in lines if "complete" in line]
    assert told == [
        [benchmark, perceiver, "generic", reasoner]
        for perceiver in ("eyes", "glasses")
        for benchmark in ("shapes", "more")
        for reasoner in ("brain", "mind")
    ]
    (path,) = (tmp_path / "results").glob("sweep-*.csv")
    with path.open(newline="") as file:
        table = list(csv.DictReader(file))
    assert len(table) == 8
    for row in table:
        assert json.loads((tmp_path / "results" / row["folder"] / "manifest.json").read_text())["status"] == "complete"
    assert path.with_suffix(".md").read_text().count("\n") == 10
    assert prism("runs").out.count("complete") == 8
    prism("run", "shapes.tsv", "more.tsv", *swept)
    assert len(list((tmp_path / "results").glob("sweep-*"))) == 2  # the same sweep replaces its own table
