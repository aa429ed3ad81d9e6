"""`prism datasets subset`, on real blind runs."""

from __future__ import annotations


def test_a_benchmark_without_what_blind_runs_solve_runs_like_any_other(prism, tmp_path):
    (tmp_path / "m.yaml").write_text("models: {other: {backend: scripted, replies: [A]}}\n")
    for reasoner in ("scripted", "other"):
        assert prism("run", "shapes.tsv", "-r", reasoner, "--mode", "blind", "--models-file", "m.yaml").code == 0
    command = ("datasets", "subset", "shapes.tsv", "--blind", "results/blind", "--solved-by", "1", "--out", "part.tsv")
    said = prism(*command)
    assert said.code == 0
    assert "which 1 or more of 2 blind runs solve" in said.out
    kept = (tmp_path / "part.indexes.txt").read_text().split()
    assert 6 < len(kept) < 19
    assert f"part.tsv: {len(kept)} questions kept" in said.out
    assert prism("run", "part.tsv", "-r", "other", "--mode", "blind", "--models-file", "m.yaml").code == 0
    assert '"accuracy": 0.0' in (tmp_path / "results/blind/part/other/scores.json").read_text()
    assert "already exists" in prism(*command).err
