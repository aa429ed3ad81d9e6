"""VLMEvalKit's command line on `prism run`: its lists, modes, model names, and what has no effect here."""

from __future__ import annotations

import orjson
import pytest

from prism_engine.config import load_registry
from prism_engine.errors import ConfigError
from prism_engine.original.vlmevalkit import is_vlmevalkit, registry_name
from tests.shapes import write_shapes

MODELS = """
models:
  qwen_chat: {backend: scripted, replies: [A, B]}
  idefics_80b_instruct: {backend: scripted, replies: [C, D]}
  judging: {backend: scripted, replies: [A]}
  limited: {backend: api, model: m, base_url: "http://127.0.0.1:9/v1", api_key_env: null}
"""


@pytest.fixture
def kit(prism, tmp_path, monkeypatch):
    """`prism ...` with two benchmarks, MME and POPE, and VLMEvalKit's models as scripted ones."""
    monkeypatch.setenv("LMUData", str(tmp_path / "data"))
    (tmp_path / "data").mkdir()
    for number, name in enumerate(("MMStar", "AI2D_TEST")):
        write_shapes(tmp_path / "data" / f"{name}.tsv", 12, number)
    (tmp_path / "m.yaml").write_text(MODELS)
    return lambda *arguments: prism(*arguments, "--models-file", "m.yaml")


LINE = ("--data", "MMStar", "AI2D_TEST", "--model", "idefics_80b_instruct", "qwen_chat", "--verbose")


def finished(folder):
    return {str(path.parent.relative_to(folder)) for path in folder.rglob("scores.json")}


def test_its_line_with_lists_makes_every_run_and_each_model_answers_from_the_pictures(kit, tmp_path):
    said = kit("run", *LINE)
    assert said.code == 0, said.err
    both = ("idefics_80b_instruct", "qwen_chat")
    assert finished(tmp_path / "results") == {
        f"direct/{data}/{model}" for data in ("MMStar", "AI2D_TEST") for model in both
    }
    assert "--mode direct" in said.err
    assert said.err.count("verbose: ignored") == 1


def test_infer_answers_and_asks_no_judge_and_eval_makes_no_calls(kit, tmp_path):
    line = (*LINE, "--work-dir", "outputs", "--judge", "judging", "--reuse", "--api-nproc=8", "--retry", "3")
    said = kit("run", *line, "--mode", "eval")
    assert (said.code, "48 calls of 4 runs are not in the cache" in said.err) == (2, True), said.err
    said = kit("run", *line, "--mode", "infer")
    assert said.code == 0, said.err
    assert "judge: not asked in --mode infer" in said.err
    assert len(finished(tmp_path / "outputs")) == 4
    assert not list((tmp_path / "outputs").rglob("judged-*"))
    said = kit("run", *line, "--mode", "eval")
    assert said.code == 0, said.err
    assert len(list((tmp_path / "outputs").rglob("judged-judging/scores.json"))) == 4
    for path in (tmp_path / "outputs").rglob("direct/*/*/manifest.json"):
        assert orjson.loads(path.read_bytes())["stages"]["direct"]["calls"] == 0


def test_with_a_reasoner_the_model_describes_and_the_reasoner_answers(kit, tmp_path):
    said = kit("run", "--data", "MMStar", "AI2D_TEST", "--model", "qwen_chat", "-r", "judging", "--mode", "all")
    assert (said.code, "(--mode all)" in said.err) == (0, True), said.err
    assert finished(tmp_path / "results") == {f"generic/{data}/qwen_chat/judging" for data in ("MMStar", "AI2D_TEST")}


def test_threads_are_the_concurrency_of_a_model_behind_an_api(kit):
    said = kit("plan", "--data", "MMStar", "--model", "limited", "--api-nproc", "7", "--mode", "infer")
    assert (said.code, "--concurrency 7" in said.err) == (0, True), said.err
    said = kit("plan", "--data", "MMStar", "--model", "qwen_chat", "--api_nproc", "7")
    assert (said.code, "nproc: ignored" in said.err) == (0, True), said.err


def test_threads_are_left_out_where_one_of_the_models_has_no_limit_to_set(kit):
    said = kit("plan", "--data", "MMStar", "--model", "limited", "qwen_chat", "--api-nproc", "7")
    assert (said.code, "ignored, because qwen_chat is not behind an API" in said.err) == (0, True), said.err


