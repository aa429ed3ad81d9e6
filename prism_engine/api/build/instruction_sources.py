"""Resolves `instruction`: a built-in wording, the user's own, a hints file, or a model as hint writer."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from prism_engine.config.run_config import with_own_limit
from prism_engine.errors import ConfigError
from prism_engine.prompts import clean_hints, instruction_name, instruction_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from prism_engine.config import Registry, RunConfig
    from prism_engine.datasets import Benchmark
    from prism_engine.records import Sample

SPECIFIC = "query-specific"
BASE = "generic"
"""The instruction that hints are appended to; used as is for samples without hints."""
ROTATION_STEP = 1_000_000
"""MMBench's index offset between copies of a question whose options are rotated."""
_MAX_BYTES = 64_000_000


@dataclass(frozen=True, slots=True)
class Instruction:
    """The perceiver's instruction in a run."""

    name: str
    """Short and unique to this instruction."""
    text: str
    """The wording shared by all samples."""
    writer: str | None = None
    """The hint writer's model; None if no model writes hints."""
    listed: Mapping[str, str] | None = None
    """Hints by row, from a hints file."""


def read_instruction(given: str) -> Instruction:
    """Return the instruction that an option's value stands for, reading its file if it names one.

    Raises:
        ConfigError: the value is no valid instruction, or its file cannot be read.
    """
    if given.startswith("@"):
        return _from_file(Path(given[1:]).expanduser())
    if given.startswith(f"{SPECIFIC}_"):
        writer = given.removeprefix(f"{SPECIFIC}_")
        if not writer.strip():
            raise ConfigError(f"instruction {given!r}: no model is named; write {SPECIFIC}_MODEL")
        return Instruction(given, instruction_text(BASE), writer)
    if given == SPECIFIC:
        raise ConfigError(f"instruction {given!r}: name the model that writes the hints: {SPECIFIC}_MODEL")
    if len(given.split()) > 1:
        return _own("own", given)
    return Instruction(instruction_name(given), instruction_text(given))


def writer_of(config: RunConfig) -> str | None:
    """Return the hint writer's model; None if the run has none.

    Raises:
        ConfigError: as `read_instruction`; mode `prompts` without a hint writer.
    """
    if not (config.describes or config.mode.hints_only):
        return None
    writer = read_instruction(config.instruction).writer
    if writer is None and config.mode.hints_only:
        raise ConfigError(f"mode 'prompts' writes hints: name the hint writer as instruction {SPECIFIC}_MODEL")
    return writer


def instruction_warnings(config: RunConfig, registry: Registry) -> list[str]:
    """Return warnings about a run's instruction, to show before it starts."""
    config = with_own_limit(config, registry.merged(config.models))
    writer = writer_of(config)
    if writer is None or config.reasoner in (None, writer) or not config.mode.needs_reasoner:
        return []
    caution = (
        f"{writer} writes the hints and {config.reasoner} answers, but in Prism's paper each reasoner writes its own "
        "hints. One fixed hint writer is fair among reasoners; do not compare such scores with the paper's"
    )
    return [caution]


def hints_by_row(listed: Mapping[str, str], benchmark: Benchmark, name: str) -> Callable[[Sample], str | None]:
    """Return a function that looks up a sample's hints by index (a rotated copy uses its core question's).

    If more keys are positions in the benchmark (0, 1, ...) than are its indices, all are taken as positions.

    Raises:
        ConfigError: the file has hints for none of the benchmark's samples, so it belongs to another one.
    """
    by_index = sum(benchmark.position(key) is not None for key in listed)
    by_position = sum(key.isdecimal() and int(key) < len(benchmark) for key in listed)
    if not by_index and not by_position:
        raise ConfigError(
            f"instruction {name}: none of its keys is an index of {benchmark.name}; it belongs to another benchmark"
        )
    use_positions = by_position > by_index

    def hints(sample: Sample) -> str | None:
        position = sample.position if sample.draw is None else sample.draw.position
        text = listed.get(str(position) if use_positions else sample.index)
        if text is None and not use_positions and sample.index.isdecimal():
            text = listed.get(str(int(sample.index) % ROTATION_STEP))
        return None if text is None else clean_hints(text)

    return hints


def _from_file(path: Path) -> Instruction:
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_BYTES + 1)
    except OSError as error:
        raise ConfigError(f"instruction @{path}: cannot be read ({error.strerror})") from error
    if len(data) > _MAX_BYTES:
        raise ConfigError(f"instruction @{path}: larger than {_MAX_BYTES:,} bytes, too large for an instruction")
    if path.suffix.lower() == ".json":
        name = f"{SPECIFIC}_{path.stem}-{_digest(data)}"
        return Instruction(name, instruction_text(BASE), listed=_listed(path, data))
    try:
        text = data.decode().strip()
    except UnicodeDecodeError as error:
        raise ConfigError(f"instruction @{path}: not UTF-8 text ({error})") from error
    if not text:
        raise ConfigError(f"instruction @{path}: the file is empty")
    return _own(path.stem, text)


def _own(name: str, text: str) -> Instruction:
    text = text.strip()
    try:
        return Instruction(f"{name}-{_digest(text.encode())}", text)
    except UnicodeEncodeError as error:  # undecodable bytes from the command line
        raise ConfigError(f"instruction {text!r}: not UTF-8 text ({error.reason})") from error


def _listed(path: Path, data: bytes) -> dict[str, str]:
    """Read a hints file as in an original checkout, `prompts/<data>_<llm>.json`: hints by row."""
    try:
        hints = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise ConfigError(f"instruction @{path}: not JSON ({error})") from error
    if not isinstance(hints, dict) or not hints:
        raise ConfigError(f'instruction @{path}: must hold one object, such as {{"0": "the colour of the car"}}')
    for key, value in hints.items():
        if not isinstance(value, str):
            raise ConfigError(f"instruction @{path}: {key!r}: expected a string, got {type(value).__name__}")
    return hints


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:8]
