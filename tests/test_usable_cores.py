"""How many cores a process may use: its affinity and the quota of its container."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from prism_engine.usable_cores import usable_cores

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("files", "cores"),
    [
        ({"cpu.max": "100000 100000"}, 1),
        ({"cpu.max": "50000 100000"}, 1),
        ({"cpu.max": "max 100000"}, None),
        ({"cpu.max": "?"}, None),
        ({"cpu/cpu.cfs_quota_us": "150000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 1),
        ({"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, None),
        ({}, None),
    ],
)
def test_a_container_s_quota_counts_as_cores(tmp_path: Path, files: dict[str, str], cores: int | None):
    allowed = len(os.sched_getaffinity(0))
    (tmp_path / "cpu").mkdir()
    for name, content in files.items():
        (tmp_path / name).write_text(content)
    assert usable_cores(tmp_path) == (cores or allowed)
    assert 1 <= usable_cores() <= allowed
