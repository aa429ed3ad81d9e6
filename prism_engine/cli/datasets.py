"""`prism datasets list|info|check`: lists benchmarks, shows what is in one, finds its errors."""

from __future__ import annotations

import os
from pathlib import Path  # noqa: TC003 - Typer reads it
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from prism_engine.cli.datasets_getting import fetch_datasets, make_dataset, subset
from prism_engine.cli.options import BenchmarkArgument, CacheFolder, JsonOption  # noqa: TC001 - Typer reads annotations
from prism_engine.cli.show.console import human_bytes, print_json, print_table, silenced, stdout
from prism_engine.errors import ConfigError

if TYPE_CHECKING:
    from prism_engine.config.benchmarks import CatalogueEntry
    from prism_engine.datasets import Benchmark, Checkup

datasets_app = typer.Typer(no_args_is_help=True, help="Benchmarks: list, inspect, check, download or make them.")

SHOWN_CATEGORIES = 24
_GROUPS: tuple[tuple[str, Literal["category", "l2_category", "split"]], ...] = (
    ("categories", "category"),
    ("l2-categories", "l2_category"),
    ("splits", "split"),
)


@datasets_app.command("list")
def list_datasets(*, as_json: JsonOption = False) -> None:
    """List the benchmark files in $LMUData and ~/LMUData, and all benchmarks that prism knows by name."""
    from prism_engine.config.benchmarks import answer_kind, known_benchmarks  # noqa: PLC0415 - commands import what they use when called
    from prism_engine.datasets import data_roots, list_benchmarks  # noqa: PLC0415

    roots = data_roots(os.environ)
    found = list_benchmarks(roots)
    if as_json:
        print_json(
            {
                "here": [
                    {"name": one.name, "kind": answer_kind(one.name), "file": one.path, "bytes": one.size}
                    for one in found
                ],
                "known": [
                    {"name": name, "kind": spec.kind, "rows": spec.rows, "measures": spec.measures}
                    for name, spec in known_benchmarks()
                ],
            }
        )
        return
    if found:
        rows = [(one.name, answer_kind(one.name) or "", str(one.path), human_bytes(one.size)) for one in found]
        print_table(("Here", "Kind", "File", "Size"), rows, words=3)
    else:
        stdout.print(f"no benchmark files in {' or '.join(map(str, roots))}; `prism run` also takes a file's path")
    here = {one.name for one in found}
    known = [
        (name, spec.kind, f"{spec.rows:,}" if spec.rows else "", "here" if name in here else "", spec.measures)
        for name, spec in known_benchmarks()
    ]
    stdout.print()
    print_table(("Known", "Kind", "Rows", "", "Measures"), known, words=5)
    stdout.print("\nget one: prism datasets fetch NAME; more about it: prism datasets info NAME")


@datasets_app.command("info")
def describe_dataset(
    benchmark: BenchmarkArgument,
    *,
    preview: Annotated[
        Path | None, typer.Option(metavar="FILE.png", help="Also draw 24 of its pictures with their questions here.")
    ] = None,
    as_json: JsonOption = False,
    cache_dir: CacheFolder,
) -> None:
    """Show what is known about a benchmark and, if its file is here, its contents and one question as models get it."""
    from prism_engine.cli.show.live import ingesting  # noqa: PLC0415 - see above
    from prism_engine.config.benchmarks import known_benchmark  # noqa: PLC0415
    from prism_engine.datasets import data_roots, find_benchmark, open_benchmark, require_pictures  # noqa: PLC0415

    known = known_benchmark(benchmark)
    try:
        path = find_benchmark(benchmark, data_roots(os.environ))
    except ConfigError as error:
        if known is None or preview is not None:
            raise
        if as_json:
            print_json({"name": known.name, "known": known.spec.model_dump(), "file": None})
            return
        print_table((known.name, ""), _catalogued(known), words=2)
        stdout.print(str(error), markup=False, soft_wrap=True)
        return
    with open_benchmark(path, cache_dir, progress=ingesting()) as found:
        if preview is not None:
            require_pictures(found)
        known = known_benchmark(found.name)
        if as_json:
            print_json({"name": found.name, "known": known.spec.model_dump() if known else None, "file": _facts(found)})
        else:
            print_table((found.name, ""), [*(_catalogued(known) if known else ()), *_contents(found)], words=2)
            _show_sample(found)
        if preview is not None:
            with silenced(stdout, when=as_json):
                _draw(found, preview)


