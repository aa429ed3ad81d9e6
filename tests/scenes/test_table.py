"""The benchmark file: balanced, without repeats, and read by prism as by VLMEvalKit."""

from __future__ import annotations

import csv
import hashlib
import io
from collections import Counter

import pytest
from PIL import Image

from prism_engine.datasets import open_benchmark
from prism_engine.scenes import FAMILIES, KINDS, description, write_benchmark
from prism_engine.scenes.table import HEADER, rows

COUNT = 192


@pytest.fixture(scope="module")
def text():
    file = io.StringIO(newline="")
    write_benchmark(file, COUNT, 3)
    return file.getvalue()


@pytest.fixture(scope="module")
def table(text):
    return list(csv.DictReader(io.StringIO(text, newline=""), delimiter="\t"))


def test_the_same_seed_and_number_give_the_same_text_and_another_seed_does_not(text):
    for seed, same in ((3, True), (4, False)):
        again = io.StringIO(newline="")
        write_benchmark(again, COUNT, seed)
        assert (again.getvalue() == text) == same


def test_a_shorter_benchmark_is_the_beginning_of_a_longer_one(text):
    short = io.StringIO(newline="")
    write_benchmark(short, 7, 3)
    assert text.startswith(short.getvalue())


def test_no_scene_is_asked_the_same_twice(benchmark_rows):
    asked = {(scene, question.text) for scene, question, _ in benchmark_rows}
    assert len(asked) == len(benchmark_rows)


@pytest.mark.parametrize("count", [1, 5, 94, 1500])
def test_answer_letters_are_balanced_to_within_one(benchmark_rows, count):
    counts = Counter(question.letter for _, question, _ in benchmark_rows[:count])
    assert max(counts.values()) - min(counts[letter] for letter in "ABCD") <= 1


def test_families_take_turns_and_so_do_the_kinds_of_each(benchmark_rows):
    families = Counter(question.kind.family for _, question, _ in benchmark_rows)
    assert families == dict.fromkeys(FAMILIES, len(benchmark_rows) // len(FAMILIES))
    kinds = Counter(question.kind.name for _, question, _ in benchmark_rows)
    for family in FAMILIES:
        counts = [kinds[kind.name] for kind in KINDS if kind.family == family]
        assert max(counts) - min(counts) <= 1


def test_prism_reads_the_file_with_its_gold_descriptions(text, tmp_path):
    (tmp_path / "PrismScenes.tsv").write_text(text, encoding="utf-8", newline="")
    expected = list(rows(COUNT, 3))
    with open_benchmark(tmp_path / "PrismScenes.tsv", tmp_path / "cache") as benchmark:
        samples = list(benchmark)
    assert len(samples) == COUNT
    for sample, (scene, question, picture) in zip(samples, expected, strict=True):
        assert sample.question == question.text
        assert tuple(option.text for option in sample.options) == question.options
        assert sample.answer == question.letter
        assert (sample.category, sample.l2_category) == (question.kind.family, question.kind.name)
        assert sample.gold_description == description(scene)
        with Image.open(sample.images[0].path) as found:
            assert found.convert("RGB").tobytes() == picture.tobytes()


def test_contents_are_a_column_too(table):
    assert tuple(table[0]) == HEADER
    expected = [question.contents for _, question, _ in rows(COUNT, 3)]
    assert [row["contents"] for row in table] == expected


def test_progress_is_called_for_every_row(text):
    calls = []
    write_benchmark(io.StringIO(), 5, 3, progress=lambda: calls.append(1))
    assert len(calls) == 5


def test_seed_0_is_the_benchmark_whose_results_are_published(benchmark_rows):
    digest = hashlib.sha256()
    for scene, question, _ in benchmark_rows[:COUNT]:
        digest.update(repr((scene, question.text, question.options, question.gold)).encode())
    assert digest.hexdigest() == "b039bc616d4e31023910b6eaf2cfb9763e3215b6cddf1b06b5d515d267809136"
