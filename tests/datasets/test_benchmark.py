from __future__ import annotations

import hashlib
import random
import tracemalloc

import numpy as np
import orjson
import pytest

from prism_engine.datasets import open_benchmark
from prism_engine.datasets.benchmark import Benchmark
from prism_engine.datasets.images import ImageStore
from prism_engine.datasets.index import BenchmarkFacts, building
from prism_engine.datasets.picture_cells import StoredPicture
from prism_engine.datasets.rows import Row
from prism_engine.errors import DatasetError, StoreError
from prism_engine.records import AnswerKind, Option, PictureFacts
from tests.imaging.shades import encoded

from .conftest import encode, payload, text_of


@pytest.fixture
def toy(tables, cache):
    columns = ("index", "image", "question", "hint", "D", "A", "B", "C", "answer", "category", "l2-category", "split")
    path = tables.write(
        dict(zip(columns, ["x1", payload(1), "Why?", "", "4", "None", "", "007", " A", "b", "l", "dev"], strict=True)),
        dict(zip(columns, ["x2", "", "no picture", *[""] * 9], strict=True)),
        dict(zip(columns, ["x3", payload(2), "", "see", "", "", "", "", "", "a", "", ""], strict=True)),
        dict(zip(columns, ["x4", "x1", "q\nr", *[""] * 6, "b", "", ""], strict=True)),
        columns=columns,
    )
    with open_benchmark(path, cache) as benchmark:
        yield benchmark


def test_a_sample_carries_the_row_as_written(toy):
    sample = toy.sample(0)
    assert (sample.position, sample.index, sample.question, sample.answer) == (0, "x1", "Why?", " A")
    assert sample.options == (Option("A", "None"), Option("C", "007"), Option("D", "4"))
    assert (sample.hint, sample.category, sample.l2_category, sample.split) == (None, "b", "l", "dev")
    assert [image.digest for image in sample.images] == [hashlib.sha256(encode(shade=1)).hexdigest()]
    assert sample.images[0].path.read_bytes() == encode(shade=1)


def test_only_empty_cells_are_absent(toy):
    sample = toy.sample(1)
    assert (sample.question, sample.hint, sample.options, sample.answer) == ("", "see", (), None)


def test_a_benchmark_knows_its_file(toy, tables):
    path = tables.folder / "Toy.tsv"
    assert (toy.name, toy.path, len(toy), toy.dropped) == ("Toy", path, 3, 1)
    assert toy.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert toy.categories == ("b", "a")
    assert (toy.facts.pictures, toy.facts.integer_ids, toy.facts.size) == (2, False, path.stat().st_size)
    assert repr(toy) == "<Benchmark Toy: 3 samples, 2 pictures>"


def test_samples_come_in_any_order_and_as_often_as_asked(toy):
    assert [sample.index for sample in toy.samples([2, 0, 2, 1])] == ["x4", "x1", "x4", "x3"]
    assert [sample.position for sample in toy] == [0, 1, 2]
    assert list(toy.samples([])) == []


@pytest.mark.parametrize("position", [-1, 3])
def test_a_position_outside_is_an_index_error(toy, position):
    with pytest.raises(IndexError, match="Toy has samples 0 to 2"):
        toy.sample(position)


def test_a_sample_is_found_by_its_index(toy):
    assert [toy.position(index) for index in ("x4", "x2", "nobody")] == [2, None, None]


def described(tables, cache, *golds, **more):
    rows = [{"index": f"i{at}", "image": payload(at), "question": "?"} for at in range(len(golds))]
    path = tables.write(*(row | {"Gold_Description": gold} | more for row, gold in zip(rows, golds, strict=True)))
    return open_benchmark(path, cache)


def test_gold_descriptions_are_carried_as_written(tables, cache):
    with described(tables, cache, " a dog\n", "", "a cat") as benchmark:
        assert [sample.gold_description for sample in benchmark] == [" a dog\n", None, "a cat"]


def test_if_gold_descriptions_are_required_the_first_sample_without_one_is_named(tables, cache, toy):
    with described(tables, cache, "a dog", "a cat", " \t\n", "") as benchmark:
        benchmark.require_gold(2)
        with pytest.raises(DatasetError, match=r"Toy\.tsv, row 3 \(index i2\), column 'gold_description': .*write one"):
            benchmark.require_gold(4)
    with pytest.raises(DatasetError, match=r"Toy\.tsv, column 'gold_description': there is no such column.*add it"):
        toy.require_gold(1)


def test_a_closed_benchmark_says_so_and_closes_twice(toy):
    toy.close()
    toy.close()
    with pytest.raises(StoreError, match="closed"):
        toy.sample(0)


def test_names_that_are_hard_for_urls_are_fine(tables, cache):
    path = tables.write({"index": "1", "question": "?", "image": payload()}, name="50% off #1? ä")
    for _ in range(2):
        with open_benchmark(path, cache / "a?b#c%20") as benchmark:
            assert benchmark.name == "50% off #1? ä"
            assert benchmark.sample(0).images[0].path.is_file()


