from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prism_engine.datasets.images import ImageStore, PictureError
from prism_engine.datasets.picture_cells import PictureCells, Reference, split_list
from prism_engine.datasets.rows import picture_folders

from .conftest import encode, payload


@settings(max_examples=200, deadline=None)
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=20), min_size=1, max_size=5))
def test_any_list_of_texts_as_python_writes_it_comes_back(texts):
    assert split_list(str(texts)) == tuple(texts)


@pytest.mark.parametrize("cell", ["a.png", "", "[", "[a.png", "a]", "12"])
def test_other_cells_are_one_text(cell):
    assert split_list(cell) == (cell,)


def test_a_trailing_comma_and_double_quotes_are_fine():
    assert split_list("""[ "a" , 'b', ]""") == ("a", "b")


@pytest.mark.parametrize(
    "cell",
    [
        "[]",
        "[ ]",
        "[1, 2]",
        "['a' 'b']",
        "['a', 1]",
        "['a', ['b']]",
        "['a'], ['b']",
        "[b'a']",
        "['a\\ud800']",
        "['a\\xZZ']",
        "[__import__('os').system('touch /tmp/owned')]",
        "[x for x in ().__class__.__base__.__subclasses__()]",
        "[" * 100_000 + "]",
        "[" + "-" * 100_000 + "1]",
        "['a', " + "(" * 100_000 + "]",
        "['" + "\\" * 99_999 + "]",
    ],
)
def test_lists_that_are_not_of_texts_are_refused_and_never_run(cell):
    with pytest.raises(PictureError, match="not a list of quoted texts"):
        split_list(cell)


@pytest.fixture
def read(tmp_path):
    def read_row(column, cell):
        store = ImageStore(tmp_path / "images-kept")
        cells = PictureCells(tmp_path / "Toy.tsv", column, store, picture_folders(tmp_path, "Toy"))
        return cells.stored(cell)

    return read_row


def test_payloads_references_and_lists_of_both_are_distinguished(read):
    first, second = read("image", str([payload(1), "12"]))
    assert first.size == len(encode(shade=1))
    assert second == Reference("12")
    assert read("image", f"['{payload(1)}']") == (first,) == read("image", payload(1))
    assert read("image", "x" * 64) == (Reference("x" * 64),)
    assert read("image", "") == ()


def test_a_payload_just_over_the_length_of_a_reference_is_no_reference(read):
    with pytest.raises(PictureError, match="is not a readable picture"):
        read("image", "x" * 68)


@pytest.mark.parametrize("folder", [".", "images/Toy", "images"])
def test_files_are_found_next_to_the_table_and_in_its_picture_folders(read, tmp_path, folder):
    path = tmp_path / folder / "a b.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encode())
    (found,) = read("image_path", "a b.png")
    assert (found.source, found.size, found.mtime_ns) == (path, len(encode()), path.stat().st_mtime_ns)
    assert len(read("image_path", "['a b.png', 'a b.png']")) == 2


def outside(tmp_path):
    path = tmp_path.parent / f"{tmp_path.name}-private" / "secret.png"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(encode())
    return path


def test_a_picture_outside_the_folder_is_refused_unless_allowed(read, tmp_path, monkeypatch):
    secret = outside(tmp_path)
    (tmp_path / "link.png").symlink_to(secret)
    (tmp_path / "images").symlink_to(secret.parent)
    for name in (str(secret), f"../{secret.parent.name}/secret.png", "link.png", "secret.png", "images/secret.png"):
        with pytest.raises(PictureError, match=rf"outside the benchmark's folder.*PRISM_IMAGES={secret.parent}"):
            read("image_path", name)
    monkeypatch.setenv("PRISM_IMAGES", f"/nowhere:{secret.parent}")
    cells = PictureCells(
        tmp_path / "Toy.tsv", "image_path", ImageStore(tmp_path / "other"), picture_folders(tmp_path, "Toy")
    )
    assert cells.stored(str(secret))


def test_the_folders_of_benchmarks_and_of_a_mapping_are_allowed(tmp_path, monkeypatch):
    secret = outside(tmp_path)
    store = ImageStore(tmp_path / "other")
    assert PictureCells(tmp_path / "Toy.yaml", "image_path", store, [secret.parent]).stored("secret.png")
    monkeypatch.setenv("LMUData", str(tmp_path))
    (tmp_path / "images").symlink_to(secret.parent)  # on another disk
    assert PictureCells(tmp_path / "Toy.tsv", "image_path", store, picture_folders(tmp_path, "Toy")).stored(
        "secret.png"
    )


def test_a_missing_file_names_the_paths_tried(read, tmp_path):
    with pytest.raises(PictureError) as caught:
        read("image_path", "gone.png")
    for folder in (tmp_path, tmp_path / "images" / "Toy", tmp_path / "images"):
        assert str(folder / "gone.png") in str(caught.value)


@pytest.mark.parametrize(
    ("cell", "message"), [("", "has no picture"), ("x" * 5000, "names no file"), ("..", "no file")]
)
def test_a_cell_that_names_no_file_is_refused(read, cell, message):
    with pytest.raises(PictureError, match=message):
        read("image_path", cell)


def test_a_file_that_is_no_picture_is_named(read, tmp_path):
    (tmp_path / "a.png").write_bytes(b"text")
    with pytest.raises(PictureError, match=r"a\.png, which is not a readable picture"):
        read("image_path", "a.png")


def test_a_picture_cell_may_name_a_file_also_with_windows_slashes(read, tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a.png").write_bytes(encode())
    for column, cell in (("image", "sub/a.png"), ("image", "['sub/a.png']"), ("image_path", "sub\\a.png")):
        (found,) = read(column, cell)
        assert found.source is not None
    assert read("image", "7.png") == (Reference("7.png"),)
    with pytest.raises(PictureError, match="names no file"):
        read("image", f"{'long/' * 20}a.png")


@pytest.mark.parametrize("column", ["image", "image_path"])
def test_an_address_is_no_picture(read, column):
    with pytest.raises(PictureError, match="is a web address; prism does not download pictures"):
        read(column, "https://example.org/a.png")
