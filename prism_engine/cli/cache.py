"""`prism cache`: what is stored, and why two calls differ; its other commands are beside it."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from prism_engine.cli.cache_moving import export, import_file, merge
from prism_engine.cli.cache_upkeep import CacheDirOption, gc, store_path, verify
from prism_engine.cli.output import human_bytes, print_table, stdout

if TYPE_CHECKING:
    from pathlib import Path

    from prism_engine.cache import Store

cache_app = typer.Typer(
    no_args_is_help=True,
    help="The cache of finished calls: look into it, check it, make it smaller, move it, merge it.",
)

KeyArgument = Annotated[str, typer.Argument(help="A call's key, or enough of its first digits.")]


def _store(cache_dir: Path | None) -> Store:
    from prism_engine.cache import Store  # noqa: PLC0415 - `prism --help` is instant

    return Store(store_path(cache_dir), read_only=True)


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
    aside = f", {found.set_aside:,} damaged rows set aside" if found.set_aside else ""
    stdout.print(f"{found.path}: {found.rows:,} completions, {human_bytes(found.file_bytes)}{aside}", soft_wrap=True)


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


cache_app.command()(verify)
cache_app.command()(gc)
cache_app.command()(export)
cache_app.command("import")(import_file)
cache_app.command()(merge)
