"""Results of an original checkout become prism results: scored, counted, and separate from prism's own runs."""

from __future__ import annotations

import json

import pytest

from prism_engine import api
from prism_engine.config import RunConfig, load_registry
from prism_engine.errors import ConfigError, UserError
from prism_engine.original.importing import import_original
from prism_engine.report.pages.workbook import MOST_CHARACTERS
from tests.original import originals
from tests.original.originals import FAILED, SAMPLES, answered, described


@pytest.fixture
def checkout(tmp_path):
    """Descriptions and answers of one pair: index 1 was not described, 2 not answered, 3 empty, 4 cut, 11 is absent."""
    rows = originals.benchmark(tmp_path)
    folder = originals.place(tmp_path / "results")
    seen = described(rows, i1=FAILED, i4="z" * MOST_CHARACTERS)
    originals.table(folder / "GPT4V_description.xlsx", seen)
    failed = {"i2": ("", "All 5 retries failed.\n"), "i3": ("", "Succeed"), "i5": ("I cannot tell.", "Succeed")}
    originals.table(folder / "chatgpt-0125" / "chatgpt-0125.xlsx", answered(seen[:-1], **failed))
    return tmp_path


def imported(folder, **options):
    return import_original(
        folder / "results", folder / "out", cache_dir=folder / "cache", data=str(folder / "shapes.tsv"), **options
    )


def rows_of(path):
    return {row["index"]: row for row in map(json.loads, path.read_text().splitlines())}


def test_descriptions_and_answers_have_their_outcomes(checkout):
    descriptions, answers = imported(checkout)
    assert descriptions.statuses == {"done": SAMPLES - 1, "failed": 1}
    assert answers.statuses == {"done": SAMPLES - 4, "failed": 3, "not_run": 1}
    assert answers.folder == checkout / "out/original-generic/shapes/GPT4V/chatgpt-0125"
    rows = rows_of(answers.folder / "predictions.jsonl")
    assert len(rows) == SAMPLES
    assert (rows["0"]["reply"], rows["0"]["score"]) == (f"The answer is {rows['0']['target']}.", 1.0)
    assert rows["1"]["failure"] == "description: error: the original's call failed"
    assert (rows["1"]["description"], rows["1"]["reply"]) == (None, None)
    assert rows["2"]["failure"] == "answer: error: All 5 retries failed."
    assert rows["3"]["failure"] == "answer: empty: the cell is empty"
    assert rows["4"]["description_outcomes"] == ["truncated"]
    assert (rows["5"]["status"], rows["5"]["score"]) == ("done", 0.0)
    assert (rows["11"]["status"], rows["11"]["failure"]) == ("not_run", "not in chatgpt-0125.xlsx")
    scores = json.loads((answers.folder / "scores.json").read_text())
    assert (scores["overall"]["scored"], scores["overall"]["correct"]) == (SAMPLES - 4, SAMPLES - 5)


def test_rows_have_the_steps_that_are_known_and_no_keys(checkout):
    descriptions, answers = imported(checkout)
    rows = rows_of(answers.folder / "predictions.jsonl")
    assert {row["schema"] for row in rows.values()} == {2}
    described, replied = rows["0"]["steps"]
    known = {"round": 0, "key": None, "outcome": "ok", "usage": None, "cost": None}
    assert described == known | {"stage": "perceive", "picture": 0, "model": "GPT4V", "text": "picture 0"}
    answer = {"stage": "reason", "picture": None, "model": "chatgpt-0125", "text": rows["0"]["reply"]}
    assert replied == known | answer
    assert [step["outcome"] for step in rows["1"]["steps"]] == ["error"]
    assert rows["2"]["steps"][1]["detail"] == "All 5 retries failed."
    assert rows["11"]["steps"] == []
    table = rows_of(descriptions.folder / "descriptions.jsonl")
    assert (table["0"]["schema"], table["0"]["steps"]) == (2, [described])


def test_prism_s_tables_read_them(checkout):
    _, answers = imported(checkout)
    rescored = api.rescore(api.find_predictions(checkout, str(answers.folder)), ["v1", "v3"])
    assert rescored.scores["v1"].overall.scored == SAMPLES - 4
    manifest = json.loads((answers.folder / "manifest.json").read_text())
    config = RunConfig.model_validate(manifest["config"])
    assert (config.perceiver, config.reasoner, config.instruction) == ("GPT4V", "chatgpt-0125", "original-generic")
    assert manifest["imported"]["path"].endswith("chatgpt-0125.xlsx")
    assert (manifest["status"], manifest["samples"]["not_run"]) == ("incomplete", 1)
    lines = rows_of(answers.folder.parent / "descriptions.jsonl")
    assert (lines["7"]["description"], lines["1"]["description"]) == ("picture 7", None)


def test_the_reasoner_s_own_copy_of_a_description_counts(checkout):
    rows = originals.benchmark(checkout)
    folder = originals.place(checkout / "results")
    originals.table(folder / "GPT4V_description.xlsx", described(rows, i1="described later"))
    originals.table(folder / "chatgpt-0125" / "chatgpt-0125.xlsx", answered(described(rows, i1=FAILED)))
    originals.table(folder / "gpt-4" / "gpt-4.xlsx", answered(rows))
    found = {one.folder.name: rows_of(one.folder / "predictions.jsonl") for one in imported(checkout)[1:]}
    assert found["chatgpt-0125"]["1"]["status"] == "failed"
    assert found["gpt-4"]["1"]["description"] == "described later"


def test_importing_again_replaces_and_prism_s_own_runs_are_never_overwritten(checkout):
    first, again = imported(checkout), imported(checkout)
    assert [one.statuses for one in first] == [one.statuses for one in again]
    config = RunConfig(
        benchmark=str(checkout / "shapes.tsv"),
        perceiver="scripted",
        reasoner="scripted",
        cache_dir=checkout / "cache",
        results_dir=checkout / "out",
    )
    own = api.run(config, load_registry()).folder
    (own / "manifest.json").rename(first[1].folder / "manifest.json")
    before = (first[1].folder / "predictions.jsonl").read_bytes()
    with pytest.raises(UserError, match="prism's own results are here"):
        imported(checkout)
    assert (first[1].folder / "predictions.jsonl").read_bytes() == before


def test_nothing_goes_into_the_cache_of_calls(checkout):
    imported(checkout)
    assert not list((checkout / "cache").glob("calls*"))


def test_a_benchmark_is_found_by_its_folder_s_name_or_must_be_given(checkout, monkeypatch):
    monkeypatch.setenv("LMUData", str(checkout))
    found = import_original(checkout / "results", checkout / "out", cache_dir=checkout / "cache")
    assert len(found) == 2
    rows = originals.benchmark(checkout)
    originals.table(
        originals.place(checkout / "results", dataset="nowhere") / "GPT4V_description.xlsx", described(rows)
    )
    with pytest.raises(ConfigError, match="nowhere"):
        import_original(checkout / "results", checkout / "out", cache_dir=checkout / "cache")
    with pytest.raises(UserError, match="several datasets"):
        imported(checkout)


def test_results_about_another_benchmark_are_refused(checkout):
    rows = [row | {"index": 100 + int(str(row["index"]))} for row in originals.benchmark(checkout)]
    originals.table(originals.place(checkout / "results") / "GPT4V_description.xlsx", described(rows))
    with pytest.raises(UserError, match=r"row 1: shapes .* has no sample of index 100 \(12 such rows\)"):
        imported(checkout)


def test_an_unknown_profile_is_refused(checkout):
    with pytest.raises(ConfigError, match="unknown scoring profile"):
        imported(checkout, profile="v9")
