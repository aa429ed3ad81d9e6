"""Finished runs for a comparison: scored by one version of prism's rules, if need be by rescoring them first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prism_engine.api.results.rescoring import PREDICTIONS, rescore
from prism_engine.errors import UserError
from prism_engine.report.scores.finished import find_runs, read_runs
from prism_engine.scoring import OUR_PROFILE, OUR_PROFILES, known_profile

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from prism_engine.report.scores.finished import FinishedRun


def comparable_runs(paths: Sequence[Path], profile: str | None = None) -> list[FinishedRun]:
    """Read the runs in these folders.

    Args:
        profile: read every run under this profile: those that were scored by another one are rescored from their
            replies, next to their own files. None reads them as they were scored.

    Raises:
        ConfigError: there is no such profile.
        UserError: as `find_runs`, and if two runs are scored by different versions of prism's rules.
    """
    runs = find_runs(paths)
    if profile is None:
        require_one_version(runs)
        return runs
    return find_runs(paths, rescore_others(runs, profile))


def two_comparable_runs(folders: Iterable[Path], profile: str | None = None) -> list[FinishedRun]:
    """Read these runs, which may have the same setting; otherwise as `comparable_runs`."""
    runs = read_runs(folders)
    if profile is None:
        require_one_version(runs)
        return runs
    profile = rescore_others(runs, profile)
    return read_runs([run.folder for run in runs], profile)


def rescore_others(runs: Iterable[FinishedRun], profile: str) -> str:
    """Rescore the runs that were scored by another profile; return the profile's resolved name."""
    profile = known_profile(profile)
    for run in runs:
        if run.setting.profile != profile:
            rescore(run.folder / PREDICTIONS, [profile])
    return profile


def require_one_version(runs: Iterable[FinishedRun]) -> None:
    """Check that no two runs are scored by different versions of prism's rules.

    Raises:
        UserError: they are; the message names a run of each, and what to do.
    """
    by_version: dict[str, FinishedRun] = {}
    for run in runs:
        if run.setting.profile in OUR_PROFILES:
            by_version.setdefault(run.setting.profile, run)
    if len(by_version) > 1:
        (old, one), (new, other) = sorted(by_version.items())[:2]
        raise UserError(
            f"{one.folder} is scored by {old} and {other.folder} by {new}, so they differ by the rules as well; add "
            f"--rescore {OUR_PROFILE} to score all by the same rules first (no model is called), or name runs of one "
            f"version. `prism score RUN --profile {OUR_PROFILE}` shows what the rules change in a run"
        )
