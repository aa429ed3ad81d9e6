"""`prism cache verify|gc`: checks the cache, removes calls, and shows progress and bad rows."""

from __future__ import annotations

import re
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Self, TypeVar

import typer

from prism_engine.cli.options import CacheFolder, JsonOption  # noqa: TC001 - Typer reads annotations
from prism_engine.cli.show.console import LOG_SECONDS, human_bytes, print_json, stderr, stdout
from prism_engine.control_characters import escaped
from prism_engine.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from prism_engine.cache import Clearing, Verification

T = TypeVar("T")

ModelOption = Annotated[
    list[str] | None, typer.Option("--model", help="Only this model, named as in `prism cache stats`; may be repeated.")
]
NAMED_ROWS = 20
"""How many bad rows a command names; the set-aside table has them all."""
_HOURS = {"h": 1, "d": 24, "w": 7 * 24}
_BYTES: dict[str, int] = {
    unit.lower(): base**power
    for base, units in ((1000, ("B", "kB", "MB", "GB", "TB")), (1024, ("B", "KiB", "MiB", "GiB", "TiB")))
    for power, unit in enumerate(units)
}


def store_path(cache_dir: Path) -> Path:
    """Return the file with the calls of a cache folder."""
    from prism_engine.api.build.parts import STORE_NAME  # noqa: PLC0415 - commands import what they use when called

    return cache_dir.expanduser() / STORE_NAME


