from __future__ import annotations

import os
import subprocess
import sys
import tracemalloc
from typing import TYPE_CHECKING

import pytest

from prism_engine.datasets import IngestProgress, open_benchmark
from prism_engine.datasets.images import ImageStore
from prism_engine.errors import DatasetError
from prism_engine.imaging.gone import gone

from .conftest import encode, payload, text_of
from .test_images import bomb

if TYPE_CHECKING:
    from pathlib import Path

    from prism_engine.records import Sample


def opened(path: Path, cache: Path) -> tuple[list[Sample], int]:
    """The samples, and the number of rows read for them."""
    seen: list[IngestProgress] = []
    with open_benchmark(path, cache, seen.append) as benchmark:
        return list(benchmark), len(seen)


def toy(index: str, image: str, **cells: str) -> dict[str, str]:
    return {"index": index, "question": "?", "image": image, **cells}


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([toy("1", "x" * 80 + "!")], "row 1 (index 1), column 'image': is broken base64"),
        ([toy("1", text_of(encode(64)[:-50]))], "row 1 (index 1), column 'image': is a broken picture"),
        ([toy("1", text_of(encode(64, kind="JPEG")[:-200]))], "column 'image': is a broken picture"),
        ([toy("1", payload()), toy("2", text_of(bomb(50_000)))], "row 2 (index 2), column 'image': claims more"),
        ([toy("1", payload()), toy("1", payload())], "row 2 (index 1), column 'index': row 1 has the same"),
        ([toy("1", payload()), toy("2", "9")], "row 2 (index 2), column 'image': is neither"),
        ([toy("1", "2"), toy("2", "3"), toy("3", payload())], "row 1 (index 1), column 'image': names index 2"),
        ([toy("1", f"['{payload()}', '7']")], "is neither a picture nor the index"),
        ([toy("1", "[__import__('os').system('id')]")], "not a list of quoted texts"),
        ([], "has no rows"),
    ],
)
def test_a_bad_table_is_refused_with_its_place_and_leaves_no_index(tables, cache, rows, message):
    path = tables.write(*rows, columns=("index", "question", "image"))
    with pytest.raises(DatasetError) as caught:
        open_benchmark(path, cache)
    assert message in str(caught.value)
    assert str(path) in str(caught.value)
    assert list((cache / "benchmarks").iterdir()) == []


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(DatasetError, match=r"none\.tsv: cannot be opened"):
        open_benchmark(tmp_path / "none.tsv", tmp_path)


def test_references_may_look_ahead_and_share_several_pictures(tables, cache):
    both = f"['{payload(1)}', '{payload(2)}']"
    path = tables.write(toy("1", "3"), toy("2", f"['3', '{payload(4)}']"), toy("3", both))
    (one, two, three), _ = opened(path, cache)
    assert len(three.images) == 2
    assert one.images == three.images
    assert two.images[:2] == three.images
    assert len(two.images) == 3


def test_references_are_resolved_over_many_rows(tables, cache, monkeypatch):
    rows = [toy(str(number), str(number - 1) if number % 2 else payload(number)) for number in range(1200)]
    samples, _ = opened(tables.write(*rows), cache)
    assert all(samples[at].images == samples[at + 1].images for at in range(0, 1200, 2))
    assert len({sample.images for sample in samples}) == 600


def test_a_table_is_read_once_and_again_when_it_changes(tables, cache):
    path = tables.write(toy("1", payload(1)), toy("2", ""))
    first, rows = opened(path, cache)
    assert rows == 2
    assert opened(path, cache) == (first, 0)
    tables.write(toy("1", payload(2)), toy("2", payload(3)), toy("3", "1"))
    changed, rows = opened(path, cache)
    assert (len(changed), rows) == (3, 3)
    os.utime(path, ns=(0, 0))
    assert opened(path, cache)[1] == 3


def test_a_table_is_read_again_when_a_picture_is_gone_from_the_cache(tables, cache):
    path = tables.write(toy("1", payload(1)))
    (sample,), _ = opened(path, cache)
    sample.images[0].path.unlink()
    assert opened(path, cache) == ([sample], 1)
    assert sample.images[0].path.read_bytes() == encode(shade=1)


