from __future__ import annotations

from pathlib import Path

import pytest

from prism_engine.datasets.rows import column_name, picture_folders, refuse
from prism_engine.errors import DatasetError


@pytest.mark.parametrize(
    ("name", "normal"),
    [(" Question ", "question"), ("A", "A"), ("a", "a"), ("l2-Category", "l2_category"), ("AB", "ab")],
)
def test_names_of_columns_are_normalised(name, normal):
    assert column_name(name) == normal


@pytest.mark.parametrize(
    ("name", "root"),
    [("MMBench_DEV_EN", "MMBench"), ("MMBench_DEV_EN_V11", "MMBench_V11"), ("COCO_VAL", "COCO"), ("MMStar", "MMStar")],
)
def test_pictures_are_where_vlmevalkit_puts_them(name, root):
    folders = picture_folders(Path("data"), name, f"{name}_local")
    pictures = Path("data/images")
    assert folders[:2] == (Path("data"), pictures / root)
    assert folders[-2:] == (pictures / f"{name}_local", pictures)


def test_a_broken_row_is_refused_unless_a_callback_collects_it(tmp_path):
    error = DatasetError("broken", path=tmp_path)
    with pytest.raises(DatasetError, match="broken"):
        refuse(error)