@pytest.mark.parametrize("option", ["reuse", "use-vllm", "keep-failed", "api-mode", "reuse-aux 1", "judge-nproc 2"])
def test_what_has_no_effect_here_is_one_note(kit, option):
    said = kit("plan", "--data", "MMStar", "--model", "qwen_chat", *f"--{option}".split())
    assert said.code == 0, said.err
    assert said.err.count(f"note: {option.split()[0]}: ignored; ") == 1


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--key", "sk-1"), "never from a command line"),
        (("--judge-args", "{}"), "--models-file"),
        (("--base-url", "http://x/v1"), "base_url:"),
        (("--api-nproc", "many"), "positive whole number"),
        (("-p", "scripted"), "--model qwen_chat and --perceiver scripted contradict each other"),
        (("other.tsv",), "contradict"),
        (("--work-dir", "a", "--results-dir", "b"), "--work-dir a and --results-dir b contradict each other"),
        (("--nproc", "4", "--concurrency", "5"), "--nproc 4 and --concurrency 5 contradict each other"),
        (("--infer_model", "judging", "-r", "scripted"), "--infer_model judging and --reasoner scripted contradict"),
        (("--prompt_version", "a", "--instruction", "b"), "--prompt_version a and --instruction b contradict"),
        (("--mode", "inferr"), "inferr"),
    ],
)
def test_contradictions_and_what_cannot_be_translated_are_errors(kit, options, says):
    data = ("--verbose", "--data=MMStar", "--model=qwen_chat", *options)
    said = kit("run", *data)
    assert (said.code, says in said.err) == (2, True), said.err
    assert "sk-1" not in said.err


def test_the_same_said_twice_is_no_contradiction(kit):
    said = kit("plan", "MMStar", "--data", "MMStar", "--model", "qwen_chat", "-p", "qwen_chat", "--reuse")
    assert (said.code, "12 samples" in said.out) == (0, True), said.err


def test_a_line_that_both_tools_have_says_how_it_was_read(kit):
    said = kit("plan", "--data", "MMStar", "--model", "qwen_chat", "--verbose")
    assert "read as the original Prism's command" in said.err
    said = kit("plan", "--data", "MMStar", "--model", "qwen_chat", "--verbose", "--mode", "direct")
    assert (said.code, "--mode direct for that" in said.err) == (0, False), said.err


def test_exact_matching_is_no_judge(kit, tmp_path):
    said = kit("run", *LINE, "--judge", "exact_matching")
    assert (said.code, "exact_matching is what prism does" in said.err) == (0, True), said.err


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("llava_v1.5_7b", "llava_v1.5_7b"),
        ("Qwen2.5-VL-7B-Instruct", "qwen2.5-vl-7b"),
        ("Qwen3-VL-4B-Instruct", "qwen3-vl-4b"),
        ("GPT4V", "GPT4V"),
        ("GPT4o", "gpt-4o"),
        ("GPT4o_MINI", "gpt-4o-mini"),
        ("GPT4o_20241120", "gpt-4o-1120"),
        ("gpt-4.1-2025-04-14", "gpt-4.1"),
        ("SmolVLM", "smolvlm-2b"),
        ("SmolVLM-256M", "smolvlm-256m"),
        ("Gemma3-4B", "gemma-3-4b"),
        ("InternVL3-8B", "internvl3-8b"),
        ("Phi-3.5-Vision", "phi-3.5-vision"),
        ("MiniCPM-V-2", "MiniCPM-V-2"),
        ("org/model", "org/model"),
    ],
)
def test_its_names_are_found_in_the_registry(theirs, ours):
    assert registry_name(theirs, load_registry()) == ours


@pytest.mark.parametrize(
    ("theirs", "hint"),
    [
        ("Qwen2-VL-7B-Instruct", "qwen2.5-vl-7b"),
        ("InternVL-3.8B", "internvl3-8b"),
        ("GPT4o_20240806", "gpt-4o"),
        ("idefics_80b_instruct", "`prism models` lists"),
        ("llava_v1.5_70b", "llava_v1.5_7b"),
    ],
)
def test_a_model_that_is_not_in_the_registry_is_never_another_one(theirs, hint):
    with pytest.raises(ConfigError) as raised:
        registry_name(theirs, load_registry())
    for part in (theirs, hint, "--models-file", "hub id"):
        assert part in str(raised.value)


@pytest.mark.parametrize(
    ("given", "mode", "is_theirs"),
    [
        ({"data": ["A", "B"], "model": "m"}, None, True),
        ({"data": "A", "model": "m"}, "infer", True),
        ({"data": "A", "model": "m"}, "eval", True),
        ({"data": "A", "model": "m", "work-dir": "x"}, "all", True),
        ({"data": "A", "model": "m", "verbose": True}, "all", False),
        ({"data": "A", "model": "m", "infer_model": "r"}, "reasoning", False),
    ],
)
def test_whose_line_it_is_shows_in_what_only_one_of_them_has(given, mode, is_theirs):
    assert is_vlmevalkit(given, mode) is is_theirs
