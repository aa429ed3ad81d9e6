"""What commands import: time before the first word, and memory, of every call of `prism`.

Whoever makes one of the lists longer has to say in the commit why every `prism --help`, or every cached run, must pay
for it. A shorter list needs no reason.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.shapes import write_shapes

HELP_PACKAGES = [
    "annotated_doc",
    "attr",
    "markdown_it",
    "mdurl",
    "pygments",
    "rich",
    "shellingham",
    "typer",
]
HELP_MODULES = [
    "prism_engine",
    "prism_engine.cli",
    "prism_engine.cli.app",
    "prism_engine.cli.exit_codes",
    "prism_engine.cli.process",  # handles Ctrl-C and closed outputs from the first moment
    "prism_engine.errors",
    "prism_engine.version",
]
CACHED_RUN_PACKAGES = [
    "PIL",
    "aiohappyeyeballs",
    "aiohttp",
    "aiosignal",
    "annotated_doc",
    "annotated_types",
    "asyncio_throttle",
    "attr",
    "charset_normalizer",
    "dotenv",
    "frozenlist",
    "idna",
    "multidict",
    "numpy",
    "orjson",
    "platformdirs",
    "polars",
    "propcache",
    "pydantic",
    "pydantic_core",
    "rich",
    "scipy",
    "shellingham",
    "tenacity",
    "typer",
    "typing_extensions",
    "typing_inspection",
    "yaml",
    "yarl",
]
HEAVY = ["datasets", "matplotlib", "scipy.stats", "tokenizers", "torch", "transformers", "vllm"]

WRAPPER = """
import atexit, json, sys
out, before = sys.argv.pop(), set(sys.modules)
atexit.register(lambda: json.dump(sorted(set(sys.modules) - before), open(out, "w")))
sys.argv[0] = "prism"
from prism_engine.cli import main
main()
"""


@pytest.fixture
def imports(tmp_path):
    """Call `prism ...` in a process of its own; returns the modules that it imported."""

    def call(*arguments):
        environ = {**os.environ, "HOME": str(tmp_path), "PRISM_CACHE": str(tmp_path / "cache")}
        command = [sys.executable, "-c", WRAPPER, *arguments, str(tmp_path / "modules.json")]
        subprocess.run(command, cwd=tmp_path, env=environ, check=True, capture_output=True)
        return json.loads((tmp_path / "modules.json").read_text())

    return call


def packages(modules):
    """Return the top-level packages that are neither Python's own nor ours; what compilers add is no package."""
    tops = {name.partition(".")[0] for name in modules} - sys.stdlib_module_names - {"prism_engine", "cython_runtime"}
    return sorted(top for top in tops if not top.startswith("_"))


def ours(modules):
    return sorted(name for name in modules if name.partition(".")[0] == "prism_engine")


def test_help_imports_the_command_line_and_no_command(imports):
    modules = imports("--help")
    assert packages(modules) == HELP_PACKAGES
    assert ours(modules) == HELP_MODULES


def test_completing_a_command_s_name_imports_no_command_either(imports, monkeypatch):
    for name, value in {"_PRISM_COMPLETE": "complete_bash", "COMP_WORDS": "prism ru", "COMP_CWORD": "1"}.items():
        monkeypatch.setenv(name, value)
    assert set(ours(imports())) <= set(HELP_MODULES)


def test_a_list_of_models_imports_neither_the_api_nor_any_scorer(imports):
    modules = imports("models")
    assert not {"prism_engine.api", "prism_engine.report", "prism_engine.scoring"} & set(modules)
    assert not {"aiohttp", "numpy", "polars", "scipy"} & set(packages(modules))


def test_a_cached_run_imports_no_engine(imports, tmp_path):
    write_shapes(tmp_path / "shapes.tsv", 6, 0)
    command = ("run", "shapes.tsv", "-p", "scripted", "-r", "scripted")
    imports(*command)
    modules = imports(*command)
    assert not set(HEAVY) & set(modules)
    assert packages(modules) == CACHED_RUN_PACKAGES
