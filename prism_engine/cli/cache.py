"""`prism cache`: shows what is stored and why two calls differ; gathers the other cache commands."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from prism_engine.cli.cache_moving import export, import_file, merge
from prism_engine.cli.cache_upkeep import gc, store_path, verify
from prism_engine.cli.options import RESULTS_DIR, CacheFolder, JsonOption, ResultsFolder
from prism_engine.cli.show.console import human_bytes, print_json, print_table, stdout
from prism_engine.control_characters import escaped
from prism_engine.errors import UserError
from prism_engine.stage import label_of, place_of

if TYPE_CHECKING:
    from pathlib import Path

    from prism_engine.cache import Store

cache_app = typer.Typer(
    no_args_is_help=True,
    help="The cache of finished calls: inspect, check, shrink, move or merge it.",
)

KeyArgument = Annotated[str, typer.Argument(help="A call's key, or enough of its first digits.")]


def _store(cache_dir: Path) -> Store:
    from prism_engine.cache import Store  # noqa: PLC0415 - commands import what they use when called

    return Store(store_path(cache_dir), read_only=True)


@cache_app.command()
def stats(*, as_json: JsonOption = False, cache_dir: CacheFolder) -> None:
    """Count what is stored, by stage, model and outcome."""
    from prism_engine import cache  # noqa: PLC0415 - see above

    with _store(cache_dir) as store:
        found = cache.stats(store)
    if as_json:
        print_json(found)
        return
    print_table(
        ("Stage", "Model", "Outcome", "Rows", "Size", "Prompt tokens", "Completion tokens", "Newest"),
        [
            (
                label_of(tally.stage),
                tally.model,
                tally.outcome,
                f"{tally.rows:,}",
                human_bytes(tally.value_bytes),
                f"{tally.prompt_tokens:,}",
                f"{tally.completion_tokens:,}",
                f"{tally.newest:%Y-%m-%d %H:%M}",
            )
            for tally in sorted(found.tallies, key=lambda tally: place_of(tally.stage))
        ],
        words=3,
    )
    aside = f", {found.set_aside:,} damaged rows set aside" if found.set_aside else ""
    stdout.print(f"{found.path}: {found.rows:,} completions, {human_bytes(found.file_bytes)}{aside}", soft_wrap=True)


@cache_app.command()
def show(
    key: Annotated[str | None, typer.Argument(help="A call's key, or enough of its first digits.")] = None,
    *,
    run: Annotated[
        str | None,
        typer.Option(metavar="RUN", help="Show the calls of one sample of this run instead; see `prism runs`."),
    ] = None,
    index: Annotated[str | None, typer.Option(help="The sample's index, as in the benchmark and the results.")] = None,
    cache_dir: CacheFolder,
    results_dir: ResultsFolder = RESULTS_DIR,
) -> None:
    """Print stored calls as JSON: the request as it was keyed, and all its completions.

    [bold]Example:[/] prism cache show --run gpt-4o-mini --index 12; `prism cache explain` takes its keys.
    """
    from prism_engine import cache  # noqa: PLC0415 - see above

    if (key is None) == (run is None) or (run is None) != (index is None):
        raise UserError("give a call's KEY, or else --run RUN with --index INDEX for the calls of one sample")
    if run is not None and index is not None:
        _show_sample(run, index, results_dir)
        return
    assert key is not None
    with _store(cache_dir) as store:
        entry = cache.show(store, key)
    # Not orjson: a reply may hold half a surrogate pair, which it refuses to write.
    typer.echo(json.dumps(asdict(entry), indent=2, default=str))


def _show_sample(run: str, index: str, results_dir: Path) -> None:
    from prism_engine import api  # noqa: PLC0415 - see above
    from prism_engine.cli.runs import enter_folder  # noqa: PLC0415
    from prism_engine.config import load_registry  # noqa: PLC0415

    one = api.find_run_state(results_dir, run)
    enter_folder(one)
    calls = api.sample_calls(one, index, load_registry())
    typer.echo(json.dumps([asdict(call) for call in calls], indent=2, default=str))


@cache_app.command()
def explain(first: KeyArgument, second: KeyArgument, *, cache_dir: CacheFolder) -> None:
    """Show in exactly which components two stored calls differ, and so why one did not serve the other."""
    from prism_engine import cache  # noqa: PLC0415 - see above

    with _store(cache_dir) as store:
        left, right = cache.show(store, first), cache.show(store, second)
    differences = cache.explain(left.record, right.record)
    if not differences:
        stdout.print("the same call")
    for difference in differences:
        sides = (str(side.value if side is cache.ABSENT else side) for side in (difference.left, difference.right))
        line = f"{difference.path}\n  {left.key[:12]}: {next(sides)}\n  {right.key[:12]}: {next(sides)}"
        typer.echo(escaped(line))


cache_app.command()(verify)
cache_app.command()(gc)
cache_app.command()(export)
cache_app.command("import")(import_file)
cache_app.command()(merge)
