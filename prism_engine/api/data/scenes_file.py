"""Writes PrismScenes, the synthetic benchmark: its TSV and an optional contact sheet to look at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prism_engine.errors import ConfigError
from prism_engine.report import replacing
from prism_engine.scenes import contact_sheet, write_benchmark

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def make_scenes(
    path: Path,
    count: int,
    seed: int,
    *,
    preview: Path | None = None,
    force: bool = False,
    progress: Callable[[], None] | None = None,
) -> None:
    """Write a benchmark of `count` questions (1 or more) to a TSV; the same count and seed give the same bytes.

    Args:
        preview: a PNG contact sheet to write, with the first pictures and their questions.
        force: replace existing files.
        progress: called after every row.

    Raises:
        UserError: a file exists, its folder does not, or it cannot be written.
    """
    _check(path, ".tsv", force=force)
    if preview is not None:
        _check(preview, ".png", force=force)
        with replacing(preview) as draft:
            contact_sheet(count, seed).save(draft, "PNG")
    with replacing(path) as draft, draft.open("w", encoding="utf-8", newline="") as file:
        write_benchmark(file, count, seed, progress)


def _check(path: Path, suffix: str, *, force: bool) -> None:
    """Raise ConfigError if a file with this suffix cannot or must not be written."""
    if path.is_dir():
        raise ConfigError(f"{path}: is a folder; add the file name, such as {path / f'PrismScenes{suffix}'}")
    if path.suffix.lower() != suffix:
        raise ConfigError(f"{path}: the file name must end in {suffix}")
    if not path.parent.is_dir():
        raise ConfigError(f"{path}: there is no folder {path.parent}; create it first")
    if path.exists() and not force:
        raise ConfigError(f"{path}: already exists; choose another name, or replace it with --force")
