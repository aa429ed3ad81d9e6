"""A download on the terminal: a bar while it goes on, a line when it is done."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from prism_engine.cli.show.tables import human_bytes, stderr, stdout
from prism_engine.datasets.fetching.known import fetch, missing

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def fetch_shown(name: str, *, mirror: str | None = None, folder: Path | None = None, force: bool = False) -> None:
    """Fetch a known benchmark and say where it is.

    Raises:
        UserError: it cannot be fetched.
    """
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=stderr, transient=True, disable=not stderr.is_terminal) as shown:
        stderr.print(f"fetching {name}")
        task = shown.add_task(name, total=None)
        told = 0

        def tell(done: int, total: int | None) -> None:
            nonlocal told
            shown.update(task, completed=done, total=total)
            tenth = 10 * done // max(total or 1, 1)
            if not stderr.is_terminal and total and tenth != told:
                told = tenth
                stderr.print(f"{name}: {human_bytes(done)} of {human_bytes(total)}")

        try:
            found = fetch(name, mirror=mirror, folder=folder, force=force, progress=tell)
        except KeyboardInterrupt:
            stderr.print("stopped; what has come is kept: the same command goes on")
            raise typer.Exit(130) from None
    came = f"from {found.came}" if found.came else "was here already"
    checked = "checksum right" if found.checked else "no checksum known to compare with"
    size = human_bytes(found.path.stat().st_size)
    stdout.print(f"{found.path}: {size}, {came}; {checked}; SHA-256 {found.sha256}", markup=False, soft_wrap=True)


def fetch_missing(names: Sequence[str]) -> None:
    """Fetch those of these benchmarks that are known and not here."""
    for name in missing(names):
        fetch_shown(name)