@pytest.mark.slow
def test_a_hundred_thousand_samples_are_visited_in_any_order_with_flat_memory(tmp_path):
    count = 100_000
    with building(tmp_path / "big.sqlite", tmp_path / "big.tsv") as writer:
        for number in range(count):
            cells = {"index": str(number), "question": f"Question {number}? " * 10, "A": "yes", "B": "no"}
            writer.add(Row(number + 1, cells), (StoredPicture(f"{number % 999:064x}", 9),))
        writer.finish(BenchmarkFacts(str(tmp_path / "big.tsv"), 1, 1, "0", ("index",), count, 0, True, 999))
    order = list(range(count))
    random.Random(0).shuffle(order)
    orjson.loads("0")  # it keeps a buffer of 8 MB from its first call on
    tracemalloc.start()
    try:
        with Benchmark(tmp_path / "big.sqlite", ImageStore(tmp_path)) as benchmark:
            assert all(sample.position == at for sample, at in zip(benchmark.samples(order), order, strict=True))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 6e6  # all samples at once are about 100e6


@pytest.mark.parametrize(
    ("name", "cells", "kind"),
    [
        ("Toy", [{"A": "x", "B": "y", "answer": "A"}, {"A": "x", "B": "y"}], AnswerKind.CHOICE),
        ("Toy", [{"A": "x", "B": "y", "answer": "A"}, {"answer": "12"}], AnswerKind.MMMU),
        ("Toy", [{"answer": "Yes"}, {"answer": "no "}, {}], AnswerKind.YES_NO),
        ("Toy", [{"answer": "Yes"}, {"answer": "12"}], AnswerKind.OPEN),
        ("Toy", [{}], AnswerKind.OPEN),
        ("TextVQA_VAL", [{"answer": "Yes"}], AnswerKind.VQA),
        ("TextVQA_VAL_local", [{"answer": "Yes"}], AnswerKind.VQA),
    ],
)
def test_name_or_rows_say_what_a_right_answer_is(tables, cache, name, cells, kind):
    columns = ("index", "image", "question", "A", "B", "answer")
    rows = ({"index": str(at), "image": payload(at), "question": "?", **row} for at, row in enumerate(cells))
    with open_benchmark(tables.write(*rows, name=name, columns=columns), cache) as benchmark:
        assert benchmark.kind is kind
        assert {sample.kind for sample in benchmark} == {kind}
        assert benchmark.name == name.removesuffix("_local")


def test_options_inside_the_question_become_those_of_the_sample(tables, cache):
    inline = {"index": "1", "image": payload(), "question": "Which?\nOptions: A: red, B: blue", "answer": "A"}
    columns = {"index": "2", "image": payload(), "question": "Which?", "A": "red", "B": "blue", "answer": "A"}
    both = []
    for name, row in (("MMStar_one", inline), ("MMStar_two", columns)):
        with open_benchmark(tables.write(row, name=name), cache) as benchmark:
            both.append(benchmark.sample(0))
    assert both[0].question == both[1].question == "Which?"
    assert both[0].options == both[1].options == (Option("A", "red"), Option("B", "blue"))


def test_pictures_that_vlmevalkit_wrote_out_are_found(tables, cache):
    folder = tables.folder / "images" / "MMBench_V11"
    folder.mkdir(parents=True)
    (folder / "7.jpg").write_bytes(encode(shade=3, kind="JPEG"))
    row = {"index": "7", "question": "?", "image_path": "7.jpg", "A": "x", "B": "y", "answer": "A"}
    path = tables.write(row, name="MMBench_DEV_EN_V11_local")
    with open_benchmark(path, cache) as benchmark:
        assert benchmark.sample(0).images[0].path.read_bytes() == encode(shade=3, kind="JPEG")
        assert (benchmark.name, benchmark.kind) == ("MMBench_DEV_EN_V11", AnswerKind.CIRCULAR)


def test_a_file_without_questions_gets_the_catalogue_s(tables, cache):
    with open_benchmark(tables.write({"index": "1", "image": payload()}, name="COCO_VAL"), cache) as benchmark:
        assert benchmark.sample(0).question.startswith("Say in one short sentence")
        assert benchmark.facts.columns == ("index", "image")


def test_values_and_pictures_are_counted(toy):
    assert toy.counts("category") == {"b": 2, "a": 1}
    assert toy.counts("split") == {"dev": 1}
    assert len(toy.pictures(9)) == 2
    assert len(toy.pictures(1)) == 1


def test_samples_know_what_decides_on_the_conversion_of_their_pictures(toy, tables, cache):
    first, _, again = toy
    assert first.images[0].facts == PictureFacts("PNG", "RGB", 12, 12, len(encode(shade=1)))
    assert again.images[0].facts == first.images[0].facts, "a reference to another row's picture"
    deep = text_of(encoded(np.full((5, 7), 999, dtype=np.uint16), "TIFF"))
    row = {"index": "1", "question": "?", "image": f"['{deep}', '{payload(1)}']"}
    with open_benchmark(tables.write(row, name="Deep"), cache) as benchmark:
        facts = [image.facts for image in benchmark.sample(0).images]
    assert [each and (each.format, each.mode, each.clips) for each in facts] == [
        ("TIFF", "I;16", True),
        ("PNG", "RGB", False),
    ]
