"""What `instruction` means: a built-in wording, one's own, contents that a file lists, or a model that writes them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from prism_engine.config import Mode
from prism_engine.config.choices import with_own_limit
from prism_engine.errors import ConfigError
from prism_engine.prompts import clean_hints, instruction_name, instruction_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from prism_engine.config import Registry, RunConfig
    from prism_engine.datasets import Benchmark
    from prism_engine.records import Sample

SPECIFIC = "query-specific"
BASE = "generic"
"""To which contents are added, and what takes their place where there are none."""
CIRCLE = 1_000_000
"""MMBench numbers the copies of a question, with its options rotated, this far apart."""
_MOST_BYTES = 64_000_000


@dataclass(frozen=True, slots=True)
class Instruction:
    """What the perceiver is told in a run."""

    name: str
    """Short, and another one for another instruction."""
    text: str
    """The words for all samples."""
    writer: str | None = None
    """The model that says what to observe for each question; None where none does."""
    listed: Mapping[str, str] | None = None
    """What to observe by row, from a file."""


def read_instruction(given: str) -> Instruction:
    """Return what the option says; files are read.

    Raises:
        ConfigError: it is none of what an instruction may be, or its file cannot be read.
    """
    if given.startswith("@"):
        return _from_file(Path(given[1:]).expanduser())
    if given.startswith(f"{SPECIFIC}_"):
        writer = given.removeprefix(f"{SPECIFIC}_")
        if not writer.strip():
            raise ConfigError(f"instruction {given!r}: no model is named; write {SPECIFIC}_MODEL")
        return Instruction(given, instruction_text(BASE), writer)
    if given == SPECIFIC:
        raise ConfigError(f"instruction {given!r}: say who writes what to observe: {SPECIFIC}_MODEL")
    if len(given.split()) > 1:
        return _own("own", given)
    return Instruction(instruction_name(given), instruction_text(given))


def writer_of(config: RunConfig) -> str | None:
    """Return the model that says what to observe in a run; None where none does.

    Raises:
        ConfigError: as `read_instruction`; mode `prompts` without such a model.
    """
    if not (config.describes or config.mode is Mode.PROMPTS):
        return None
    writer = read_instruction(config.instruction).writer
    if writer is None and config.mode is Mode.PROMPTS:
        raise ConfigError(f"mode 'prompts' writes contents to observe: give the instruction as {SPECIFIC}_MODEL")
    return writer


def instruction_warnings(config: RunConfig, registry: Registry) -> list[str]:
    """Return what the user should know about a run's instruction before it starts."""
    config = with_own_limit(config, registry.merged(config.models))
    writer = writer_of(config)
    if writer is None or config.reasoner in (None, writer) or not config.mode.needs_reasoner:
        return []
    caution = (
        f"{writer} writes what to observe, and {config.reasoner} answers: in Prism's paper each reasoner writes for "
        "itself. One fixed writer is fair among reasoners; do not compare such scores with the paper's"
    )
    return [caution]


def hints_by_row(listed: Mapping[str, str], benchmark: Benchmark, name: str) -> Callable[[Sample], str | None]:
    """Return the contents of a sample, which a file lists by index (a rotated copy has its core question's).

    Where the keys are no indices of the benchmark, but 0, 1, ..., they are positions.

    Raises:
        ConfigError: the file belongs to another benchmark: it has contents for none of its samples.
    """
    by_index = sum(benchmark.position(key) is not None for key in listed)
    by_position = sum(key.isdecimal() and int(key) < len(benchmark) for key in listed)
    if not by_index and not by_position:
        raise ConfigError(f"instruction {name}: its keys are no indices of {benchmark.name}; it belongs to another one")
    positions = by_position > by_index

    def hints(sample: Sample) -> str | None:
        position = sample.position if sample.draw is None else sample.draw.position
        found = listed.get(str(position) if positions else sample.index)
        if found is None and not positions and sample.index.isdecimal():
            found = listed.get(str(int(sample.index) % CIRCLE))
        return None if found is None else clean_hints(found)

    return hints


def _from_file(path: Path) -> Instruction:
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise ConfigError(f"instruction @{path}: cannot be read ({error.strerror})") from error
    if len(data) > _MOST_BYTES:
        raise ConfigError(f"instruction @{path}: larger than {_MOST_BYTES:,} bytes, so it is no instruction")
    if path.suffix.lower() == ".json":
        name = f"{SPECIFIC}_{path.stem}-{_digest(data)}"
        return Instruction(name, instruction_text(BASE), listed=_listed(path, data))
    try:
        text = data.decode().strip()
    except UnicodeDecodeError as error:
        raise ConfigError(f"instruction @{path}: not a UTF-8 text ({error})") from error
    if not text:
        raise ConfigError(f"instruction @{path}: the file is empty")
    return _own(path.stem, text)


def _own(name: str, text: str) -> Instruction:
    text = text.strip()
    try:
        return Instruction(f"{name}-{_digest(text.encode())}", text)
    except UnicodeEncodeError as error:  # bytes of the command line that are no text
        raise ConfigError(f"instruction {text!r}: not a UTF-8 text ({error.reason})") from error


def _listed(path: Path, data: bytes) -> dict[str, str]:
    """Read an original checkout's `prompts/<data>_<llm>.json`: what to observe by row."""
    try:
        found = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise ConfigError(f"instruction @{path}: not JSON ({error})") from error
    if not isinstance(found, dict) or not found:
        raise ConfigError(f'instruction @{path}: must hold one object, such as {{"0": "the colour of the car"}}')
    for key, value in found.items():
        if not isinstance(value, str):
            raise ConfigError(f"instruction @{path}: {key!r}: {type(value).__name__} is no text")
    return found


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:8]
