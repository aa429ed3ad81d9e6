"""`prism models` and `prism doctor`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from prism_engine.cli.show.tables import print_table, stdout
from prism_engine.config import ApiModel, ScriptedModel, VllmModel, load_registry
from prism_engine.config.run_config import default_cache_dir

ModelsFileOption = Annotated[
    list[Path] | None, typer.Option("--models-file", help="More models (YAML); may be repeated.")
]
CacheDirOption = Annotated[Path | None, typer.Option(help="The cache's folder.  \\[default: as for `prism run`]")]


def models(*, models_file: ModelsFileOption = None) -> None:
    """List the models that a run may name, and what stands behind each.

    Any other: add it under `models:` in a run file or a `--models-file`, or give a checkpoint's folder.
    """
    rows = []
    for name, spec in load_registry(models_file or []):
        match spec:
            case VllmModel():
                rows.append((name, "vLLM in process", spec.model, ""))
            case ApiModel(server=None):
                rows.append((name, "API", spec.model, f"{spec.base_url} ({spec.api_key_env or 'no key'})"))
            case ApiModel():
                rows.append((name, "local vLLM server", spec.server.model if spec.server else "", ""))
            case ScriptedModel():
                rows.append((name, "scripted", "", ""))
    print_table(("Name", "Backend", "Model", "Endpoint"), rows, words=4)


def doctor(
    *,
    models_file: ModelsFileOption = None,
    cache_dir: CacheDirOption = None,
    offline: Annotated[bool, typer.Option("--offline", help="Ask no endpoint.")] = False,
) -> None:
    """Check what this machine has for a run: python, torch, GPU, vLLM, cache, keys, endpoints. Keys are never shown.

    Exit code 1 where something would make a run fail.
    """
    from prism_engine import api  # noqa: PLC0415 - `prism --help` is instant

    marks = {"ok": "[green]ok  [/]", "note": "[yellow]note[/]", "bad": "[bold red]bad [/]"}
    bad = 0
    registry = load_registry(models_file or [])
    for check in api.diagnose(registry, cache_dir or default_cache_dir(), network=not offline):
        bad += check.state == "bad"
        detail = check.detail.replace("[", "\\[")
        stdout.print(f"{marks[check.state]} [bold]{check.name}[/]: {detail}", soft_wrap=True)
    if bad:
        raise typer.Exit(1)
