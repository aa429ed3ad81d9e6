"""What `instruction` may be: names, wordings, files, hint writers; and the lookup of hints by row."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prism_engine.api.build.instruction_sources import hints_by_row, instruction_warnings, read_instruction, writer_of
from prism_engine.config import Arm, RunConfig, ScriptedModel, load_registry
from prism_engine.config.arms import ARMS
from prism_engine.datasets import open_benchmark
from prism_engine.errors import ConfigError
from prism_engine.prompts import INSTRUCTIONS
from tests.shapes import write_shapes

CONFIG = RunConfig(benchmark="B", perceiver="p", reasoner="r", models={"r": ScriptedModel()})


@pytest.fixture
def written(tmp_path):
    def written(name, content):
        path = tmp_path / name
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return read_instruction(f"@{path}")

    return written


@pytest.mark.parametrize("name", sorted(INSTRUCTIONS))
def test_a_built_in_instruction_is_called_by_its_name(name):
    found = read_instruction(name)
    assert (found.name, found.text, found.writer, found.listed) == (name, INSTRUCTIONS[name], None, None)


def test_both_names_of_one_wording_are_one_instruction():
    assert read_instruction("human1") == read_instruction("generic")


def test_a_custom_wording_is_named_by_its_digest():
    one, other = read_instruction("Describe the sky."), read_instruction("Describe the sea.")
    assert one.text == "Describe the sky."
    assert one.name != other.name
    assert one.name.startswith("own-")
    assert read_instruction(" Describe the sky.\n") == one


WORD = st.text(min_size=1).filter(lambda text: text.strip() and text[0] not in "@q")


@given(st.lists(WORD, min_size=2))
def test_any_wording_has_a_name_valid_for_a_folder(words):
    assert read_instruction(" ".join(words)).name.removeprefix("own-").isalnum()


def test_a_file_gives_the_wording_and_a_name_that_changes_with_it(written):
    first, second = written("sky.txt", "Describe\nthe sky.\n"), written("sky.txt", "Describe the sea.")
    assert first.text == "Describe\nthe sky."
    assert first.name.startswith("sky-")
    assert first.name != second.name


def test_an_original_checkout_s_hints_are_read_by_row(written):
    found = written("MMStar_gpt-4o.json", {"0": "the sky", "1": "the sea"})
    assert found.listed == {"0": "the sky", "1": "the sea"}
    assert found.text == INSTRUCTIONS["generic"]
    assert found.name.startswith("query-specific_MMStar_gpt-4o-")


def test_a_writer_is_named_behind_query_specific():
    found = read_instruction("query-specific_llama3-70b-chat")
    assert (found.name, found.writer) == ("query-specific_llama3-70b-chat", "llama3-70b-chat")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("genric", "did you mean 'generic'"),
        ("", "unknown instruction"),
        ("query-specific", "name the model that writes"),
        ("query-specific_", "no model is named"),
        ("@nowhere.txt", "cannot be read"),
        ("the \udcff sky", "not UTF-8 text"),
    ],
)
def test_an_invalid_instruction_is_refused_with_the_fix(given, expected):
    with pytest.raises(ConfigError, match=expected):
        read_instruction(given)


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.txt", " \n", "the file is empty"),
        ("a.json", "{", "not JSON"),
        ("a.json", [], "must hold one object"),
        ("a.json", {}, "must hold one object"),
        ("a.json", {"0": "the sky", "1": 5}, "'1': expected a string, got int"),
    ],
)
def test_a_broken_file_is_named_with_what_is_wrong(written, name, content, expected):
    with pytest.raises(ConfigError, match=expected):
        written(name, content)


def test_bytes_that_are_no_text_are_refused(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="not UTF-8 text"):
        read_instruction(f"@{tmp_path / 'a.txt'}")


def test_only_a_run_that_describes_has_a_writer():
    config = CONFIG.model_copy(update={"instruction": "query-specific_w"})
    assert {mode.name for mode in ARMS.values() if writer_of(config.in_mode(mode)) == "w"} == {
        "all", "perception", "reasoning", "prompts"
    }  # fmt: skip
    with pytest.raises(ConfigError, match="query-specific_MODEL"):
        writer_of(CONFIG.in_mode(Arm.PROMPTS))


@pytest.mark.parametrize(
    ("writer", "reasoner", "warned"),
    [("r", "r", False), ("r", "r-2048", False), ("w", "r", True), ("w", None, False)],
)
def test_a_hint_writer_that_is_not_the_reasoner_is_warned_about(writer, reasoner, warned):
    mode = Arm.ALL if reasoner else Arm.PERCEPTION
    config = CONFIG.model_copy(update={"instruction": f"query-specific_{writer}", "reasoner": reasoner, "mode": mode})
    assert bool(instruction_warnings(config, load_registry())) == warned
    assert instruction_warnings(CONFIG, load_registry()) == []


@pytest.fixture
def benchmark(tmp_path):
    """Six rows with the indices 0 to 3, 1000001 and 2000000."""
    write_shapes(tmp_path / "shapes.tsv", 6, 0)
    lines = (tmp_path / "shapes.tsv").read_text().splitlines()
    lines[5] = lines[5].replace('"4"', '"1000001"', 1)
    lines[6] = lines[6].replace('"5"', '"2000000"', 1)
    (tmp_path / "shapes.tsv").write_text("\n".join(lines) + "\n")
    with open_benchmark(tmp_path / "shapes.tsv", tmp_path / "cache") as opened:
        yield opened


def found(benchmark, listed):
    hints = hints_by_row(listed, benchmark, "x")
    return [hints(sample) for sample in benchmark]


def test_hints_are_looked_up_by_index_and_a_rotated_copy_uses_its_core_question_s(benchmark):
    assert found(benchmark, {"0": "a.", "1": "Contents to observe: b", "3": "d"}) == ["a", "b", None, "d", "b", "a"]


def test_hints_are_looked_up_by_position_if_the_keys_are_positions(benchmark):
    listed = {str(at): f"row {at}" for at in range(6)}
    assert found(benchmark, listed) == [f"row {at}" for at in range(6)]


def test_hints_of_another_benchmark_are_refused(benchmark):
    with pytest.raises(ConfigError, match="belongs to another benchmark"):
        found(benchmark, {"345802": "a"})