def verify(
    *,
    cache_dir: CacheFolder,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only check; set nothing aside.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Check every row's checksum and the file's structure, and set damaged rows aside.

    A damaged row is never served, checked or not: it is a miss, and the next run that needs it calls the model again.
    Rows set aside stay in the file's table `set_aside` until `prism cache gc` removes them. Runs may continue
    meanwhile. Exit code 1 if something was damaged.
    """
    from prism_engine import cache  # noqa: PLC0415 - see above

    path = store_path(cache_dir)
    found = cache.Verification()
    with Names("corrupt row", shown=not as_json) as names:
        for found in watched(cache.verify(path, dry_run=dry_run), _checked):
            names.add(found.named)
    if as_json:
        print_json({"path": path, **asdict(found), "named": names.first, "sound": found.sound, "dry_run": dry_run})
    else:
        _print_verified(path, found, dry_run=dry_run)
    if not found.sound:
        raise typer.Exit(1)


def _print_verified(path: Path, found: Verification, *, dry_run: bool) -> None:
    for damage in found.damage:
        typer.echo(escaped(f"damaged file: {damage}"))
    stdout.print(f"{path}: {found.checked:,} rows checked, {found.corrupt:,} corrupt", soft_wrap=True, markup=False)
    if found.damage:
        stdout.print(
            "nothing was set aside in a damaged file; move the file to another folder and import its sound rows:\n"
            f"  prism cache merge FOLDER-OF-THE-DAMAGED-FILE --cache-dir {path.parent}",
            soft_wrap=True, markup=False,
        )  # fmt: skip
    elif found.corrupt:
        done = "would be set aside" if dry_run else "set aside; the next run that needs them calls the model again"
        stdout.print(f"{found.corrupt:,} {done}")


def gc(
    *,
    older_than: Annotated[
        str | None, typer.Option(metavar="AGE", help="Remove calls made longer ago than this: 12h, 30d, 8w.")
    ] = None,
    max_size: Annotated[
        str | None, typer.Option(metavar="SIZE", help="Remove the oldest calls until the cache fits: 500MB, 5GB.")
    ] = None,
    model: ModelOption = None,
    compact: Annotated[
        bool,
        typer.Option("--compact", help="Afterwards rewrite the file without holes; no run may make calls meanwhile."),
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only print what would be removed.")] = False,
    as_json: JsonOption = False,
    cache_dir: CacheFolder,
) -> None:
    """Remove finished calls by age, size or model, and give their space back.

    Age counts from when a call was made: when it was last used is not recorded, since every hit would become a write.
    --model narrows the two others; alone, it removes all calls of that model. Runs may continue meanwhile: a removed
    call is a cache miss, and is made again if it is needed. Pictures are left alone: they belong to their benchmarks.

    The file shrinks by what was removed. If that is scattered over the file (one model of several), the file must be
    rewritten, which needs room for two copies and does not wait: while a run makes calls, it is left for a later
    `prism cache gc --compact`.

        prism cache gc --older-than 30d --dry-run
        prism cache gc --max-size 5GB
        prism cache gc --model gpt-4o-mini --older-than 2w
    """
    from prism_engine import cache  # noqa: PLC0415 - see above

    age, size = _age(older_than), _size(max_size)
    if age is None and size is None and not model and not compact:
        raise ConfigError("say what to remove: --older-than 30d, --max-size 5GB or --model NAME (see `--help`)")
    path = store_path(cache_dir)
    found = cache.Clearing()
    if not path.exists():
        if not as_json:
            stdout.print(f"{path}: no cache there, nothing to remove", soft_wrap=True, markup=False)
    elif age is not None or size is not None or model:
        limits = cache.Retention(age, size, tuple(model or ()))
        for step in watched(cache.clear(path, limits, dry_run=dry_run), _cleared):
            found = step
        if not as_json:
            _print_cleared(path, found, dry_run=dry_run)
    compacted = compact and not dry_run and path.exists()
    if compacted:
        with stderr.status("rewriting the file"):
            cache.compact(path)
    file_bytes = path.stat().st_size if path.exists() else 0
    if as_json:
        print_json(
            {"path": path, **asdict(found), "dry_run": dry_run, "compacted": compacted, "file_bytes": file_bytes}
        )
    elif compacted:
        stdout.print(f"{path}: rewritten, {human_bytes(file_bytes)}", soft_wrap=True, markup=False)


def _print_cleared(path: Path, found: Clearing, *, dry_run: bool) -> None:
    aside = f" and {found.set_aside:,} rows set aside as damaged" if found.set_aside else ""
    if dry_run:
        message = f"would remove {found.doomed:,} calls{aside}, about {human_bytes(found.weight)}"
    else:
        sizes = f"{human_bytes(found.bytes_before)} before, {human_bytes(found.bytes_after)} now"
        message = f"removed {found.rows:,} calls{aside}; {sizes}"
        if found.bytes_free:
            unused = human_bytes(found.bytes_free)
            message += f"; about {unused} is unused space: `prism cache gc --compact` frees it when no run is busy"
    stdout.print(f"{path}: {message}", soft_wrap=True, markup=False)


class Names:
    """Prints the names of the first bad rows as they are found, and at the end how many more there were."""

    def __init__(self, label: str, *, shown: bool = True) -> None:
        self._label = label
        self._shown = shown
        self._count = 0
        self.first: list[str] = []
        """The names up to the limit."""

    def add(self, names: tuple[str, ...]) -> None:
        """Print these names, up to the limit."""
        first = names[: max(0, NAMED_ROWS - self._count)]
        self.first += first
        for name in first if self._shown else ():
            typer.echo(escaped(f"{self._label}: {name}"))
        self._count += len(names)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._count > NAMED_ROWS and self._shown:
            typer.echo(f"... and {self._count - NAMED_ROWS:,} more")


def watched(steps: Iterator[T], line: Callable[[T], str]) -> Iterator[T]:
    """Yield the steps of long work, and show its progress: in place on a terminal, every few seconds in a log."""
    shown = time.monotonic()
    with stderr.status("looking") as status:
        for step in steps:
            if stderr.is_terminal:
                status.update(line(step))
            elif time.monotonic() - shown >= LOG_SECONDS:
                shown = time.monotonic()
                stderr.print(line(step), soft_wrap=True)
            yield step


def _checked(state: Verification) -> str:
    return f"{state.checked:,} of {state.total:,} rows checked, {state.corrupt:,} corrupt"


def _cleared(state: Clearing) -> str:
    return f"{state.rows:,} of {state.doomed:,} calls removed"


def _age(text: str | None) -> float | None:
    """Return seconds."""
    if text is None:
        return None
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([hdw])", text.strip())
    if not match:
        raise ConfigError(f"--older-than {text}: give a number with h, d or w (hours, days, weeks), such as 30d")
    return float(match[1]) * _HOURS[match[2]] * 3600


def _size(text: str | None) -> int | None:
    """Return bytes."""
    if text is None:
        return None
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([a-z]+)", text.strip().lower())
    if not match or match[2] not in _BYTES:
        raise ConfigError(f"--max-size {text}: give a number with a unit, such as 500MB or 5GB")
    return round(float(match[1]) * _BYTES[match[2]])
