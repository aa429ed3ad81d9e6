"""`prism models` and `prism doctor`: which models a run may use, and whether this machine is ready for one."""

from __future__ import annotations

from typing import Annotated

import typer

from prism_engine.cli.options import CacheFolder, JsonOption, ModelsFileOption  # noqa: TC001 - Typer reads annotations
from prism_engine.cli.show.console import busy, print_json, print_table, stdout
from prism_engine.config import load_registry


def models(*, models_file: ModelsFileOption = None, as_json: JsonOption = False) -> None:
    """List the models that a run may name, and the backend of each.

    To use any other, add it under `models:` in a run file or a `--models-file`, or give a checkpoint's folder.
    """
    rows = [(name, *spec.listing) for name, spec in load_registry(models_file or [])]
    if as_json:
        print_json({"models": [dict(zip(("name", "backend", "model", "endpoint"), row, strict=True)) for row in rows]})
        return
    print_table(("Name", "Backend", "Model", "Endpoint"), rows, words=4)


def doctor(
    *,
    models_file: ModelsFileOption = None,
    cache_dir: CacheFolder,
    offline: Annotated[bool, typer.Option("--offline", help="Contact no endpoint.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Check what this machine has for a run: python, torch, GPU, vLLM, cache, keys, endpoints. Keys are never shown.

    Exit code 1 if something would make a run fail.
    """
    from prism_engine import api  # noqa: PLC0415 - commands import what they use when called

    marks = {"ok": "[green]ok  [/]", "note": "[yellow]note[/]", "bad": "[bold red]bad [/]"}
    registry = load_registry(models_file or [])
    found = []
    checks = api.diagnose(registry, cache_dir, network=not offline)
    while True:
        with busy("checking: importing torch and vLLM takes up to half a minute"):
            check = next(checks, None)
        if check is None:
            break
        found.append(check)
        if not as_json:
            detail = check.detail.replace("[", "\\[")
            stdout.print(f"{marks[check.state]} [bold]{check.name}[/]: {detail}", soft_wrap=True)
    ready = all(check.state != "bad" for check in found)
    if as_json:
        print_json({"ready": ready, "checks": found})
    if not ready:
        raise typer.Exit(1)
