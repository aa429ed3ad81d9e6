from __future__ import annotations

import ast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prism_engine.config.mapping import Mapping
from prism_engine.datasets.fields import FieldError, mapped_row, plain_row, text_of
from prism_engine.datasets.rows import FileName

PICTURE = b"\x89PNG..."


def plain(**record):
    return plain_row(3, {"question": "?", "image": PICTURE, **record})


def mapped(record, **spec):
    return mapped_row(3, {"q": "?", "img": PICTURE, **record}, Mapping.model_validate({"dataset": "d", **spec}))


COLUMNS = {"question": "q", "image": "img"}


def test_fields_that_are_called_as_columns_are_taken_as_they_are():
    row = plain(Index=7, A="x", B=2, answer="A", **{"L2-Category": "l2", "other": {"k": [1]}})
    assert row.cells == {
        "index": "7", "question": "?", "A": "x", "B": "2", "answer": "A", "l2_category": "l2", "other": '{"k": [1]}',
    }  # fmt: skip
    assert (row.number, row.pictures) == (3, (PICTURE,))


def test_a_record_without_an_id_gets_its_position():
    assert plain().index == "2"
    assert plain(id="x").index == "x"


@pytest.mark.parametrize("name", ["options", "choices"])
def test_a_list_of_options_gets_letters_unless_they_are_there_already(name):
    assert {key: plain(**{name: ["u", 2]}).cells.get(key) for key in ("A", "B", name)} == {
        "A": "u", "B": "2", name: None,
    }  # fmt: skip
    assert plain(**{name: ["u", "v"], "A": "w"}).cells["A"] == "w"
    left = plain_row(1, {"question": "?", "image": None, name: ["u", "v"]}, lettered=False)
    assert left.cells[name] == "['u', 'v']"


@pytest.mark.parametrize(
    ("value", "pictures"),
    [
        (None, ()),
        ("", ()),
        ([], ()),
        ("abcd", ("abcd",)),
        ("folder/a.JPG", (FileName("folder/a.JPG"),)),
        *((f"a.{suffix}", (FileName(f"a.{suffix}"),)) for suffix in ("avif", "jp2", "tif", "ico", "PPM", "pgm", "tga")),
        ({"bytes": PICTURE, "path": "a.png"}, (PICTURE,)),
        ({"bytes": None, "path": "a.unusual"}, (FileName("a.unusual"),)),
        ([PICTURE, {"bytes": None, "path": "b"}], (PICTURE, FileName("b"))),
    ],
)
def test_pictures_come_as_bytes_text_or_files(value, pictures):
    row = plain(image=value)
    assert row.pictures == pictures
    assert list(map(type, row.pictures)) == list(map(type, pictures))


def test_image_path_values_are_always_file_names():
    row = plain_row(1, {"question": "?", "image_path": ["a", "b.png"]})
    assert row.pictures == (FileName("a"), FileName("b.png"))
    assert isinstance(row.pictures[0], FileName)
    assert row.cells["image_path"] == "['a', 'b.png']"


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ({"image": "https://example.org/a.png"}, "web address"),
        ({"image": 5}, "int instead of a picture"),
        ({"question": b"x"}, "bytes"),
        ({"options": ["x"] * 27}, "1 to 26 options"),
        ({"index": ""}, "needs a unique id"),
        ({"Question ": "x"}, "differ only in case"),
    ],
)
def test_an_invalid_record_is_refused(record, message):
    with pytest.raises(FieldError, match=message):
        plain(**record)
    with pytest.raises(FieldError, match="no such field"):
        plain_row(1, {"image": PICTURE})


def test_a_mapping_names_fields_inside_of_others_and_keeps_what_it_names():
    columns = COLUMNS | {"index": "meta.id", "category": "meta.source", "weight": "w"}
    row = mapped({"meta": {"id": 9, "source": "s"}, "w": 1.5, "unnamed": "u"}, columns=columns)
    assert row.cells == {"index": "9", "question": "?", "category": "s", "weight": "1.5"}
    assert row.pictures == (PICTURE,)


def test_several_fields_are_several_pictures_and_empty_ones_none():
    row = mapped({"i1": PICTURE, "i2": None, "i3": b"other"}, columns=COLUMNS | {"image": ("i1", "i2", "i3")})
    assert row.pictures == (PICTURE, b"other")


@pytest.mark.parametrize(
    ("options", "record"),
    [
        ("c", {"c": ["red", "blue"]}),
        (("c1", "c2"), {"c1": "red", "c2": "blue"}),
        ({"A": "c1", "B": "c2"}, {"c1": "red", "c2": "blue"}),
    ],
)
@pytest.mark.parametrize(
    ("answer_is", "answer"), [("position", 1), ("position", "1"), ("text", "blue"), ("written", "B")]
)
def test_options_and_the_right_one_are_given_in_several_ways(options, record, answer_is, answer):
    row = mapped(record | {"a": answer}, columns=COLUMNS | {"options": options, "answer": "a"}, answer_is=answer_is)
    assert {name: row.cells[name] for name in ("A", "B", "answer")} == {"A": "red", "B": "blue", "answer": "B"}


