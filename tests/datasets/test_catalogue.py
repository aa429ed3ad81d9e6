from __future__ import annotations

from pathlib import Path

import pytest

from prism_engine.datasets import data_roots, find_benchmark, list_benchmarks
from prism_engine.errors import ConfigError


@pytest.fixture
def roots(tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    for path in (first / "MMStar.tsv", second / "MMStar.tsv", second / "AI2D_TEST.tsv", second / "notes.txt"):
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"12345")
    return (first, tmp_path / "none", second)


def test_a_csv_file_is_a_benchmark_only_if_named_by_its_path(tmp_path):
    (tmp_path / "scores.csv").write_text("index,question\n1,?\n")
    assert find_benchmark(str(tmp_path / "scores.csv"), ()) == tmp_path / "scores.csv"
    assert list_benchmarks((tmp_path,)) == ()


def test_names_are_looked_up_in_the_folders_in_order(roots):
    assert find_benchmark("MMStar", roots) == roots[0] / "MMStar.tsv"
    assert find_benchmark("AI2D_TEST.tsv", roots) == roots[2] / "AI2D_TEST.tsv"


def test_the_path_of_a_file_needs_no_folder(roots, monkeypatch):
    path = roots[2] / "MMStar.tsv"
    assert find_benchmark(str(path), ()) == path
    monkeypatch.chdir(roots[2])
    assert find_benchmark("AI2D_TEST.tsv", ()) == Path("AI2D_TEST.tsv")


def test_an_unknown_name_gets_the_nearest_and_the_folders_searched(roots):
    with pytest.raises(ConfigError) as caught:
        find_benchmark("mmstarr", roots)
    message = str(caught.value)
    assert "no benchmark 'mmstarr' - did you mean 'MMStar'?" in message
    assert f"Searched: {roots[0]}, {roots[1]} (no such folder), {roots[2]}." in message


def test_aliases_and_capitals_do_not_matter(roots):
    assert find_benchmark("ai2d", roots) == roots[2] / "AI2D_TEST.tsv"
    assert find_benchmark("mmstar", roots) == roots[0] / "MMStar.tsv"
    (roots[0] / "ScienceQA.tsv").write_bytes(b"older name")
    assert find_benchmark("ScienceQA_TEST", roots) == roots[0] / "ScienceQA.tsv"


def test_a_missing_known_benchmark_comes_with_how_to_get_it(roots):
    with pytest.raises(ConfigError, match=r"POPE \(5,127 rows; object .*prism datasets fetch POPE.*--fetch.*Searched:"):
        find_benchmark("pope", roots)
    with pytest.raises(ConfigError, match="prism datasets make scenes"):
        find_benchmark("PrismScenes", roots)


def test_other_kinds_of_files_are_found_too(roots, monkeypatch):
    for name in ("Mine.jsonl", "Yours.parquet", "MMStar.jsonl"):
        (roots[2] / name).write_bytes(b"x")
    (roots[2] / "map.yaml").write_bytes(b"x")
    assert find_benchmark("Mine", roots) == roots[2] / "Mine.jsonl"
    assert find_benchmark("map", roots) == roots[2] / "map.yaml"
    assert find_benchmark("Yours.parquet", roots) == roots[2] / "Yours.parquet"
    assert find_benchmark("MMStar", (roots[2],)) == roots[2] / "MMStar.tsv"
    monkeypatch.chdir(roots[2])
    assert find_benchmark("map.yaml", ()) == Path("map.yaml")


def test_a_file_whose_pictures_were_written_out_stands_for_a_benchmark_that_is_gone(roots):
    (roots[2] / "POPE_local.tsv").write_bytes(b"x")
    assert find_benchmark("POPE", roots) == roots[2] / "POPE_local.tsv"
    (roots[2] / "POPE.tsv").write_bytes(b"x")
    assert find_benchmark("POPE", roots) == roots[2] / "POPE.tsv"


def test_a_path_to_no_file_gets_its_neighbours(roots):
    with pytest.raises(ConfigError, match=r"did you mean 'AI2D_TEST'\? Searched: .*second\."):
        find_benchmark(str(roots[2] / "AI2D_TEXT.tsv"), roots)


@pytest.mark.parametrize("name", ["nothing.tsv", "nothing.jsonl", "POPE.tsv"])
def test_a_file_s_name_was_searched_in_the_current_folder_as_well(roots, monkeypatch, tmp_path, name):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=f"Searched: {tmp_path}, {roots[0]}"):
        find_benchmark(name, roots)


def test_the_folder_of_a_path_is_named_in_full(roots, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=rf"Searched: {tmp_path}/data \(no such folder\)\."):
        find_benchmark("data/nothing.tsv", roots)


def test_a_name_without_folders_to_search_is_reported():
    with pytest.raises(ConfigError, match="Searched: nowhere"):
        find_benchmark("MMStar", ())


def test_the_list_names_each_benchmark_once(roots):
    assert [(found.name, found.path.parent.name, found.size) for found in list_benchmarks(roots)] == [
        ("AI2D_TEST", "second", 5),
        ("MMStar", "first", 5),
    ]


def test_the_roots_are_the_named_folder_and_the_one_at_home(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    home = tmp_path / "LMUData"
    assert data_roots({}) == (home,)
    assert data_roots({"LMUData": "~/data"}) == (tmp_path / "data", home)
    assert data_roots({"LMUData": str(home)}) == (home,)


def test_a_folder_is_no_benchmark_and_is_said_to_be_one(tmp_path):
    (tmp_path / "dir.tsv").mkdir()
    with pytest.raises(ConfigError, match=r"dir.tsv' is a folder, not a benchmark's file: give the path"):
        find_benchmark(str(tmp_path / "dir.tsv"), ())


def test_a_file_that_is_no_benchmark_is_not_said_to_be_missing(tmp_path):
    path = tmp_path / "Toy.xlsx"
    path.write_bytes(b"PK")
    with pytest.raises(
        ConfigError, match=r"prism reads no \.xlsx file as a benchmark; save it as a TSV, JSONL, Parquet"
    ):
        find_benchmark(str(path), [])
    for name in ("Toy.txt", "Toy.json", "Toy.ndjson"):
        (tmp_path / name).touch()
        assert find_benchmark(str(tmp_path / name), []) == tmp_path / name
