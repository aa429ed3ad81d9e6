"""`prism datasets make scenes`."""

from __future__ import annotations

import pytest
from PIL import Image


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