def test_a_table_is_read_again_by_a_newer_reader_and_after_damage(tables, cache, monkeypatch):
    path = tables.write(toy("1", payload(1)))
    opened(path, cache)
    (index,) = (cache / "benchmarks").iterdir()
    index.write_bytes(b"junk")
    assert opened(path, cache)[1] == 1
    monkeypatch.setattr("prism_engine.datasets.index.READER_VERSION", 99)
    assert opened(path, cache)[1] == 1


def test_a_table_is_read_again_when_a_picture_file_changes(tables, cache):
    picture = tables.folder / "images" / "a.png"
    picture.parent.mkdir()
    picture.write_bytes(encode(shade=1))
    path = tables.write({"index": "1", "question": "?", "image_path": "a.png"})
    (before,), _ = opened(path, cache)
    assert opened(path, cache)[1] == 0
    picture.write_bytes(encode(13))
    (after,), rows = opened(path, cache)
    assert rows == 1
    assert before.images != after.images
    picture.unlink()
    with pytest.raises(DatasetError, match=r"names no file; tried .*a\.png"):
        opened(path, cache)


def test_the_image_column_wins_over_image_path(tables, cache):
    path = tables.write(toy("1", payload(), image_path="gone.png"), toy("2", "", image_path="gone.png"))
    samples, _ = opened(path, cache)
    assert [sample.index for sample in samples] == ["1"]


def test_a_table_that_grows_while_it_is_read_is_refused(tables, cache):
    path = tables.write(*(toy(str(number), payload()) for number in range(9)))

    def grow(_):
        with path.open("ab") as file:
            file.write(b"\n")

    with pytest.raises(DatasetError, match="changed while it was read"):
        open_benchmark(path, cache, grow)


def test_progress_counts_rows_and_ends_at_the_whole_file(tables, cache):
    path = tables.write(toy("1", payload(1)), toy("2", ""), toy("3", payload(2)))
    seen: list[IngestProgress] = []
    open_benchmark(path, cache, seen.append).close()
    size = path.stat().st_size
    assert [step.rows for step in seen] == [1, 2, 3]
    assert seen[-1] == IngestProgress(3, size, size)


def test_an_error_in_the_callback_propagates_and_leaves_nothing(tables, cache):
    def stop(_):
        raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        open_benchmark(tables.write(toy("1", payload())), cache, stop)
    assert list((cache / "benchmarks").iterdir()) == []


READ = """
import sys
from pathlib import Path
from prism_engine.datasets import open_benchmark
with open_benchmark(Path(sys.argv[1]), Path(sys.argv[2])) as benchmark:
    print(len({image.path.read_bytes() for sample in benchmark for image in sample.images}))
"""


KILLED = """
import os, signal, sys
from pathlib import Path
from prism_engine.datasets import open_benchmark
def kill(progress):
    if progress.rows == 20:
        os.kill(os.getpid(), signal.SIGKILL)
open_benchmark(Path(sys.argv[1]), Path(sys.argv[2]), kill)
"""


def test_a_kill_midway_leaves_no_index_and_does_no_harm(tables, cache):
    path = tables.write(*(toy(str(number), payload(number)) for number in range(40)))
    assert subprocess.run([sys.executable, "-c", KILLED, str(path), str(cache)], check=False).returncode == -9
    assert not [index for index in (cache / "benchmarks").iterdir() if not index.name.startswith(".")]
    samples, rows = opened(path, cache)
    assert (len(samples), rows) == (40, 40)


def test_two_processes_may_read_one_table_at_once(tables, cache):
    path = tables.write(*(toy(str(number), payload(number)) for number in range(150)))
    command = [sys.executable, "-c", READ, str(path), str(cache)]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert [process.communicate()[0].strip() for process in both] == ["150", "150"]
    assert len(list((cache / "benchmarks").iterdir())) == 1


