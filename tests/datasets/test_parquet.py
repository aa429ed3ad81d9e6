from __future__ import annotations

import polars as pl
import pytest

from prism_engine.datasets.parquet import Parquet
from prism_engine.errors import DatasetError

from .conftest import encode


def test_records_come_in_order_however_large_the_slices(tmp_path, monkeypatch):
    path = tmp_path / "a*[b].parquet"
    images = [{"bytes": encode(shade=number), "path": None} for number in range(300)]
    pl.DataFrame({"id": range(300), "image": images, "tags": [["x", "y"]] * 300}).write_parquet(path, row_group_size=70)
    whole = list(Parquet(path))
    assert whole[299] == {"id": 299, "image": images[299], "tags": ["x", "y"]}
    for size in (1, 2000, 1 << 30):
        monkeypatch.setattr("prism_engine.datasets.parquet._SLICE", size)
        records = Parquet(path)
        assert list(records) == whole
        assert records.bytes_read == records.bytes_total == path.stat().st_size


def test_an_empty_table_has_no_records(tmp_path):
    pl.DataFrame({"id": pl.Series([], dtype=pl.Int64)}).write_parquet(tmp_path / "a.parquet")
    assert list(Parquet(tmp_path / "a.parquet")) == []


def test_a_file_that_is_not_parquet_is_reported(tmp_path):
    path = tmp_path / "a.parquet"
    path.write_bytes(b"PAR1 text")
    with pytest.raises(DatasetError, match=r"a\.parquet: cannot be read as Parquet"):
        list(Parquet(path))
    with pytest.raises(DatasetError, match=r"gone\.parquet: cannot be read"):
        list(Parquet(tmp_path / "gone.parquet"))
