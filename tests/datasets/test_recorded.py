"""JSONL, Parquet and mapped data become samples on the path of a TSV."""

from __future__ import annotations

import hashlib
import json
import os
import tracemalloc
from typing import Any

import polars as pl
import pytest

from prism_engine.datasets import open_benchmark
from prism_engine.errors import DatasetError
from prism_engine.records import AnswerKind, Option

from .conftest import encode, payload


def question(**more):
    return {"question": "?", "image": payload(), **more}


def test_a_jsonl_file_is_a_benchmark(jsonl, cache, tmp_path):
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "a.png").write_bytes(encode(shade=1))
    path = jsonl(
        {"question": "one", "image": payload(2), "options": ["red", "blue"], "answer": "B", "category": "c", "x": 1},
        {"question": "two", "image": "pictures/a.png"},
        {"question": "three", "image": None},
        {"question": "four", "images": ["0", payload(3)]},
        {"question": "five", "image": "data:image/png;base64," + payload(4)},
    )
    with open_benchmark(path, cache) as benchmark:
        one, two, four, five = benchmark
        assert (benchmark.name, benchmark.dropped, benchmark.facts.pictures) == ("Toy", 1, 4)
        assert benchmark.facts.columns == (
            "question", "answer", "category", "x", "A", "B", "index", "image",
        )  # fmt: skip
        assert benchmark.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert (one.options, one.answer, one.category) == ((Option("A", "red"), Option("B", "blue")), "B", "c")
    assert dict(one.extra) == {"x": "1"}
    assert two.images[0].path.read_bytes() == encode(shade=1)
    assert four.images[0] == one.images[0]
    assert (len(four.images), four.index, five.index) == (2, "3", "4")
    assert five.images[0].path.read_bytes() == encode(shade=4)


def test_a_parquet_file_gives_the_same_samples_as_jsonl(jsonl, cache, tmp_path):
    rows: list[dict[str, Any]] = [
        {"index": f"i{at}", "question": f"q{at}", "answer": "yes", "weight": at / 2} for at in range(5)
    ]
    jsonl_path = jsonl(*(row | {"image": payload(at)} for at, row in enumerate(rows)))
    pictures = [{"bytes": encode(shade=at), "path": None} for at in range(5)]
    pl.DataFrame(rows).with_columns(image=pl.Series(pictures)).write_parquet(tmp_path / "Toy.parquet")
    with open_benchmark(jsonl_path, cache) as first, open_benchmark(tmp_path / "Toy.parquet", cache) as second:
        assert list(first) == list(second)
        assert first.kind is AnswerKind.YES_NO


def test_it_is_read_once_and_again_when_it_or_its_data_changes(jsonl, cache, tmp_path):
    data = jsonl({"q": "one", "img": payload()}, name="data")
    path = tmp_path / "map.yaml"
    path.write_text("name: Mine\ndataset: data.jsonl\nkind: anls\ncolumns: {question: q, image: img}\n")

    def read():
        seen: list[object] = []
        with open_benchmark(path, cache, seen.append) as benchmark:
            return [sample.question for sample in benchmark], len(seen), benchmark.sha256

    first = read()
    assert first[:2] == (["one"], 1)
    assert read() == (first[0], 0, first[2])
    jsonl({"q": "two", "img": payload()}, name="data")
    os.utime(data, ns=(5, 5))
    assert read()[:2] == (["two"], 1)
    assert read()[2] != first[2]
    with open_benchmark(path, cache) as benchmark:
        assert (benchmark.name, benchmark.kind, benchmark.sample(0).kind) == ("Mine", AnswerKind.ANLS, AnswerKind.ANLS)


def test_data_that_changes_while_it_is_read_is_refused(jsonl, cache, tmp_path):
    data = jsonl(*({"q": "?", "img": payload(at)} for at in range(20)), name="data")
    path = tmp_path / "map.yaml"
    path.write_text("dataset: data.jsonl\ncolumns: {question: q, image: img}\n")
    with pytest.raises(DatasetError, match=r"data\.jsonl: changed while it was read"):
        open_benchmark(path, cache, lambda _: os.utime(data, ns=(7, 7)))


def test_a_mapping_reads_several_files_in_order_and_pictures_from_its_folder(jsonl, cache, tmp_path):
    (tmp_path / "pics").mkdir()
    for at in range(4):
        (tmp_path / "pics" / f"{at}.png").write_bytes(encode(shade=at))
    for part in range(2):
        jsonl(*({"q": f"{part}{at}", "img": f"{2 * part + at}.png"} for at in range(2)), name=f"part-{part}")
    (tmp_path / "m.yaml").write_text("dataset: part-*.jsonl\nimages: pics\ncolumns: {question: q, image: img}\n")
    with open_benchmark(tmp_path / "m.yaml", cache) as benchmark:
        assert [(sample.index, sample.question) for sample in benchmark] == [
            ("0", "00"), ("1", "01"), ("2", "10"), ("3", "11"),
        ]  # fmt: skip
        assert benchmark.sample(3).images[0].path.read_bytes() == encode(shade=3)


