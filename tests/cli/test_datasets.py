"""`prism datasets`."""

from __future__ import annotations

import base64
import json
import re

import pytest
from PIL import Image

from tests.datasets.fetching.file_server import FileServer, serving
from tests.shapes import write_described_shapes, write_shapes


def test_datasets_lists_the_files_of_lmudata(prism, tmp_path, monkeypatch):
    said = prism("datasets", "list").out
    assert "no benchmark files" in said
    assert "MMMU_DEV_VAL" in said
    monkeypatch.setenv("LMUData", str(tmp_path / "data"))
    (tmp_path / "data").mkdir()
    write_shapes(tmp_path / "data" / "MyBench.tsv", 4, 0)
    assert "MyBench" in prism("datasets", "list").out
    assert prism("run", "MyBench", "-p", "scripted", "-r", "scripted").code == 0


def test_datasets_check_says_what_is_in_a_file(prism, tmp_path):
    said = prism("datasets", "check", "shapes.tsv")
    assert said.code == 0
    assert "24" in said.out
    assert "colour" in said.out
    write_described_shapes(tmp_path / "gold.tsv", 24)
    for table, described in (("shapes.tsv", "0"), ("gold.tsv", "24")):
        lines = prism("datasets", "check", table).out.splitlines()
        assert [line.split()[-1] for line in lines if "gold description" in line] == [described]


def test_datasets_check_names_all_errors_and_ends_with_their_code(prism, tmp_path):
    header, rows = (tmp_path / "shapes.tsv").read_text().split("\n", 1)
    wrong = re.sub(r'\t"([ABCD])"\t', '\t"X"\t', rows)
    (tmp_path / "wrong.tsv").write_text(f"{header}\n{wrong}")
    said = prism("datasets", "check", "wrong.tsv", "--limit", "5")
    assert said.code == 2
    assert "error answer not among the options: 24" in said.out
    assert "error no answer among its options: 1" in said.out
    assert "wrong.tsv, row 1 (index 0), column 'answer': is " in said.out
    assert "the options are A, B, C, D" in said.out
    assert said.out.count("the options are") == 5
    assert "and 20 more" in said.out


def test_a_misspelt_column_is_said_by_check_plan_and_run_before_anything_is_called(prism, tmp_path):
    table = (tmp_path / "shapes.tsv").read_text()
    (tmp_path / "typo.tsv").write_text(table.replace("answer", "anwser", 1))
    for command in (("datasets", "check"), ("plan",), ("run",)):
        models = () if command[0] == "datasets" else ("-p", "scripted", "-r", "scripted")
        said = prism(*command, "typo.tsv", *models)
        assert said.code == 2
        assert "did you mean 'anwser'?" in said.out + said.err
        assert "Traceback" not in said.err
    assert not (tmp_path / "results").exists()
    assert prism("run", "typo.tsv", "-p", "scripted", "-r", "scripted", "--answer-kind", "open").code == 0


def test_rows_without_a_picture_are_said_and_a_table_of_text_runs_blind_and_oracle(prism, tmp_path):
    head = "index\tquestion\timage\tA\tB\tanswer\tgold_description\n"
    picture = (tmp_path / "shapes.tsv").read_text().split("\n")[1].split("\t")
    image = max(picture, key=len).strip('"')
    rows = [f"{at}\tWhich?\t{{}}\tred\tblue\tA\tA red circle.\n" for at in range(3)]
    (tmp_path / "some.tsv").write_text(head + rows[0].format(image) + rows[1].format("") + rows[2].format(image))
    for command in ("plan", "run"):
        said = prism(command, "some.tsv", "-p", "scripted", "-r", "scripted")
        assert said.code == 0
        assert "note: some: 1 row has no picture and is left out, of 3" in said.err
    (tmp_path / "text.tsv").write_text(head + "".join(row.format("") for row in rows))
    assert prism("run", "text.tsv", "-r", "scripted", "--mode", "blind", "--mode", "oracle").code == 0
    said = prism("run", "text.tsv", "-p", "scripted", "-r", "scripted")
    assert said.code == 2
    assert "no row has a picture; only --mode blind" in said.err
    assert prism("datasets", "info", "text.tsv").code == 0
    assert prism("datasets", "info", "text.tsv", "--preview", "x.png").code == 2


