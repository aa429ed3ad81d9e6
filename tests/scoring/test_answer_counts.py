"""The answer kind if neither the name nor the file settles it."""

from __future__ import annotations

import pytest

from prism_engine.datasets import open_benchmark
from prism_engine.records import AnswerKind, Option, Sample
from prism_engine.scoring import AnswerCounts
from tests.shapes import write_shapes

CAT = (Option("A", "cat"),)


def samples(*answers, options=()):
    return [Sample(index, str(index), (), "?", options=options, answer=text) for index, text in enumerate(answers)]


@pytest.mark.parametrize(("name", "kind"), [("MME", AnswerKind.MME), ("MMBench_DEV_EN", AnswerKind.CIRCULAR)])
def test_a_known_name_decides_whatever_the_rows_are(name, kind):
    assert AnswerCounts.of(samples("12")).kind(name) is kind


@pytest.mark.parametrize(
    ("rows", "kind"),
    [
        (samples("A", "A", options=CAT), AnswerKind.CHOICE),
        ([*samples("12"), *samples("A", options=CAT)], AnswerKind.MMMU),
        (samples("Yes", "No", "yes "), AnswerKind.YES_NO),
        (samples("Yes", None), AnswerKind.YES_NO),
        (samples("Yes", "No", "Maybe"), AnswerKind.OPEN),
        (samples(None), AnswerKind.OPEN),
        ([], AnswerKind.OPEN),
    ],
)
def test_options_and_answers_decide(rows, kind):
    assert AnswerCounts.of(rows).kind("toy") is kind


def test_an_opened_benchmark_and_its_samples_give_the_same_kind(tmp_path):
    path = tmp_path / "mixed.tsv"
    write_shapes(path, 6, 0)
    header, first, *rest = path.read_text().splitlines()
    names, cells = header.split("\t"), first.split("\t")
    open_row = "\t".join("" if name.strip('"') in "ABCD" else cell for name, cell in zip(names, cells, strict=True))
    path.write_text("\n".join([header, open_row, *rest]) + "\n")
    with open_benchmark(path, tmp_path / "cache") as benchmark:
        assert benchmark.kind is AnswerCounts.of(benchmark).kind(benchmark.name) is AnswerKind.MMMU
