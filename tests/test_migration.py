"""Tests of docs/migration.md, the page for users of the original Prism: every prism command on it works."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest
import yaml

from prism_engine.config import load_registry
from tests.cli.conftest import prism  # noqa: F401 - a fixture
from tests.shapes import write_shapes

PAGE = (Path(__file__).parents[1] / "docs" / "migration.md").read_text()
ROWS = [line.split(" | ") for line in PAGE.partition("## Arguments")[0].splitlines() if line.startswith("| ")][1:]
OURS = list(dict.fromkeys(code for row in ROWS for code in re.findall(r"`(prism [^`]+)`", row[1])))
RETIRED = "GeminiProVision"
NAMES = ("GPT4V", "llava_next_yi_34b", "prismcaptioner-2b", "chatgpt-0125", "gpt-4-0125", "llama3-70b-chat")
CONFIG = {"data": "MMStar", "model": "GPT4V", "prompt_version": "generic", "infer_model": "chatgpt-0125", "nproc": 4}


@pytest.fixture
def world(prism, tmp_path, monkeypatch):  # noqa: F811
    """`prism` in a folder with a small MMStar file, scripted models, and files of an original checkout."""
    scripted = {name: {"backend": "scripted", "replies": [f"{name}."]} for name in (*NAMES, RETIRED)}
    (tmp_path / "m.yaml").write_text(yaml.safe_dump({"models": scripted}))
    write_shapes(tmp_path / "MMStar.tsv", 12, 0)
    monkeypatch.setenv("LMUData", str(tmp_path))
    for folder in ("config", "prompts"):
        (tmp_path / folder).mkdir()
    (tmp_path / "config" / "self_config.json").write_text(json.dumps(CONFIG))
    (tmp_path / "prompts" / "MMStar_chatgpt-0125.json").write_text('{"0": "the sky"}')
    return prism


def test_the_page_has_a_command_for_every_way_of_the_original_s_readme():
    theirs = " ".join(row[0] for row in ROWS)
    for word in (
        *("gen_prompt.py", "--config", "torchrun", "--infer_model", "query-specific_", "prismcaptioner-2b"),
        *("api_server", "GPT4V~GeminiProVision", "-2048", "--mode", "--postproc"),
    ):
        assert word in theirs
    assert len(OURS) > 12


@pytest.mark.parametrize("command", [one for one in OURS if one.startswith("prism run ")])
def test_every_run_on_the_page_can_be_planned(world, command):
    _, _, *arguments = shlex.split(command)
    said = world("plan", *arguments, "--models-file", "m.yaml")
    assert said.code == 0, said.err
    assert "12 samples" in said.out


@pytest.mark.parametrize("command", [one for one in OURS if not one.startswith("prism run ")])
def test_every_other_command_on_the_page_is_one(world, tmp_path, command):
    _, *arguments = shlex.split(command)
    name = arguments[0]
    if name == "gen-prompts":
        said = world(*arguments, "--models-file", "m.yaml")
        assert (said.code, "MMStar_chatgpt-0125.json" in said.out) == (0, True)
    elif name == "ask":
        from tests.api.objects.test_modules import png  # noqa: PLC0415

        (tmp_path / "Prism.jpg").write_bytes(png())
        said = world(*arguments, "--models-file", "m.yaml")
        assert said.out == "GPT4V.\nchatgpt-0125.\n"
    else:  # these commands download or inspect the machine
        assert (
            world(*[word for word in arguments if word.isalpha()][: 2 if name == "convert" else 1], "--help").code == 0
        )


KIT = PAGE.partition("## VLMEvalKit")[2].partition("In VLMEvalKit")[0]
KIT_LINES = re.findall(r"`(prism run [^`]+)`", KIT)


def test_the_page_has_every_line_of_vlmevalkit_s_quick_start():
    for theirs, ours in re.findall(r"`(?:python|torchrun \S+) run.py ([^`]+)` \| `prism run ([^`]+)`", KIT):
        assert ours.removesuffix(" --mode direct") == theirs
    assert len(KIT_LINES) == 5


@pytest.fixture
def kit(prism, tmp_path, monkeypatch):  # noqa: F811
    """`prism` where VLMEvalKit's benchmarks are small and its models scripted."""
    scripted = {"backend": "scripted", "replies": ["A. Yes"]}  # an answer to each of them
    names = ("idefics_80b_instruct", "qwen_chat", "mPLUG-Owl2", "chatgpt-0125")
    (tmp_path / "m.yaml").write_text(yaml.safe_dump({"models": dict.fromkeys(names, scripted)}))
    for name in ("MMBench_DEV_EN", "MME", "SEEDBench_IMG"):
        write_shapes(tmp_path / f"{name}.tsv", 8, 0)
    monkeypatch.setenv("LMUData", str(tmp_path))
    return prism


def test_the_lines_of_vlmevalkit_s_quick_start_run_one_after_the_other(kit, tmp_path):
    for line in KIT_LINES:
        _, *arguments = shlex.split(line)
        said = kit(*arguments, "--models-file", "m.yaml")
        assert said.code == 0, (line, said.err)
    found = {path.parent.relative_to(tmp_path / "results/direct") for path in tmp_path.rglob("direct/*/*/scores.json")}
    models = ("idefics_80b_instruct", "qwen_chat", "mPLUG-Owl2")
    assert found == {Path(data, model) for data in ("MMBench_DEV_EN", "MME", "SEEDBench_IMG") for model in models}


def test_every_model_on_the_page_is_in_the_registry_but_the_one_that_it_calls_retired():
    registry = load_registry()
    assert [name for name in (*NAMES, RETIRED) if name not in registry] == [RETIRED]
    assert "retired" in next(line for line in PAGE.splitlines() if RETIRED in line)


def test_the_python_on_the_page_works(tmp_path, monkeypatch):
    from prism_engine.backends.scripted import Scripted  # noqa: PLC0415
    from prism_engine.config import ScriptedModel  # noqa: PLC0415
    from tests.api.objects.test_modules import png  # noqa: PLC0415

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PRISM_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(
        "prism_engine.api.build.workbench.build_backend",
        lambda name, *_: Scripted(ScriptedModel(replies=(f"{name} speaks",))),
    )
    (tmp_path / "Prism.jpg").write_bytes(png())
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    names = {"__name__": "__main__"}
    exec(compile(code, "docs/migration.md", "exec"), names)
    assert (names["description"], names["answer"]) == ("GPT4V speaks", "chatgpt-0125 speaks")