@pytest.mark.parametrize(
    "value", ["['red', 'blue']", {"A": "red", "B": "blue"}, {"text": ["red", "blue"], "label": ["1", "2"]}]
)
def test_a_mapping_s_options_may_be_written_or_named(value):
    columns = COLUMNS | {"options": "c", "answer": "a"}
    row = mapped({"c": value, "a": 2}, columns=columns, answer_is="number")
    assert {name: row.cells[name] for name in ("A", "B", "answer")} == {"A": "red", "B": "blue", "answer": "B"}
    with pytest.raises(FieldError, match="cannot be read as a list"):
        mapped({"c": "red or blue", "a": 2}, columns=columns, answer_is="number")


def test_a_mapping_s_words_for_an_empty_value_are_none_and_keep_the_options_places():
    columns = COLUMNS | {"options": ("c1", "c2", "c3"), "answer": "a", "hint": "h"}
    record = {"c1": "nan", "c2": "red", "c3": "blue", "a": 2, "h": "?"}
    row = mapped(record, columns=columns, answer_is="position", empty=["nan", "?"])
    assert {name: row.cells[name] for name in ("A", "C", "answer", "hint")} == {
        "A": "", "C": "blue", "answer": "C", "hint": "",
    }  # fmt: skip
    assert mapped({}, columns=COLUMNS, empty=[None, -1]).pictures == (PICTURE,)


def test_a_mapping_of_text_has_no_pictures():
    assert mapped({}, columns={"question": "q"}).pictures == ()


def test_numbered_pictures_are_read_in_their_order():
    record = {"image_10": b"ten", "image_2": None, "image_1": b"one", "question": "?"}
    row = plain_row(1, record)
    assert row.pictures == (b"one", b"ten")
    assert row.cells == {"index": "0", "question": "?"}


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ({"question": "?", "imgae": "a.png"}, "did you mean 'imgae'"),
        ({"qestion": "?", "image": None}, "did you mean 'qestion'"),
        ({"query": "?", "image": None}, "did you mean 'query'"),
    ],
)
def test_a_misspelt_field_is_named(record, message):
    with pytest.raises(FieldError, match=message):
        plain_row(1, record)


@pytest.mark.parametrize(("value", "answer"), [(True, "Yes"), ("no", "No"), (0, "No"), (None, "")])
def test_true_and_false_become_yes_and_no(value, answer):
    row = mapped({"a": value}, columns=COLUMNS | {"answer": "a"}, answer_is="yes_no")
    assert row.cells["answer"] == answer


@pytest.mark.parametrize(
    ("answer_is", "answer"), [("position", 2), ("position", -1), ("text", "green"), ("yes_no", "maybe")]
)
def test_an_answer_that_does_not_match_is_refused_and_never_guessed(answer_is, answer):
    columns = COLUMNS | {"options": "c", "answer": "a"}
    with pytest.raises(FieldError, match="does not match"):
        mapped({"c": ["red", "blue"], "a": answer}, columns=columns, answer_is=answer_is)


def test_two_options_with_the_same_text_are_no_answer():
    columns = COLUMNS | {"options": "c", "answer": "a"}
    with pytest.raises(FieldError, match="does not match"):
        mapped({"c": ["red", "red"], "a": "red"}, columns=columns, answer_is="text")


def test_a_field_that_is_not_there_is_named_with_those_that_are():
    with pytest.raises(FieldError, match="it has 'q', 'img'"):
        mapped({}, columns=COLUMNS | {"answer": "gone"})


@settings(max_examples=200, deadline=None)
@given(st.lists(st.text() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)))
def test_a_list_comes_back_as_python_reads_it(values):
    assert ast.literal_eval(text_of(values, "answer")) == values


@pytest.mark.parametrize(
    ("value", "text"), [(None, ""), (float("nan"), ""), (True, "true"), (3, "3"), (2.0, "2.0"), ("NA", "NA")]
)
def test_values_become_text(value, text):
    assert text_of(value, "x") == text


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ({"question": {"en": "q"}}, "holds an object instead of a text; name the field inside it in a mapping"),
        ({"question": ["q"]}, "holds a list instead of a text"),
        ({"query_text": "q"}, "the record has no such field; it has 'query_text'"),
        ({"question": "q", "frames": [b"x"]}, "no such field, but 'frames' holds a picture; call it 'image'"),
        ({"question": "q", "pixels": {"bytes": b"x", "path": None}}, "but 'pixels' holds a picture"),
        ({"question": "q", "image": "file:///a.png"}, "is a file:// address; write the file's path"),
        ({"question": "q", "image": "['a.png', b.png]"}, "starts like a list"),
    ],
)
def test_a_field_that_cannot_be_used_is_named_with_the_fix(record, message):
    with pytest.raises(FieldError) as caught:
        plain_row(1, record)
    assert message in str(caught.value)


def test_a_written_list_of_files_is_several_pictures():
    row = plain_row(1, {"question": "q", "image": "['a.png', 'b.jpg']"})
    assert row.pictures == ("a.png", "b.jpg")
    assert all(isinstance(picture, FileName) for picture in row.pictures)
