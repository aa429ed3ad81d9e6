"""How many cores this process may use."""

from __future__ import annotations

import os
from pathlib import Path


def usable_cores(cgroup: Path = Path("/sys/fs/cgroup")) -> int:
    """Return the number of cores that this process may use: by its affinity and its container's quota."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(cores, _quota(cgroup) or cores))


def _quota(cgroup: Path) -> int | None:
    """Return a container's quota in cores, in either version of cgroups; None if it has none."""
    for files in (("cpu.max",), ("cpu/cpu.cfs_quota_us", "cpu/cpu.cfs_period_us")):
        try:
            quota, period = " ".join((cgroup / file).read_text(encoding="ascii") for file in files).split()
            return max(1, int(quota) // int(period)) if int(quota) > 0 else None
        except (OSError, ValueError, ZeroDivisionError):  # no such files, or no quota ("max")
            continue
    return None
