"""Datasets of the `datasets` package, created here: no hub is contacted."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from prism_engine.config.mapping import Mapping
from prism_engine.datasets.hub import HubDataset
from prism_engine.errors import DatasetError, DependencyError

from .conftest import encode

hf: Any = pytest.importorskip("datasets")


def table(count=3):
    features = hf.Features({"q": hf.Value("string"), "image": hf.Image(), "label": hf.ClassLabel(names=["no", "yes"])})
    pictures = [{"bytes": encode(shade=number), "path": None} for number in range(count)]
    values = {"q": [f"q{number}" for number in range(count)], "image": pictures, "label": [n % 2 for n in range(count)]}
    return hf.Dataset.from_dict(values, features=features)


def opened(folder: Path, **spec: object) -> HubDataset:
    given = {"dataset": "saved", "columns": {"question": "q", "image": "image"}, **spec}
    return HubDataset(folder / "map.yaml", Mapping.model_validate(given))


def records_of(data: HubDataset) -> list[Any]:
    return list(data)


@pytest.fixture(autouse=True)
def quiet(monkeypatch, tmp_path):
    hf.disable_progress_bars()
    monkeypatch.setattr(hf.config, "HF_DATASETS_CACHE", tmp_path / "hf-cache")
    monkeypatch.setattr(hf.config, "HF_DATASETS_OFFLINE", True)


def test_a_saved_dataset_gives_records_with_its_pictures_as_stored_and_labels_as_words(tmp_path):
    table().save_to_disk(tmp_path / "saved")
    records = opened(tmp_path)
    assert [record["label"] for record in records_of(records)] == ["no", "yes", "no"]
    assert [record["image"]["bytes"] for record in records_of(records)] == [encode(shade=number) for number in range(3)]
    assert records.bytes_read >= records.bytes_total > 0
    assert all(Path(file).is_file() for file in records.local_files)


def test_a_folder_of_data_files_is_loaded_too(tmp_path):
    (tmp_path / "saved").mkdir()
    table().to_parquet(tmp_path / "saved" / "test-00000.parquet")
    assert [record["q"] for record in records_of(opened(tmp_path))] == ["q0", "q1", "q2"]


def test_of_several_splits_one_must_be_named(tmp_path):
    hf.DatasetDict({"dev": table(1), "test": table(2)}).save_to_disk(tmp_path / "saved")
    assert len(list(opened(tmp_path, split="test"))) == 2
    for split, message in (
        (None, "has multiple splits; set `split:` to one of dev, test"),
        ("tset", "no split 'tset'"),
    ):
        with pytest.raises(DatasetError, match=message):
            opened(tmp_path, split=split)


def test_a_dataset_that_cannot_be_loaded_is_named(tmp_path):
    (tmp_path / "saved").mkdir()
    with pytest.raises(DatasetError, match=r"map\.yaml: dataset 'saved' cannot be loaded"):
        opened(tmp_path)


def test_without_the_package_the_fix_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(DependencyError, match=r"pip install 'prism-engine\[hf\]'"):
        opened(tmp_path)
