import json
from pathlib import Path

import pytest

from prism_engine.errors import ConfigError, DatasetError
from prism_engine.judging.graded_rows import read_rows, read_rubrics
from prism_engine.judging.rubric import Rubric
from prism_engine.records import Image

LEVELS = ["a", "b", "c", "d", "e"]
RUBRIC = Rubric("Is it exact?", ("a", "b", "c", "d", "e"))
ROW = {"instruction": "Say.", "response": "A cat.", "rubric": {"criterion": "Is it exact?", "levels": LEVELS}}
BENCH = {
    "image": "1.png",
    "instruction": "###Task Description: the whole prompt",
    "orig_instruction": "Say.",
    "original_response": "A cat.",
    "orig_reference_answer": "A tabby.",
    "orig_criteria": "Is it exact?",
} | {f"orig_score{grade}_description": level for grade, level in enumerate(LEVELS, start=1)}


def keep(data):
    if data == b"broken":
        raise ValueError("is not a readable picture")
    return Image(data.decode() * 64, Path("x.png"))


def read(tmp_path, *rows, rubrics=None, default_rubric=None):
    path = tmp_path / "rows.jsonl"
    path.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows))
    return read_rows(path, rubrics or {}, default_rubric, keep)


def test_a_row_in_prisms_format_has_its_own_rubric_and_its_line_number_as_id(tmp_path):
    (row,) = read(tmp_path, ROW)
    assert (row.id, row.image, row.instruction, row.response) == ("1", None, "Say.", "A cat.")
    assert (row.rubric, row.reference) == (RUBRIC, None)


def test_perception_benchs_rows_are_read_from_their_own_fields(tmp_path):
    (tmp_path / "1.png").write_bytes(b"1")
    (row,) = read(tmp_path, BENCH)
    assert (row.instruction, row.response, row.reference) == ("Say.", "A cat.", "A tabby.")
    assert (row.rubric, row.image.digest) == (RUBRIC, "1" * 64)


@pytest.mark.parametrize("image", ["{secret}", "../secret/1.png", "link.png"])
def test_a_picture_outside_the_rows_folder_is_refused_unless_it_is_allowed(tmp_path, monkeypatch, image):
    secret = tmp_path / "secret" / "1.png"
    secret.parent.mkdir()
    secret.write_bytes(b"1")
    (tmp_path / "rows").mkdir()
    (tmp_path / "rows" / "link.png").symlink_to(secret)
    row = ROW | {"image": image.format(secret=secret)}
    with pytest.raises(DatasetError, match=rf"rows\.jsonl, row 1.*outside.*PRISM_IMAGES={secret.parent}"):
        read(tmp_path / "rows", row)
    monkeypatch.setenv("PRISM_IMAGES", str(secret.parent))
    assert read(tmp_path / "rows", row)[0].image.digest == "1" * 64


def test_a_picture_whose_name_cannot_be_one_is_named_with_its_row(tmp_path):
    for image in ("\0", "x" * 5_000):
        with pytest.raises(DatasetError, match=r"rows\.jsonl, row 1: image "):
            read(tmp_path, ROW | {"image": image})


def test_a_file_without_rubrics_is_refused(tmp_path):
    (tmp_path / "rubrics.yaml").write_text("rubrics: {}\n")
    with pytest.raises(ConfigError, match=r"rubrics\.yaml: rubrics: has none"):
        read_rubrics(tmp_path / "rubrics.yaml")


def test_a_rubric_may_be_named(tmp_path):
    named = {name: value for name, value in ROW.items() if name != "rubric"}
    rows = read(tmp_path, named | {"rubric": "exact"}, named, rubrics={"exact": RUBRIC}, default_rubric="exact")
    assert [row.rubric for row in rows] == [RUBRIC, RUBRIC]
    with pytest.raises(DatasetError, match=r"rows\.jsonl, row 1: .*did you mean 'exact'"):
        read(tmp_path, named | {"rubric": "exakt"}, rubrics={"exact": RUBRIC})
    with pytest.raises(DatasetError, match="row 1: has no rubric"):
        read(tmp_path, named)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("{", "row 1: is not valid JSON"),
        ("[]", "row 1: row:"),
        ({"instruction": "x"}, "row 1: response: Field required"),
        (ROW | {"rubric": {"criterion": "x", "levels": ["a"]}}, "row 1: rubric"),
        (ROW | {"image": "none.png"}, r"row 1: image .*none\.png cannot be read"),
        (ROW | {"image": "broken.png"}, r"row 1: image .*broken\.png is not a readable picture"),
        ({"orig_instruction": "x"}, "row 1: response"),
    ],
)
def test_a_broken_row_is_named(tmp_path, row, message):
    (tmp_path / "broken.png").write_bytes(b"broken")
    with pytest.raises(DatasetError, match=message):
        read(tmp_path, row)


@pytest.mark.parametrize("content", ["", "\n \n"])
def test_a_file_without_rows_is_an_error(tmp_path, content):
    (tmp_path / "rows.jsonl").write_text(content)
    with pytest.raises(DatasetError, match="has no rows"):
        read_rows(tmp_path / "rows.jsonl", {}, None, keep)


def test_ids_are_unique(tmp_path):
    with pytest.raises(DatasetError, match="another row has this id"):
        read(tmp_path, ROW | {"id": 7}, ROW | {"id": "7"})


def test_rubrics_are_read_by_name_with_levels_as_list_or_mapping(tmp_path):
    path = tmp_path / "rubrics.yaml"
    path.write_text(
        "rubrics:\n  one: {criterion: 'Is it exact?', levels: [a, b, c, d, e]}\n"
        "  two: {criterion: 'Is it exact?', levels: {5: e, 4: d, 3: c, 2: b, 1: a}}\n"
    )
    assert read_rubrics(path) == {"one": RUBRIC, "two": RUBRIC}
    path.write_text("one: {}\n")
    with pytest.raises(ConfigError, match="rubrics"):
        read_rubrics(path)
    path.write_text("rubrics: {one: {criterion: x, levels: [a]}}\n")
    with pytest.raises(ConfigError, match=r"one\.levels"):
        read_rubrics(path)
