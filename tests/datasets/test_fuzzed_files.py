"""Any bytes in a file of any format: rows, or one clear error."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prism_engine.datasets import GivenTable, check_benchmark, open_benchmark, run_notes
from prism_engine.datasets.before_run import require_scorable
from prism_engine.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Callable

NAMES = ["index", "question", "image", "answer", "options", "choices", "A", "B", "a", "b", "option_a", "option_b", "id"]
CELLS = st.sampled_from(
    ["A", "b", "(A)", "AC", "0", "1.0", "nan", "", "['x', 'y']", '{"A": "x", "B": "y"}', "x|y", "\ud800"]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | CELLS | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*NAMES, "text", "label"]), inner),
    max_leaves=6,
)
RECORDS = st.lists(st.dictionaries(st.sampled_from(NAMES), VALUES), max_size=4)
QUESTIONS = st.fixed_dictionaries(
    {"question": st.just("q"), "answer": CELLS, "options": VALUES, "a": CELLS, "b": CELLS}
)
TABLES = st.lists(st.lists(CELLS, min_size=3, max_size=6), min_size=1, max_size=4)
HEADERS = st.lists(st.sampled_from(NAMES), min_size=1, max_size=6)
CODECS = st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"])


def encode(text: str, codec: str) -> bytes:
    return text.encode(codec, "surrogatepass")


def written(records: list[dict[str, object]], codec: str) -> bytes:
    return encode("\r\n".join(json.dumps(record) for record in records), codec)


def joined(header: list[str], rows: list[list[str]], separator: str, codec: str) -> bytes:
    return encode("\n".join(separator.join(cells) for cells in [header, *rows]), codec)


BYTES = (
    st.binary(max_size=120)
    | st.builds(written, RECORDS, CODECS)
    | st.builds(joined, HEADERS, TABLES, st.sampled_from("\t,;|"), CODECS)
    | st.builds(lambda start, rest: start + rest, st.sampled_from([b"PAR1", b"PK\x03\x04", b"sep=;\n"]), st.binary())
)


def refused(path: Path, use: Callable[[], object]) -> None:
    """Use a file; only an error that prism raises on purpose may come out, and it names the file."""
    message = str(path)
    try:
        use()
    except UserError as error:
        message = str(error)
    assert str(path) in message


def used(path: Path, cache: Path) -> None:
    """Do with a benchmark what the commands do."""

    def read() -> None:
        with open_benchmark(path, cache) as benchmark:
            samples = list(benchmark)
            list(run_notes(benchmark, len(samples), None))
            require_scorable(benchmark, len(samples), None)
            for sample in samples:
                (sample.question + (sample.answer or "") + "".join(text for _, text in sample.options)).encode()

    refused(path, lambda: check_benchmark(path, cache))
    refused(path, read)


@pytest.mark.parametrize("ending", [".tsv", ".jsonl", ".parquet"])
@settings(max_examples=60, deadline=None)
@given(data=BYTES)
def test_any_benchmark_file_is_read_or_refused(ending, data):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"any{ending}"
        path.write_bytes(data)
        used(path, Path(folder) / "cache")


@settings(max_examples=60, deadline=None)
@given(st.lists(QUESTIONS, min_size=1, max_size=4))
def test_any_options_and_answers_are_read_or_refused(records):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "any.jsonl"
        path.write_bytes(written(records, "utf-8"))
        used(path, Path(folder) / "cache")


@pytest.mark.parametrize("ending", [".csv", ".tsv", ".jsonl", ".json", ".xlsx", ".parquet"])
@settings(max_examples=50, deadline=None)
@given(data=BYTES | st.builds(lambda value: json.dumps(value).encode(), VALUES))
def test_any_table_of_descriptions_is_read_or_refused(ending, data):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"any{ending}"
        path.write_bytes(data)
        refused(path, lambda: GivenTable(path))


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_a_damaged_parquet_file_is_refused(data):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "any.parquet"
        pl.DataFrame({"question": ["q"] * 3, "answer": ["A"] * 3, "options": [["x", "y"]] * 3}).write_parquet(path)
        whole = bytearray(path.read_bytes())
        for at in data.draw(st.lists(st.integers(0, len(whole) - 1), min_size=1, max_size=8)):
            whole[at] = data.draw(st.integers(0, 255))
        path.write_bytes(bytes(whole))
        used(path, Path(folder) / "cache")
