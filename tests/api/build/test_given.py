"""Runs on descriptions from a file."""

from __future__ import annotations

import json

import polars as pl
import pytest

from prism_engine import api
from prism_engine.api.results.run_status import RunStatus
from prism_engine.config import RunConfig, load_registry, load_run_configs
from prism_engine.errors import ConfigError, DatasetError
from tests.shapes import write_described_shapes, write_shapes

SAMPLES = 10


@pytest.fixture
def configured(tmp_path):
    write_shapes(tmp_path / "shapes.tsv", SAMPLES, 0)

    def make(**changes):
        return RunConfig.model_validate(
            {
                "benchmark": str(tmp_path / "shapes.tsv"),
                "reasoner": "brain",
                "descriptions": tmp_path / "gpt4v_description.xlsx",
                "cache_dir": tmp_path / "cache",
                "results_dir": tmp_path / "results",
                "models": {"brain": {"backend": "scripted", "replies": ["A"]}},
                **changes,
            }
        )

    return make


def write(folder, count):
    frame = pl.DataFrame({"index": range(count), "prediction": [f"Row {at}." for at in range(count)]})
    frame.write_excel(folder / "gpt4v_description.xlsx")


def run(config):
    return api.run(config, load_registry())


def planned(config):
    return api.plan(config, load_registry())


def rows(report, name="predictions.jsonl"):
    return [json.loads(line) for line in (report.folder / name).read_text().splitlines()]


def test_no_perceiver_is_needed_and_the_file_s_name_labels_the_results(configured, tmp_path):
    write(tmp_path, SAMPLES)
    report = run(configured())
    assert report.status is RunStatus.COMPLETE
    assert report.folder == tmp_path / "results/given/shapes/gpt4v_description/brain"
    assert [row["description"] for row in rows(report)] == [f"Row {at}." for at in range(SAMPLES)]
    manifest = json.loads((report.folder / "manifest.json").read_text())
    assert list(manifest["models"]) == ["reasoner"]
    given = manifest["descriptions"]
    assert (given["by"], given["texts"], given["samples_without_one"]) == ("index", SAMPLES, 0)
    described = (report.folder.parent / "descriptions.jsonl").read_text().splitlines()
    assert [json.loads(line)["description"] for line in described] == [f"Row {at}." for at in range(SAMPLES)]
    named = run(configured(perceiver="GPT4V"))  # not a registered name, and need not be
    assert named.folder == tmp_path / "results/given/shapes/GPT4V/brain"
    assert named.progress.meters["reason"].calls == 0  # what was answered once is


def test_a_table_that_lacks_samples_is_refused_before_anything_is_called(configured, tmp_path):
    write(tmp_path, SAMPLES - 3)
    with pytest.raises(DatasetError, match=r"3 of 10 samples .*--missing skip"):
        run(configured())
    assert not (tmp_path / "results").exists()


def test_a_skipped_sample_is_counted_as_failed_with_its_reason_and_never_answered(configured, tmp_path):
    write(tmp_path, SAMPLES - 3)
    config = configured(missing_descriptions="skip")
    plan = planned(config)
    report = run(config)
    assert plan.stages["reason"].to_call == report.progress.meters["reason"].calls == SAMPLES - 3
    assert report.status is RunStatus.COMPLETE  # as was asked for
    assert (report.scores.overall.scored, report.scores.overall.failed) == (SAMPLES - 3, 3)
    assert report.progress.failures == {"description: none is given for this sample": 3}
    assert {row["reply"] for row in rows(report)[-3:]} == {None}


def test_failures_may_count_as_wrong_and_every_score_says_so(configured, tmp_path):
    write(tmp_path, SAMPLES - 3)
    apart = run(configured(missing_descriptions="skip"))
    strict = run(configured(missing_descriptions="skip", failed="wrong"))
    assert strict.folder != apart.folder
    assert strict.scores.overall.scored == SAMPLES
    assert strict.scores.overall.correct == apart.scores.overall.correct
    assert strict.scores.profile == "prism-2, failed counted as wrong"
    assert "failed counted as wrong" in (strict.folder / "scores.md").read_text()
    assert (strict.folder / "predictions.jsonl").read_bytes() == (apart.folder / "predictions.jsonl").read_bytes()


def test_in_mode_oracle_they_are_the_gold_descriptions(configured, tmp_path):
    write(tmp_path, SAMPLES)
    write_described_shapes(tmp_path / "shapes.tsv", SAMPLES)
    report = run(configured(mode="oracle"))
    assert [row["description"] for row in rows(report)] == [f"Row {at}." for at in range(SAMPLES)]
    own = run(configured(mode="oracle", descriptions=None))
    assert rows(own)[0]["description"] == "Picture of row 0."
    assert own.folder != report.folder


def test_a_mode_that_makes_descriptions_has_no_use_for_given_ones(tmp_path):
    with pytest.raises(ConfigError, match="leave one of the two out"):
        RunConfig(benchmark="b", perceiver="p", mode="perception", descriptions=tmp_path / "x.csv")
    with pytest.raises(ConfigError, match="needs a perceiver"):
        RunConfig(benchmark="b", mode="direct", descriptions=tmp_path / "x.csv")


def test_several_tables_are_swept_like_perceivers(configured, tmp_path):
    write(tmp_path, SAMPLES)
    (tmp_path / "other.csv").write_text("index,caption\n" + "".join(f"{at},Nothing.\n" for at in range(SAMPLES)))
    options = configured().model_dump(mode="json", exclude_none=True)
    options["descriptions"] = [options["descriptions"], str(tmp_path / "other.csv")]
    options["mode"] = ["all", "blind"]
    configs = load_run_configs(None, options)
    reports = api.run_many(configs, load_registry())
    assert sorted(report.name for report in reports) == ["blind", "gpt4v_description all", "other all"]
    assert {report.status for report in reports} == {RunStatus.COMPLETE}
