from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from prism_engine.datasets.images import ImageStore
from prism_engine.datasets.index import building, is_current
from prism_engine.datasets.picture_cells import Reference, StoredPicture
from prism_engine.datasets.rows import Row
from prism_engine.errors import DatasetError, StoreError

if TYPE_CHECKING:
    from pathlib import Path

PICTURE = (StoredPicture("ab" * 32, 9),)


def row(number: int, index: str) -> Row:
    return Row(number, {"index": index, "question": "?"})


def write(final: Path, *rows: tuple[Row, tuple[StoredPicture | Reference, ...]]) -> None:
    with building(final, final.with_name("Toy.tsv")) as writer:
        for line, pictures in rows:
            writer.add(line, pictures)
        writer.resolve()


def test_an_index_that_fails_halfway_leaves_nothing(tmp_path):
    final = tmp_path / "sub" / "x.sqlite"
    with pytest.raises(DatasetError):
        write(final, (row(1, "a"), PICTURE), (row(2, "b"), (Reference("z"),)))
    assert list(final.parent.iterdir()) == []


def test_leftovers_of_a_killed_process_are_deleted_after_a_day(tmp_path):
    old, young = tmp_path / ".x[1].sqlite.77-ab", tmp_path / ".x[1].sqlite.78-cd"
    for path in (old, young):
        path.write_bytes(b"half")
    os.utime(old, (0, 0))
    write(tmp_path / "x[1].sqlite", (row(1, "a"), PICTURE))
    assert {path.name for path in tmp_path.iterdir()} == {"x[1].sqlite", young.name}


def test_a_second_row_with_an_index_names_the_first(tmp_path):
    with pytest.raises(DatasetError) as caught:
        write(tmp_path / "x", (row(1, "a"), PICTURE), (row(5, "a"), PICTURE))
    assert "row 5 (index a), column 'index': row 1 has the same index" in str(caught.value)


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("zz", "column 'image': is neither a picture nor the index of a row with one: 'zz'"),
        ("b", "names index b, but its row 2 refers to another"),
        ("c", "names index c, but its row 3 refers to another"),
    ],
)
def test_a_reference_must_lead_to_a_row_with_a_picture(tmp_path, target, message):
    rows = ((row(1, "a"), PICTURE), (row(2, "b"), (Reference("a"),)), (row(3, "c"), (Reference(target),)))
    with pytest.raises(DatasetError, match="row 3") as caught:
        write(tmp_path / "x", *rows)
    assert message in str(caught.value)


def test_a_cache_that_cannot_be_written_is_a_store_error(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StoreError):
        write(tmp_path / "file" / "x")


@pytest.mark.parametrize("junk", [b"", b"not a database at all" * 100])
def test_a_file_that_is_no_index_is_not_current(tmp_path, junk):
    (tmp_path / "x").write_bytes(junk)
    assert not is_current(tmp_path / "x", tmp_path, tmp_path.stat(), ImageStore(tmp_path))