@datasets_app.command("check")
def check_dataset(
    benchmark: BenchmarkArgument,
    *,
    limit: Annotated[
        int, typer.Option(min=1, help="How many errors, and how many warnings, to print; all are counted.")
    ] = 50,
    as_json: JsonOption = False,
    cache_dir: CacheFolder,
) -> None:
    """Read a benchmark as a run would, decode every picture, and report every error, before a run pays for it.

    Exit code 2 if there are errors: unreadable rows, broken pictures, duplicate indices, dangling references, answers
    that are no option, missing rotations, empty questions, missing cells that a scorer needs. Warnings (rows without
    answers, leaked NA words, ...) are for you to judge.
    """
    from prism_engine.cli.show.live import ingesting  # noqa: PLC0415 - see above
    from prism_engine.datasets import check_benchmark, data_roots, find_benchmark  # noqa: PLC0415

    path = find_benchmark(benchmark, data_roots(os.environ)).absolute()
    found = check_benchmark(path, cache_dir, limit=limit, progress=ingesting())
    if as_json:
        print_json(_check_facts(found))
        if found.errors:
            raise typer.Exit(2)
        return
    print_table((found.name, ""), _checked(found), words=2)
    colours = {"error": "bold red", "warning": "yellow"}
    for (level, what), count in sorted(found.counts.items()):
        stdout.print(f"[{colours[level]}]{level}[/] {what}: {count:,}")
    for level, lines in found.kept.items():
        for line in lines:
            escaped = line.replace("[", "\\[")
            stdout.print(f"[{colours[level]}]{level}[/] {escaped}", soft_wrap=True)
    if left := found.errors + found.warnings - sum(map(len, found.kept.values())):
        stdout.print(f"... and {left:,} more; --limit shows more")
    counts = {"error": found.errors, "warning": found.warnings}
    stdout.print(", ".join(f"{count:,} {word}{'' if count == 1 else 's'}" for word, count in counts.items()))
    if found.errors:
        raise typer.Exit(2)


datasets_app.command("fetch")(fetch_datasets)
datasets_app.command("make")(make_dataset)
datasets_app.command()(subset)


def _catalogued(known: CatalogueEntry) -> list[tuple[str, str]]:
    spec = known.spec
    rows = f"{spec.rows:,}{'' if spec.rows_verified else ' (not verified)'}" if spec.rows else "not known"
    published = [
        ("rows as published", rows),
        ("answers", "in the file" if spec.answers else "not published"),
        ("URL", spec.url or ""),
        ("MD5", spec.md5 or "not known"),
    ]
    found = [
        ("measures", spec.measures),
        ("kind", spec.kind),
        *(published if spec.url else ()),
        ("licence", spec.licence or "not known"),
        ("homepage", spec.homepage or "not known"),
        ("aliases", ", ".join(spec.aliases)),
    ]
    return [(name, text) for name, text in found if text]