def test_a_hugging_face_dataset_is_a_benchmark_by_its_mapping(cache, tmp_path):
    hf: Any = pytest.importorskip("datasets")
    hf.disable_progress_bars()
    pictures = [{"bytes": encode(shade=at), "path": None} for at in range(4)]
    features = hf.Features(
        {
            "id": hf.Value("int64"), "ask": hf.Value("string"), "picture": hf.Image(),
            "choices": hf.List(hf.Value("string")), "right": hf.Value("int64"), "meta": {"topic": hf.Value("string")},
        }
    )  # fmt: skip
    hf.Dataset.from_dict(
        {
            "id": [10, 11, 12, 13], "ask": ["a", "b", "c", "d"], "picture": [*pictures[:3], None],
            "choices": [["x", "y"]] * 4, "right": [0, 1, 0, 1], "meta": [{"topic": "t"}] * 4,
        },
        features=features,
    ).save_to_disk(tmp_path / "saved")  # fmt: skip
    (tmp_path / "Mine.yaml").write_text(
        "dataset: saved\nanswer_is: position\ncolumns: {index: id, question: ask, image: picture, options: choices, "
        "answer: right, category: meta.topic}\n"
    )
    with open_benchmark(tmp_path / "Mine.yaml", cache) as benchmark:
        assert [(sample.index, sample.answer, sample.category) for sample in benchmark] == [
            ("10", "A", "t"), ("11", "B", "t"), ("12", "A", "t"),
        ]  # fmt: skip
        assert (benchmark.dropped, benchmark.kind) == (1, AnswerKind.CHOICE)
        assert benchmark.sample(1).images[0].path.read_bytes() == encode(shade=1)
        digest = benchmark.sha256
    with open_benchmark(tmp_path / "Mine.yaml", cache) as again:
        assert again.sha256 == digest


@pytest.mark.parametrize(
    ("records", "message"),
    [
        (['{"question": '], "row 1: the line is not valid JSON"),
        ([question(), question(index="0")], r"row 2 \(index 0\), column 'index': row 1 has the same"),
        ([question(image="gone.png")], "names no file"),
        ([question(image="https://x.org/a.png")], "column 'image': is a web address"),
        ([{"image": payload()}], "column 'question': the record has no such field"),
    ],
)
def test_a_bad_record_is_refused_with_its_place(jsonl, cache, records, message):
    with pytest.raises(DatasetError, match=message):
        open_benchmark(jsonl(*records), cache)


def test_captions_of_coco_need_no_question(jsonl, cache):
    path = jsonl({"image": payload(), "answer": ["a cat", "one cat"]}, name="COCO_VAL")
    with open_benchmark(path, cache) as benchmark:
        assert benchmark.sample(0).question.startswith("Say in one short sentence")
        assert benchmark.sample(0).answer == "['a cat', 'one cat']"


def test_the_choices_of_mathvista_stay_for_its_scorer(jsonl, cache):
    record = question(choices=["3", "4"], question_type="multi_choice", answer="4")
    with open_benchmark(jsonl(record, name="MathVista_MINI"), cache) as benchmark:
        sample = benchmark.sample(0)
    assert sample.options == ()
    assert sample.extra["choices"] == "['3', '4']"


RECORDS = [{"question": f"q{at}", "A": "x", "B": "y", "answer": "AB"[at]} for at in range(2)]
LINES = "\n".join(map(json.dumps, RECORDS))


@pytest.mark.parametrize(
    ("suffix", "text"),
    [
        (".json", json.dumps(RECORDS, indent=2)),
        (".json", json.dumps({"data": RECORDS})),
        (".json", json.dumps({str(at): record | {"tags": ["t"]} for at, record in enumerate(RECORDS)})),
        (".json", json.dumps({name: {"0": RECORDS[0][name], "1": RECORDS[1][name]} for name in RECORDS[0]})),
        (".json", LINES),
        (".ndjson", LINES),
    ],
)
def test_json_and_its_lines_are_read_under_any_of_their_names(tmp_path, cache, suffix, text):
    path = tmp_path / f"Toy{suffix}"
    path.write_text(text, encoding="utf-8")
    with open_benchmark(path, cache) as benchmark:
        assert [(sample.question, sample.answer) for sample in benchmark] == [("q0", "A"), ("q1", "B")]


@pytest.mark.parametrize(
    ("text", "message"), [("[[1]]", "row 1: is not an object"), ("3", "must be a list"), ("{", "JSON")]
)
def test_json_that_is_no_table_is_refused(tmp_path, cache, text, message):
    path = tmp_path / "Toy.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DatasetError, match=message):
        open_benchmark(path, cache)


def test_a_comma_after_a_line_of_json_is_named(tmp_path, cache):
    path = tmp_path / "Toy.jsonl"
    path.write_text(LINES.replace("\n", ",\n"), encoding="utf-8")
    with pytest.raises(DatasetError, match="row 1: the line ends in a comma; remove it"):
        open_benchmark(path, cache)


@pytest.mark.slow
def test_a_large_file_is_read_with_flat_memory(tmp_path, cache):
    path = tmp_path / "Large.jsonl"
    with path.open("w", encoding="utf-8") as file:
        for number in range(4000):
            file.write(f'{{"question": "{number} {"x" * 10_000}", "image": "{payload(number)}"}}\n')
    assert path.stat().st_size > 40e6
    tracemalloc.start()
    try:
        with open_benchmark(path, cache) as benchmark:
            assert len(benchmark) == 4000
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 8e6
