"""`prism models`, `prism datasets` and `prism doctor`."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import Annotated, Literal

import typer

from prism_engine.cli.output import human_bytes, print_table, stderr, stdout
from prism_engine.config import ApiModel, ScriptedModel, VllmModel, load_registry
from prism_engine.config.run import default_cache_dir

datasets_app = typer.Typer(
    no_args_is_help=True, help="Benchmark files: what is here, whether it is sound, or make one."
)

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


@datasets_app.command("list")
def list_datasets() -> None:
    """List the benchmark files in $LMUData and ~/LMUData."""
    from prism_engine.datasets import data_roots, list_benchmarks  # noqa: PLC0415 - `prism --help` is instant

    roots = data_roots(os.environ)
    found = list_benchmarks(roots)
    if not found:
        stdout.print(f"no benchmark files in {' or '.join(map(str, roots))}; `prism run` also takes the path of a TSV")
        return
    print_table(("Name", "File", "Size"), [(one.name, str(one.path), human_bytes(one.size)) for one in found], words=2)


@datasets_app.command("check")
def check_dataset(
    benchmark: Annotated[str, typer.Argument(help="A TSV's path, or its name in $LMUData or ~/LMUData.")],
    *,
    cache_dir: CacheDirOption = None,
) -> None:
    """Read a benchmark as a run would, decode every picture, and say what is in it; a broken row is an error."""
    from prism_engine.cli.display import ingesting  # noqa: PLC0415 - `prism --help` is instant
    from prism_engine.datasets import data_roots, find_benchmark, open_benchmark  # noqa: PLC0415

    path = find_benchmark(benchmark, data_roots(os.environ))
    with open_benchmark(path, cache_dir or default_cache_dir(), progress=ingesting()) as found:
        options = scorable = described = 0
        odd = None
        for sample in found:
            letters = [option.letter for option in sample.options]
            options += bool(letters)
            scorable += sample.answer in letters
            described += sample.gold_description is not None
            if odd is None and letters and sample.answer and sample.answer not in letters:
                odd = f"index {sample.index}: the answer is {sample.answer!r}, the options are {', '.join(letters)}"
        rows = [
            ("file", str(found.path)),
            ("SHA-256", found.sha256),
            ("samples", f"{len(found):,}"),
            ("rows without a picture, left out", f"{found.dropped:,}"),
            ("with options", f"{options:,}"),
            ("with an answer among their options", f"{scorable:,}"),
            ("with a gold description, for mode oracle", f"{described:,}"),
            ("categories", ", ".join(found.categories) or "none"),
        ]
    print_table((found.name, ""), rows, words=2)
    if odd:
        stdout.print(f"some answers are no option's letter, and such samples are not scored; {odd}", soft_wrap=True)


@datasets_app.command("make")
def make_dataset(
    benchmark: Annotated[  # noqa: ARG001 - there is one so far
        Literal["scenes"], typer.Argument(help="What to make: scenes (PrismScenes).")
    ],
    *,
    count: Annotated[int, typer.Option("--n", "-n", min=1, help="Questions, each about a picture of its own.")] = 1500,
    seed: Annotated[int, typer.Option(help="Another seed draws another benchmark.")] = 0,
    out: Annotated[Path, typer.Option(metavar="FILE.tsv", help="Where it goes.")] = Path("PrismScenes.tsv"),
    preview: Annotated[
        Path | None, typer.Option(metavar="FILE.png", help="Also draw its first 24 pictures with their questions here.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace files that are there already.")] = False,
) -> None:
    """Make a benchmark whose every answer is known, since pictures and questions are drawn from a seed.

    PrismScenes shows up to five coloured shapes, some with a digit or letter, in a 3x3 grid. It asks 16 kinds of
    four-option questions in six families, from perception to logic and sums; guessing gets about 25 %. The TSV also
    has a gold description of each picture, so that all modes of `prism run` can be compared on it. The same seed and
    number of questions give the same file.

    [bold]Example:[/] prism datasets make scenes --n 300 --preview scenes.png
    """
    from rich.progress import Progress  # noqa: PLC0415 - `prism --help` is instant

    from prism_engine.api.scenes import make_scenes  # noqa: PLC0415

    with Progress(console=stderr, transient=True, disable=not stderr.is_terminal) as shown:
        task = shown.add_task("drawing scenes", total=count)
        make_scenes(out, count, seed, preview=preview, force=force, progress=lambda: shown.advance(task))
    stdout.print(f"{out}: {count:,} questions", markup=False, soft_wrap=True)
    if preview is not None:
        stdout.print(f"{preview}: its first pictures", markup=False, soft_wrap=True)
    modes = "--mode direct --mode all --mode oracle"
    stdout.print(
        f"next: prism run {shlex.quote(str(out))} -p nano-captioner -r nano-reasoner {modes}\n"
        "(both come with prism; `prism models` names others)",
        markup=False, soft_wrap=True,
    )  # fmt: skip


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
