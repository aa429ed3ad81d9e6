"""Where results are stored, and that two different runs never share a folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from prism_engine.api.results.run_folder import Layout
from prism_engine.config import Arm, Merge, Pictures, RunConfig, SamplingConfig
from prism_engine.config.arms import ARMS

USUAL = RunConfig(benchmark="MMStar", perceiver="vlm", reasoner="llm", results_dir=Path("out"))


def folder(**changes):
    return Layout.of(USUAL.model_copy(update=changes), "MMStar", "0" * 64).folder.as_posix()


def test_the_layout_is_instruction_benchmark_perceiver_reasoner():
    assert folder() == "out/generic/MMStar/vlm/llm"
    assert Layout.of(USUAL, "MMStar", "0" * 64).perceiver == Path("out/generic/MMStar/vlm")


def test_a_run_that_does_not_describe_has_no_folder_for_descriptions():
    assert Layout.of(USUAL.in_mode(Arm.DIRECT), "MMStar", "0" * 64).perceiver is None


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"samples": 10}, "out/generic/MMStar-first10/vlm/llm"),
        ({"reasoning": SamplingConfig(max_tokens=2048)}, "out/generic/MMStar/vlm/llm-2048"),
        ({"perception": SamplingConfig(max_tokens=64)}, "out/generic/MMStar/vlm-64/llm"),
        ({"profile": "v1"}, "out/generic/MMStar/vlm/llm-v1"),
        ({"mode": Arm.PERCEPTION}, "out/generic/MMStar/vlm"),
        ({"mode": Arm.DIRECT}, "out/direct/MMStar/vlm"),
        ({"mode": Arm.DIRECT, "reasoning": SamplingConfig(max_tokens=16)}, "out/direct/MMStar/vlm-16"),
        ({"mode": Arm.DIRECT, "perception": SamplingConfig(max_tokens=16)}, "out/direct/MMStar/vlm"),
        ({"mode": Arm.BLIND, "samples": 10, "profile": "v1"}, "out/blind/MMStar-first10/llm-v1"),
        ({"mode": Arm.ORACLE, "perceiver": None}, "out/oracle/MMStar/llm"),
        ({"perceiver": "org/model:v1"}, "out/generic/MMStar/org_model_v1-a123334b/llm"),
        ({"instruction": "human1"}, "out/generic/MMStar/vlm/llm"),
        ({"instruction": "cot"}, "out/cot/MMStar/vlm/llm"),
        ({"instruction": "Describe the sky."}, "out/own-fb426dea/MMStar/vlm/llm"),
        ({"instruction": "query-specific_llm"}, "out/query-specific_llm/MMStar/vlm/llm"),
        ({"instruction": "query-specific_org/llm"}, "out/query-specific_org_llm-43144cb1/MMStar/vlm/llm"),
        (
            {"instruction": "query-specific_llm", "writing": SamplingConfig(max_tokens=64)},
            "out/query-specific_llm-64/MMStar/vlm/llm",
        ),
        ({"instruction": "query-specific_llm", "mode": Arm.PROMPTS}, "out/prompts/MMStar/llm"),
        ({"instruction": "query-specific_llm", "mode": Arm.BLIND}, "out/blind/MMStar/llm"),
        ({"perceiver": "vlm~other"}, "out/generic/MMStar/vlm~other/llm"),
        ({"perceiver": "vlm~other", "merge": Merge.PLAIN}, "out/generic/MMStar/vlm~other+plain/llm"),
        ({"perceiver": "vlm~other", "merge": Merge.ORIGINAL}, "out/generic/MMStar/vlm~other+original/llm"),
        ({"merge": Merge.PLAIN}, "out/generic/MMStar/vlm/llm"),
        ({"pictures": Pictures.FIRST}, "out/generic/MMStar/vlm+first/llm"),
        (
            {"pictures": Pictures.TOGETHER, "perceiver": "vlm~o", "merge": Merge.PLAIN},
            "out/generic/MMStar/vlm~o+together+plain/llm",
        ),
        ({"pictures": Pictures.FIRST, "mode": Arm.DIRECT}, "out/direct/MMStar/vlm+first"),
        ({"pictures": Pictures.TOGETHER, "mode": Arm.DIRECT}, "out/direct/MMStar/vlm"),
    ],
)
def test_what_changes_the_results_changes_the_folder(changes, expected):
    assert folder(**changes) == expected


@pytest.mark.parametrize("name", ["..", "../../etc", "/", "a/../../b", "\x00", "CON/..", "."])
def test_no_model_name_leaves_the_results_folder(name):
    parts = Path(folder(perceiver=name)).parts
    assert ".." not in parts
    assert len(parts) == 5


def test_two_checkpoint_folders_of_one_name_do_not_share_results():
    assert folder(perceiver="/models/a/best") != folder(perceiver="/models/b/best")


def test_runs_that_sample_differently_do_not_share_results():
    seeds = {folder(reasoning=SamplingConfig(temperature=1.0, seed=seed)) for seed in (1, 2)}
    assert len(seeds | {folder()}) == 3


def test_two_hint_writers_in_folders_of_one_name_do_not_share_results():
    one, other = (folder(instruction=f"query-specific_/models/{name}/best") for name in "ab")
    assert one != other


def test_another_wording_or_other_hints_in_a_file_have_separate_results(tmp_path):
    found = set()
    for name, content in (
        ("a.txt", "the sky"),
        ("a.txt", "the sea"),
        ("a.json", '{"0": "x"}'),
        ("a.json", '{"0": "y"}'),
    ):
        (tmp_path / name).write_text(content)
        found.add(folder(instruction=f"@{tmp_path / name}"))
    assert len(found) == 4
    assert {Path(one).parts[1].split("_")[0] for one in found} == {"query-specific"} | {
        Path(one).parts[1] for one in found if "/a-" in one
    }


@pytest.mark.parametrize("mode", list(ARMS.values()))
def test_no_custom_instruction_shares_a_folder_with_a_mode_or_a_built_in_one(mode, tmp_path):
    (tmp_path / f"{mode.name}.txt").write_text("Describe it.")
    assert f"out/{mode.name}/" not in folder(instruction=f"@{tmp_path / f'{mode.name}.txt'}")