def test_datasets_info_says_what_is_known_and_what_is_in_it(prism, tmp_path):
    said = prism("datasets", "info", "mmstar")
    assert said.code == 0
    for part in ("1,500", "e1ecd2140806c1b1bbf54b43372efb9e", "prism datasets fetch MMStar"):
        assert part in said.out
    said = prism("datasets", "info", "shapes.tsv", "--preview", "sheet.png")
    for part in ("24", "128 x 128", "choice", "as a model is asked", "Options:", "right answer:", "l2_category"):
        assert part in said.out
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.width > 1000
    assert prism("datasets", "info", "shapes.tsv", "--preview", "sheet.jpg").code == 2
    assert prism("datasets", "info", "nothing").code == 2


@pytest.fixture
def mirror(tmp_path):
    with serving(FileServer((tmp_path / "shapes.tsv").read_bytes())) as server:
        yield server


@pytest.fixture
def without_checksum(monkeypatch):
    from prism_engine.config import benchmarks  # noqa: PLC0415

    known = benchmarks.known_benchmark("RealWorldQA")
    assert known is not None
    spec = known.spec.model_copy(update={"md5": None, "rows": None})
    monkeypatch.setitem(benchmarks._by_name(), "realworldqa", known._replace(spec=spec))


def test_a_benchmark_is_fetched_and_then_runs_by_name(prism, mirror, without_checksum, tmp_path):
    said = prism("run", "RealWorldQA", "-p", "scripted", "-r", "scripted")
    assert said.code == 2
    assert "prism datasets fetch RealWorldQA" in said.err
    said = prism("datasets", "fetch", "realworldqa", "--mirror", mirror.url)
    assert said.code == 0
    assert str(tmp_path / "LMUData" / "RealWorldQA.tsv") in said.out
    assert "was here already" in prism("datasets", "fetch", "RealWorldQA", "--mirror", mirror.url).out
    assert prism("run", "RealWorldQA", "-p", "scripted", "-r", "scripted").code == 0


def test_a_run_fetches_what_is_missing_where_it_is_told_to(prism, mirror, without_checksum, monkeypatch):
    monkeypatch.setenv("PRISM_MIRROR", mirror.url)
    command = ("run", "realworldqa", "-p", "scripted", "-r", "scripted", "--fetch")
    assert [prism(*command).code for _ in range(2)] == [0, 0]
    assert len(mirror.asked) == 1


def test_one_that_cannot_be_fetched_keeps_no_other_from_it(prism, mirror, without_checksum, tmp_path):
    said = prism("datasets", "fetch", "Nothing", "RealWorldQA", "--mirror", mirror.url)
    assert said.code == 2
    assert "unknown benchmark 'Nothing'" in said.err
    assert "1 of 2 cannot be fetched" in said.err
    assert (tmp_path / "LMUData" / "RealWorldQA.tsv").is_file()


def test_the_wrong_file_is_refused_with_its_reason(prism, mirror, monkeypatch):
    monkeypatch.setattr("prism_engine.datasets.fetching.known._urls", lambda *_: [f"{mirror.url}/x"])
    said = prism("datasets", "fetch", "MMStar")
    assert said.code == 2
    assert "instead of e1ecd2140806c1b1bbf54b43372efb9e" in said.err
    assert "--mirror" in said.err


def test_jsonl_and_mapped_data_run_like_a_tsv(prism, tmp_path):
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    picture = base64.b64encode((tmp_path / "a.png").read_bytes()).decode()
    records = [{"q": f"What is {at}?", "img": picture, "c": ["one", "two"], "right": at % 2} for at in range(4)]
    (tmp_path / "data.jsonl").write_text("\n".join(map(json.dumps, records)))
    (tmp_path / "Mine.yaml").write_text(
        "dataset: data.jsonl\nanswer_is: position\ncolumns: {question: q, image: img, options: c, answer: right}\n"
    )
    for name, asked in (("Mine.yaml", 4), ("Plain.jsonl", 1)):
        if name == "Plain.jsonl":
            record = {"question": "?", "image": picture, "options": ["one", "two"], "answer": "A"}
            (tmp_path / name).write_text(json.dumps(record))
        said = prism("run", name, "-p", "scripted", "-r", "scripted")
        assert said.code == 0
        assert str(asked) in said.out
        assert (tmp_path / "results" / "generic" / name.split(".")[0]).is_dir()
