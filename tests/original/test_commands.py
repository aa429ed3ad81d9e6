"""`prism export original` and `prism import original` from the command line."""

from __future__ import annotations

import json


def test_a_run_goes_out_and_comes_back_and_is_scored(prism):
    assert prism("run", "shapes.tsv", "-p", "scripted", "-r", "scripted").code == 0
    out = prism("export", "original", "results/generic/shapes/scripted/scripted", "out")
    assert out.code == 0
    assert out.out.splitlines() == [
        "out/generic/shapes/scripted/scripted_description.xlsx: 24 rows",
        "out/generic/shapes/scripted/scripted/scripted.xlsx: 24 rows",
    ]
    back = prism("import", "original", "out", "--data", "shapes.tsv")
    assert back.code == 0
    lines = [line.split() for line in back.out.splitlines()]
    assert ["original-generic/shapes/scripted", "24", "0", "0", "-"] in lines
    assert any(line[:4] == ["original-generic/shapes/scripted/scripted", "24", "0", "0"] for line in lines)
    told = json.loads(prism("import", "original", "out", "--data", "shapes.tsv", "--json").out)
    assert [run["samples"]["done"] for run in told["runs"]] == [24, 24]
    scored = prism("score", "results/original-generic/shapes/scripted/scripted")
    assert (scored.code, "0 of 24 replies are read differently by the rules" in scored.out) == (0, True)


def test_what_failed_is_told_on_the_way_out(prism, tmp_path):
    (tmp_path / "m.yaml").write_text("models: {bad: {backend: scripted, failure_rate: 1.0}}")
    assert prism("run", "shapes.tsv", "-p", "scripted", "-r", "bad", "--models-file", "m.yaml").code == 1
    said = prism("export", "original", "generic/shapes/scripted/bad", "out")
    assert said.out.endswith("bad.xlsx: 24 rows, 24 of them failed\n")


def test_a_folder_without_results_is_an_error(prism, tmp_path):
    said = prism("import", "original", tmp_path)
    assert (said.code, "no results of the original" in said.err) == (2, True)
