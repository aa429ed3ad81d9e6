"""`prism datasets fetch|make|subset`."""

from __future__ import annotations

import pytest
import typer
from PIL import Image

from prism_engine.cli import datasets_getting
from prism_engine.datasets.fetching import known
from prism_engine.datasets.fetching.known import Fetched


def test_a_log_gets_a_line_per_tenth_and_one_at_the_end(tmp_path, monkeypatch, capsys):
    path = tmp_path / "Toy.tsv"
    path.write_bytes(b"x" * 1000)

    def fetch(name, *, progress, **_):
        for done in range(0, 1001, 10):
            progress(done, 1000)
        progress(1000, None)
        return Fetched(name, path, "5" * 64, "https://example.org/Toy.tsv", checked=True)

    monkeypatch.setattr(known, "fetch", fetch)
    datasets_getting.fetch_shown("Toy")
    said = capsys.readouterr()
    assert said.err.count("Toy: ") == 10
    assert "from https://example.org/Toy.tsv; checksum correct; SHA-256 555" in said.out


def test_ctrl_c_ends_it_without_a_traceback(monkeypatch, capsys):
    def fetch(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(known, "fetch", fetch)
    with pytest.raises(typer.Exit) as ended:
        datasets_getting.fetch_shown("Toy")
    assert ended.value.exit_code == 130
    assert "the same command continues" in capsys.readouterr().err


def test_only_what_is_missing_is_fetched(monkeypatch):
    seen = []
    monkeypatch.setattr(known, "missing", lambda names: [name for name in names if name == "POPE"])
    monkeypatch.setattr(datasets_getting, "fetch_shown", seen.append)
    datasets_getting.fetch_missing(["POPE", "mine.tsv"])
    assert seen == ["POPE"]


def test_it_makes_a_benchmark_that_prism_runs_and_says_what_to_do_next(prism, tmp_path):
    said = prism("datasets", "make", "scenes", "--n", "12", "--preview", "scenes.png")
    assert said.code == 0
    assert "PrismScenes.tsv: 12 questions" in said.out
    assert "next: prism run PrismScenes.tsv -p " in said.out
    with Image.open(tmp_path / "scenes.png") as sheet:
        assert sheet.format == "PNG"
    assert "12" in prism("datasets", "check", "PrismScenes.tsv").out
    run = ("run", "PrismScenes.tsv", "-p", "scripted", "-r", "scripted", "--mode", "all", "--mode", "oracle")
    assert prism(*run).code == 0


def test_the_same_seed_and_number_give_the_same_bytes(prism, tmp_path):
    for name, seed in (("a.tsv", 1), ("b.tsv", 1), ("c.tsv", 2)):
        assert prism("datasets", "make", "scenes", "-n", "9", "--seed", seed, "--out", name).code == 0
    one, same, other = ((tmp_path / name).read_bytes() for name in ("a.tsv", "b.tsv", "c.tsv"))
    assert one == same != other


def test_a_file_that_is_there_is_kept_unless_forced(prism, tmp_path):
    for name, option in (("mine.tsv", "--out"), ("mine.png", "--preview")):
        (tmp_path / name).write_text("precious")
        command = ("datasets", "make", "scenes", "-n", "3", option, name)
        said = prism(*command)
        assert said.code == 2
        assert f"{name}: already exists" in said.err
        assert (tmp_path / name).read_text() == "precious"
        assert not (tmp_path / "PrismScenes.tsv").exists()
        assert prism(*command, "--force").code == 0
        assert (tmp_path / name).read_bytes() != b"precious"
        (tmp_path / "PrismScenes.tsv").unlink(missing_ok=True)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--n", "0"), "greater than or equal to 1"),
        (("--out", "nowhere/x.tsv"), "there is no folder nowhere"),
        (("--out", "."), "is a folder"),
        (("--out", "scenes.csv"), "must end in .tsv"),
        (("--preview", "scenes.jpg"), "must end in .png"),
    ],
)
def test_mistakes_are_named_before_anything_is_drawn(prism, tmp_path, arguments, complaint):
    before = sorted(tmp_path.iterdir())
    said = prism("datasets", "make", "scenes", *arguments)
    assert said.code == 2
    assert complaint in said.err
    assert sorted(tmp_path.iterdir()) == before


def test_it_knows_no_other_benchmark(prism):
    said = prism("datasets", "make", "shapes")
    assert said.code == 2
    assert "scenes" in said.err


def test_its_help_teaches(prism):
    said = prism("datasets", "make", "--help")
    assert said.code == 0
    assert "prism datasets make scenes --n 300" in said.out
    assert "six families" in said.out


def test_half_a_file_is_never_left(prism, tmp_path, monkeypatch):
    def stopped(*_):
        raise KeyboardInterrupt

    before = sorted(tmp_path.iterdir())
    monkeypatch.setattr("prism_engine.scenes.table.description", stopped)
    assert prism("datasets", "make", "scenes", "-n", "3").code == 130
    assert sorted(tmp_path.iterdir()) == before


def test_a_benchmark_without_what_blind_runs_solve_runs_like_any_other(prism, tmp_path):
    (tmp_path / "m.yaml").write_text("models: {other: {backend: scripted, replies: [A]}}\n")
    for reasoner in ("scripted", "other"):
        assert prism("run", "shapes.tsv", "-r", reasoner, "--mode", "blind", "--models-file", "m.yaml").code == 0
    command = ("datasets", "subset", "shapes.tsv", "--blind", "results/blind", "--solved-by", "1", "--out", "part.tsv")
    said = prism(*command)
    assert said.code == 0
    assert "dropped (solved by at least 1 of 2 blind runs)" in said.out
    kept = (tmp_path / "part.indexes.txt").read_text().split()
    assert 6 < len(kept) < 19
    assert f"part.tsv: {len(kept)} questions kept" in said.out
    assert prism("run", "part.tsv", "-r", "other", "--mode", "blind", "--models-file", "m.yaml").code == 0
    assert '"accuracy": 0.0' in (tmp_path / "results/blind/part/other/scores.json").read_text()
    assert "already exists" in prism(*command).err
