"""Runs read back from their folders."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from prism_engine.errors import UserError
from prism_engine.report.scores.finished import find_runs, read_run
from tests.finished import write_run


def settings(*paths):
    return [run.setting for run in find_runs(paths)]


def test_runs_are_found_below_a_folder_and_by_their_own(tmp_path):
    one = write_run(tmp_path, [1, 0, None])
    write_run(tmp_path, [1], mode="blind")
    assert [run.setting.who for run in find_runs([tmp_path])] == ["brain (blind)", "eye + brain"]
    (run,) = find_runs([one, one])
    np.testing.assert_array_equal(run.values, [1, 0, np.nan])
    assert str(run.setting) == "eye + brain on Bench"


def test_judged_results_inside_a_run_are_read_only_if_they_are_named(tmp_path):
    run = write_run(tmp_path, [1, 0])
    judged = run / "judged-gpt"
    shutil.copytree(run, judged)
    assert [one.folder for one in find_runs([tmp_path])] == [run]
    assert [one.folder for one in find_runs([judged])] == [judged]


@pytest.mark.parametrize(
    ("mode", "who", "names"),
    [
        ("all", "eye + brain-2048", ("eye", "brain-2048")),
        ("reasoning", "eye + brain-2048", ("eye", "brain-2048")),
        ("direct", "eye-2048 (direct)", ("eye-2048", None)),
        ("oracle", "brain-2048 (oracle)", (None, "brain-2048")),
    ],
)
def test_a_setting_names_its_models_and_what_the_folder_adds(tmp_path, mode, who, names):
    write_run(tmp_path, [1], mode=mode, suffix="-2048")
    (setting,) = settings(tmp_path)
    assert (setting.who, (setting.perceiver, setting.reasoner)) == (who, names)
    assert setting.vlm == ("eye" if names[0] else None)


def test_a_checkpoint_s_folder_is_named_by_its_last_part_and_the_profile_is_no_part_of_a_name(tmp_path):
    write_run(tmp_path, [1], mode="direct", perceiver="/models/eye", profile="v1").rename(tmp_path / "eye-12ab-v1")
    (setting,) = settings(tmp_path / "eye-12ab-v1")
    assert (setting.perceiver, setting.vlm, setting.profile) == ("eye-12ab", "eye", "v1")


def test_another_instruction_shows_in_the_name(tmp_path):
    write_run(tmp_path, [1], instruction="detailed")
    assert settings(tmp_path)[0].who == "eye + brain (detailed)"


def test_a_custom_instruction_is_named_like_its_folder(tmp_path):
    folder = write_run(tmp_path, [1], instruction="wording-12ab")
    manifest = folder / "manifest.json"
    manifest.write_text(manifest.read_text().replace("wording-12ab", "Say what you see."))
    assert settings(tmp_path)[0].instruction == "wording-12ab"
    folder.rename(tmp_path / "moved")
    assert settings(tmp_path / "moved")[0].instruction == "Say what you see."


def test_different_files_of_one_name_are_two_benchmarks(tmp_path):
    write_run(tmp_path / "a", [1], sha256="1" * 64)
    write_run(tmp_path / "b", [1], sha256="2" * 64)
    assert [setting.benchmark for setting in settings(tmp_path)] == ["Bench-11111111", "Bench-22222222"]


def test_one_experiment_twice_is_an_error_that_names_both_folders(tmp_path):
    one, other = (write_run(tmp_path / name, [1]) for name in "ab")
    with pytest.raises(UserError, match=r"both are eye \+ brain on Bench") as error:
        find_runs([tmp_path])
    assert str(one) in str(error.value)
    assert str(other) in str(error.value)


def test_a_folder_without_a_run_is_an_error_that_names_it(tmp_path):
    with pytest.raises(UserError, match=r"nothing: no such folder"):
        find_runs([tmp_path / "nothing"])
    with pytest.raises(UserError, match=r"no finished run in it"):
        find_runs([tmp_path])


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("manifest.json", b"{", "manifest.json: cannot be read"),
        ("manifest.json", b"[]", "manifest.json: is not a JSON object"),
        ("manifest.json", b'{"config": {"mode": "all"}}', "manifest.json: lacks"),
        ("scores.json", b"nonsense", "scores.json: cannot be read"),
        ("predictions.jsonl", b"nonsense\n", "not a predictions file"),
        ("predictions.jsonl", b'{"index":"7"}\n{"index":"7"}\n', "index 7: two rows"),
    ],
)
def test_a_damaged_file_is_named_with_the_fix(tmp_path, file, content, message):
    folder = write_run(tmp_path, [1])
    (folder / file).write_bytes(content)
    with pytest.raises(UserError, match=message):
        read_run(folder)


def test_the_registry_s_metadata_of_a_model_is_available(tmp_path):
    run = read_run(write_run(tmp_path, [1], about={"parameters": "7B"}))
    assert run.about("perceiver") == {"parameters": "7B"}
    assert read_run(write_run(tmp_path / "b", [1])).about("perceiver") == {}


def test_what_runs_of_a_benchmark_have_in_common_is_in_memory_once(tmp_path):
    for name, scores in (("one", [1, 0]), ("two", [1, 0]), ("other", [0, 0])):
        write_run(tmp_path, scores, reasoner=name)
    write_run(tmp_path, [1, 0], benchmark="Other")
    runs = {(run.setting.benchmark, run.setting.reasoner): run for run in find_runs([tmp_path])}
    one, two, other, elsewhere = (
        runs[key] for key in (("Bench", "one"), ("Bench", "two"), ("Bench", "other"), ("Other", "brain"))
    )
    assert [run.table["score"].to_list() for run in (one, two, other)] == [[1, 0], [1, 0], [0, 0]]
    assert [np.shares_memory(buffer(run), buffer(one)) for run in (two, other, elsewhere)] == [True, False, False]


def buffer(run):
    return run.table["score"].to_numpy(allow_copy=False)
