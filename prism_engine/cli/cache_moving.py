"""`prism cache export|import|merge`: copies calls to a file, from a file, or from other caches."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - Typer reads it
from typing import TYPE_CHECKING, Annotated

import typer

from prism_engine.cli.cache_upkeep import ModelOption, Names, store_path, watched
from prism_engine.cli.options import CacheFolder  # noqa: TC001 - Typer reads annotations
from prism_engine.cli.show.console import human_bytes, stdout

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from prism_engine.cache import Transfer


def export(
    file: Annotated[Path, typer.Argument(help="The file to write; it must not exist yet.")],
    *,
    model: ModelOption = None,
    cache_dir: CacheFolder,
) -> None:
    """Write finished calls into one file, to keep, to share, or to import elsewhere.

    The file is SQLite in the cache's own format, a checksum in every row: sqlite3, DuckDB, pandas and others read it,
    and as `calls.sqlite` in a folder of its own it is a cache. Damaged rows are left out and named; the exit code is
    then 1.

        prism cache export calls.sqlite --model qwen2.5-vl-7b
        sqlite3 calls.sqlite "SELECT json_extract(CAST(value AS TEXT), '$.text') FROM completions LIMIT 5"
    """
    from prism_engine import cache  # noqa: PLC0415 - commands import what they use when called

    file = file.expanduser()
    found = _walk(cache.export_rows(store_path(cache_dir), file, tuple(model or ())), "left out")
    size = human_bytes(file.stat().st_size)
    stdout.print(f"{file}: {found.added:,} calls, {size}; {found.bad:,} damaged left out", soft_wrap=True, markup=False)
    if found.bad:
        raise typer.Exit(1)


def import_file(
    file: Annotated[
        Path, typer.Argument(help="A file that `prism cache export` wrote, or another cache's calls.sqlite.")
    ],
    *,
    cache_dir: CacheFolder,
) -> None:
    """Import the calls of an exported file.

    Every row is checked: checksum, key and content. Bad ones are named, set aside and give exit code 1; the others
    are imported. Calls that are here already stay, so importing twice, or after an interruption, is harmless.
    """
    _import([file.expanduser()], cache_dir)


def merge(
    folders: Annotated[
        list[Path], typer.Argument(metavar="FOLDER...", help="Cache folders, for example of other machines.")
    ],
    *,
    cache_dir: CacheFolder,
) -> None:
    """Import the calls of other cache folders, so that two machines' work is in one cache.

    The other folders are only read. If both sides have a call, the usable one stays; of two usable ones, the one that
    is here, since runs have used it; of two failures, the later one. Rows are checked as by `import`.

        prism cache merge /mnt/other-machine/cache
    """
    _import([store_path(folder) for folder in folders], cache_dir)


def _import(sources: Iterable[Path], cache_dir: Path) -> None:
    from prism_engine import cache  # noqa: PLC0415 - see above

    path = store_path(cache_dir)
    bad = 0
    for source in sources:
        found = _walk(cache.import_rows(path, source), "bad row")
        bad += found.bad
        stdout.print(
            f"{source}: {found.checked:,} calls; {found.added:,} new, {found.replaced:,} replacing a failure, "
            f"{found.kept:,} here already, {found.bad:,} bad and set aside",
            soft_wrap=True, markup=False,
        )  # fmt: skip
    if bad:
        raise typer.Exit(1)


def _walk(steps: Iterator[Transfer], label: str) -> Transfer:
    with Names(label) as names:
        for step in watched(steps, _moved):
            names.add(step.named)
    return step


def _moved(state: Transfer) -> str:
    return f"{state.checked:,} of {state.total:,} rows, {state.added + state.replaced:,} imported, {state.bad:,} bad"
