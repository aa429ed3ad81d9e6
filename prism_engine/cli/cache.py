"""`prism cache`: what is stored, why two calls differ, whether it is sound."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from prism_engine.cli.output import human_bytes, print_table, stderr, stdout
from prism_engine.config.run import default_cache_dir

if TYPE_CHECKING:
    from prism_engine.cache import Store

cache_app = typer.Typer(no_args_is_help=True, help="Look into the cache of finished calls.")

CacheDirOption = Annotated[Path | None, typer.Option(help="The cache's folder.  \\[default: as for `prism run`]")]
KeyArgument = Annotated[str, typer.Argument(help="A call's key, or enough of its first digits.")]


def _store(cache_dir: Path | None) -> Store:
    from prism_engine.api.parts import STORE_NAME  # noqa: PLC0415 - `prism --help` is instant
    from prism_engine.cache import Store  # noqa: PLC0415

    return Store((cache_dir or default_cache_dir()).expanduser() / STORE_NAME, read_only=True)


@cache_app.command()
def stats(*, cache_dir: CacheDirOption = None) -> None:
    """Count what is stored, by stage, model and outcome."""
    from prism_engine import cache  # noqa: PLC0415

    with _store(cache_dir) as store:
        found = cache.stats(store)
    print_table(
        ("Stage", "Model", "Outcome", "Rows", "Size", "Prompt tokens", "Completion tokens", "Newest"),
        [
            (
                tally.stage,
                tally.model,
                tally.outcome,
                f"{tally.rows:,}",
                human_bytes(tally.value_bytes),
                f"{tally.prompt_tokens:,}",
                f"{tally.completion_tokens:,}",
                f"{tally.newest:%Y-%m-%d %H:%M}",
            )
            for tally in found.tallies
        ],
        words=3,
    )
    stdout.print(f"{found.path}: {found.rows:,} completions, {human_bytes(found.file_bytes)}", soft_wrap=True)


@cache_app.command()
def show(key: KeyArgument, *, cache_dir: CacheDirOption = None) -> None:
    """Print one stored call as JSON: its request as it was keyed, and every completion of it."""
    from prism_engine import cache  # noqa: PLC0415

    with _store(cache_dir) as store:
        entry = cache.show(store, key)
    # Not orjson: a reply may hold half a surrogate pair, which it refuses to write.
    typer.echo(json.dumps(asdict(entry), indent=2, default=str))


@cache_app.command()
def explain(first: KeyArgument, second: KeyArgument, *, cache_dir: CacheDirOption = None) -> None:
    """Say exactly in which components two stored calls differ, and so why one did not serve the other."""
    from prism_engine import cache  # noqa: PLC0415

    with _store(cache_dir) as store:
        left, right = cache.show(store, first), cache.show(store, second)
    differences = cache.explain(left.record, right.record)
    if not differences:
        stdout.print("the same call")
    for difference in differences:
        sides = (str(side.value if side is cache.ABSENT else side) for side in (difference.left, difference.right))
        typer.echo(f"{difference.path}\n  {left.key[:12]}: {next(sides)}\n  {right.key[:12]}: {next(sides)}")


@cache_app.command()
def verify(*, cache_dir: CacheDirOption = None) -> None:
    """Check every row's checksum and the file's structure. Exit code 1 where something is corrupt."""
    from prism_engine import cache  # noqa: PLC0415

    verification = cache.Verification()
    with _store(cache_dir) as store:
        for verification in cache.verify(store):
            if stderr.is_terminal:
                stderr.print(f"{verification.checked:,} of {verification.total:,} rows", end="\r")
    for key in verification.corrupt:
        typer.echo(f"corrupt row: {key}")
    for damage in verification.damage:
        typer.echo(f"damaged file: {damage}")
    stdout.print(f"{verification.checked:,} rows checked, {len(verification.corrupt):,} corrupt")
    if not verification.sound:
        stdout.print("a corrupt row is never served: the next run that needs it calls the model again")
        raise typer.Exit(1)
