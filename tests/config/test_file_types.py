"""The tables of file formats, their readers, and the texts that name them."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

from prism_engine.cli.options import BenchmarkArgument, BenchmarksArgument, DescriptionsOption
from prism_engine.config.file_types import BENCHMARK_FILES, MAPPING_FILES, RECORD_FILES, TABLE_FILES, one_of
from prism_engine.datasets import find_benchmark, records_files, sources
from prism_engine.datasets.recorded import RECORD_READERS
from prism_engine.errors import ConfigError, DatasetError


@pytest.mark.parametrize(("names", "text"), [(["a"], "a"), (["a", "b", "a"], "a or b"), (["a", "b", "c"], "a, b or c")])
def test_names_are_joined_as_in_a_sentence(names, text):
    assert one_of(names) == text


def test_every_format_has_a_reader_and_every_reader_a_format():
    assert list(RECORD_READERS) == list(RECORD_FILES)
    assert sorted(sources.READERS) == sorted({*BENCHMARK_FILES, *RECORD_FILES, *MAPPING_FILES})
    assert tuple(records_files.READERS) == TABLE_FILES


def test_messages_and_help_name_every_format(tmp_path):
    with pytest.raises(ConfigError) as caught:
        find_benchmark("NoSuchBenchmark", [tmp_path])
    assert f"a {one_of(BENCHMARK_FILES.values())} file" in str(caught.value)
    for argument in (BenchmarksArgument, BenchmarkArgument):
        (text,) = (mark.help for mark in get_args(argument) if hasattr(mark, "help"))
        assert all(name in text for name in BENCHMARK_FILES.values())
    (text,) = (mark.help for mark in get_args(DescriptionsOption) if hasattr(mark, "help"))
    assert one_of(TABLE_FILES) in text
    (tmp_path / "t.odd").touch()
    with pytest.raises(DatasetError) as unknown:
        list(records_files.read_records(tmp_path / "t.odd"))
    assert ", ".join(TABLE_FILES) in str(unknown.value)


def test_the_readme_names_every_format_of_a_benchmark():
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    assert all(name in readme for name in BENCHMARK_FILES.values())