@pytest.mark.slow
def test_a_large_table_is_read_with_flat_memory(tables, cache):
    noise = os.urandom(300 * 300 * 3)
    path = tables.folder / "Large.tsv"
    with path.open("w", encoding="utf-8") as file:
        file.write("index\tquestion\timage\n")
        for number in range(170):
            picture = text_of(bmp(noise[number:] + noise[:number]))
            file.write(f"{number}\tWhat is this?\t{picture}\n")
    assert path.stat().st_size > 60e6
    tracemalloc.start()
    try:
        with open_benchmark(path, cache) as benchmark:
            assert sum(1 for _ in benchmark) == 170
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 8e6


def bmp(pixels: bytes) -> bytes:
    header = (54 + len(pixels)).to_bytes(4, "little") + bytes(4) + (54).to_bytes(4, "little")
    info = b"".join(value.to_bytes(4, "little") for value in (40, 300, 300, 1 | 24 << 16, 0, len(pixels), 0, 0, 0, 0))
    return b"BM" + header + info + pixels


@pytest.mark.parametrize(
    ("answers", "read"),
    [
        ("0123", ["A", "B", "C", "D"]),
        ("1234", ["A", "B", "C", "D"]),
        ("1232", ["1", "2", "3", "2"]),
        ("04", ["0", "4"]),
        ("0A9", ["A", "A", "9"]),
    ],
)
def test_answers_that_are_numbers_become_letters_where_the_rows_show_what_they_count_from(tables, cache, answers, read):
    options = {"A": "w", "B": "x", "C": "y", "D": "z"}
    rows = [toy(str(at), payload(at), **options, answer=answer) for at, answer in enumerate(answers)]
    samples, _ = opened(tables.write(*rows), cache)
    assert [sample.answer for sample in samples] == read


def test_a_benchmark_in_another_encoding_and_separator_has_the_same_samples(tables, cache):
    rows = [toy(str(at), payload(at), A="é", B="x", answer="A") for at in range(3)]
    text = tables.write(*rows).read_text(encoding="utf-8")
    expected, _ = opened(tables.raw(text), cache)
    for number, data in enumerate(
        [text.encode("utf-16"), text.replace("\n", "\r\n", 2).encode(), text.replace("\t", ";").encode("utf-8-sig")]
    ):
        samples, _ = opened(tables.raw(data, name=f"Toy{number}"), cache)
        assert samples == expected


def looks(monkeypatch):
    """The pictures that are looked at from now on."""
    looked_at = []
    own = ImageStore.holds

    def holds(store, *row):
        looked_at.append(row)
        return own(store, *row)

    monkeypatch.setattr(ImageStore, "holds", holds)
    return looked_at


def test_opening_it_again_looks_at_a_few_pictures_only(tables, cache, monkeypatch):
    path = tables.write(*(toy(str(number), payload(number)) for number in range(64)))
    opened(path, cache)
    looked_at = looks(monkeypatch)
    samples, rows = opened(path, cache)
    assert (len(samples), rows, len(looked_at)) == (64, 0, 16)


def test_a_picture_found_to_be_gone_makes_the_next_opening_look_at_all(tables, cache):
    path = tables.write(*(toy(str(number), payload(number)) for number in range(64)))
    samples, _ = opened(path, cache)
    (last,) = max(samples, key=lambda sample: sample.images[0].digest).images
    last.path.unlink()
    assert opened(path, cache)[1] == 0  # not noticed yet
    assert gone([last]) is not None
    assert opened(path, cache)[1] == 64
    assert last.path.exists()
    assert opened(path, cache)[1] == 0


def test_a_note_about_another_benchmark_s_picture_costs_one_look(tables, cache, monkeypatch):
    path = tables.write(*(toy(str(number), payload(number)) for number in range(64)))
    opened(path, cache)
    assert gone([ImageStore(cache / "images").image("0" * 64)])
    looked_at = looks(monkeypatch)
    assert opened(path, cache)[1] == 0
    assert len(looked_at) == 64
    assert opened(path, cache)[1] == 0
    assert len(looked_at) == 64 + 16