def _contents(found: Benchmark) -> list[tuple[str, str]]:
    from prism_engine.datasets import picture_sizes  # noqa: PLC0415 - see above

    pictures = [("pictures", "none: only --mode blind, oracle, and --descriptions run")]
    if found.facts.pictures:
        sizes = picture_sizes(found)
        smallest, middle, largest = (f"{width} x {height}" for width, height in sizes[1:4])
        formats = ", ".join(f"{count:,} {name}" for name, count in sizes.formats.items())
        pictures = [
            ("pictures", f"{found.facts.pictures:,} distinct; of {sizes.measured:,} measured: {formats}"),
            ("picture sizes", f"{smallest} to {largest}, median {middle}"),
        ]
    counts = {name: found.counts(column) for name, column in _GROUPS}
    return [
        ("file", f"{found.path} ({human_bytes(found.facts.size)})"),
        ("SHA-256", found.sha256),
        ("samples", f"{len(found):,}"),
        ("rows without a picture, left out", f"{found.dropped:,}"),
        ("answers are read as", found.kind),
        ("columns", ", ".join(found.facts.columns)),
        *((name, _listed(values)) for name, values in counts.items() if values),
        *pictures,
    ]


def _facts(found: Benchmark) -> dict[str, object]:
    """Return what `--json` says about a benchmark's file."""
    return {
        "path": found.path,
        "bytes": found.facts.size,
        "sha256": found.sha256,
        "samples": len(found),
        "rows_without_picture": found.dropped,
        "kind": found.kind,
        "columns": found.facts.columns,
        "pictures": found.facts.pictures,
        **{column: found.counts(column) for _, column in _GROUPS},
    }


def _check_facts(found: Checkup) -> dict[str, object]:
    """Return what `--json` says about the check of a benchmark."""
    return {
        "name": found.name,
        "path": found.path,
        "sha256": found.sha256,
        "kind": found.kind,
        "rows": found.rows,
        "samples": found.samples,
        "with_options": found.with_options,
        "scorable": found.scorable,
        "described": found.described,
        "category": found.categories,
        "errors": found.errors,
        "warnings": found.warnings,
        "findings": [
            {"level": level, "what": what, "count": count} for (level, what), count in sorted(found.counts.items())
        ],
        "messages": found.kept,
    }


def _listed(values: dict[str, int]) -> str:
    shown = [f"{name} {count:,}" for name, count in list(values.items())[:SHOWN_CATEGORIES]]
    return ", ".join(shown) + (f" and {len(values) - len(shown):,} more" if len(values) > len(shown) else "")


def _show_sample(found: Benchmark) -> None:
    from prism_engine.prompts import question_text  # noqa: PLC0415 - see above

    sample = found.sample(0)
    stdout.print(f"\nindex {sample.index}, as a model is asked:\n", markup=False)
    stdout.print(question_text(sample), markup=False, soft_wrap=True)
    stdout.print(f"\nright answer: {sample.answer or 'not given'}", markup=False, soft_wrap=True)


def _draw(found: Benchmark, path: Path) -> None:
    from prism_engine.datasets import preview  # noqa: PLC0415 - see above
    from prism_engine.report import replacing  # noqa: PLC0415

    if path.suffix.lower() != ".png":
        raise ConfigError(f"{path}: the preview's name must end in .png")
    with replacing(path) as draft:
        preview(found).save(draft, "PNG")
    stdout.print(f"\n{path}: some of its pictures", markup=False, soft_wrap=True)


def _checked(found: Checkup) -> list[tuple[str, str]]:
    from prism_engine.imaging.picture_rules import summary  # noqa: PLC0415 - see above

    converted = summary(found.converted.values()) if found.converted else ""
    return [
        ("file", str(found.path)),
        ("SHA-256", found.sha256),
        ("kind", found.kind or "as the rows suggest"),
        ("samples", f"{found.samples:,}"),
        ("rows without a picture, left out", f"{found.rows - found.samples:,}"),
        ("with options", f"{found.with_options:,}"),
        ("with an answer that can be scored", f"{found.scorable:,}"),
        ("with a gold description, for mode oracle", f"{found.described:,}"),
        ("categories", _listed(found.categories) or "none"),
        *([("pictures that most APIs get converted", converted)] if converted else ()),
    ]
