from __future__ import annotations

from pathlib import Path

import pytest

from prism_engine.config.mapping import load_mapping
from prism_engine.errors import ConfigError
from prism_engine.records import AnswerKind

GOOD = "dataset: org/name\ncolumns: {question: q, image: img}\n"


@pytest.fixture
def load(tmp_path):
    def read(text):
        path = tmp_path / "map.yaml"
        path.write_text(text)
        return load_mapping(path)

    return read


def test_a_mapping_is_checked_into_values(load):
    mapping = load(GOOD + "kind: vqa\nsplit: test\nanswer_is: yes_no\n")
    assert (mapping.places, mapping.kind, mapping.split, mapping.is_files) == (
        ("org/name",), AnswerKind.VQA, "test", False,
    )  # fmt: skip
    assert load(GOOD.replace("org/name", "[a.jsonl, b.parquet]")).is_files


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("dataset: a\ncolumns: {image: i}\n", "columns: 'question' is missing"),
        (GOOD + "splitt: x\n", "unknown key 'splitt' - did you mean 'split'"),
        (GOOD + "answer_is: position\n", "answer_is: 'position' needs `options`"),
        (
            "dataset: a\ncolumns: {question: [a, b], image: i}\n",
            "only `options` and `image` may list more than one field",
        ),
        ("dataset: a\ncolumns: {question: {A: b}, image: i}\n", "only `options` may have letters"),
        (GOOD.replace("org/name", "[a.jsonl, org/name]"), "a list may contain only JSONL, Parquet or JSON"),
        (GOOD + "kind: guess\n", "kind"),
    ],
)
def test_mistakes_are_reported_with_the_file_and_the_fix(load, text, message):
    with pytest.raises(ConfigError) as caught:
        load(text)
    assert "map.yaml" in str(caught.value)
    assert message in str(caught.value)


def test_the_example_that_ships_is_a_mapping():
    mapping = load_mapping(Path(__file__).parents[2] / "configs" / "mapping.yaml")
    assert (mapping.split, mapping.kind, mapping.is_files) == ("test", AnswerKind.CHOICE, False)
