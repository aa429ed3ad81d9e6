"""The journal: one line on disk per finished sample, and the source of the ordered result files."""

from __future__ import annotations

import fcntl
import json
import os
from array import array
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import orjson

from prism_engine.budget.money import NANO
from prism_engine.errors import ConfigError, StoreError
from prism_engine.records import SampleResult, SampleStatus
from prism_engine.report.scores.predictions import ROW_SCHEMA, USAGE_FIELDS
from prism_engine.unwritable import unwritable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from prism_engine.records import Sample, StepRecord, Usage

_ABSENT = -1
_BUFFER = 1 << 18
_USUAL_LINE = 4096  # bytes; longer lines take more than one read
_LARGEST_INTEGER = 2**63 - 1  # of a table's column


def step_row(step: StepRecord) -> dict[str, Any]:
    """Return a step's entry in a row: what its completion holds in the cache, and nothing that a rerun would change.

    Only its cost follows the price of the model: with the same price, it is the same in every rerun.
    """
    completion = step.completion
    row = {
        "stage": step.stage,
        "round": step.round,
        "picture": step.picture,
        "model": step.model,
        "key": completion.key or None,
        "text": completion.text,
        "outcome": completion.outcome.value,
        "usage": _usage(completion.usage),
        "cost": None if step.cost is None else step.cost / NANO,
    }
    return row | {"detail": completion.detail} if completion.detail else row


def _usage(usage: Usage) -> dict[str, int | None] | None:
    """Return the reported counts: the first two always, the rest only if reported; None if there are none at all."""
    row: dict[str, int | None] = dict.fromkeys(USAGE_FIELDS[:2])
    for name in USAGE_FIELDS:
        count = getattr(usage, name)
        # A server may report anything; a table's column has 64 bits.
        if count is not None and 0 <= count <= _LARGEST_INTEGER:
            row[name] = count
    return row if any(count is not None for count in row.values()) else None


def result_row(result: SampleResult) -> dict[str, Any]:
    """Return a sample's row: question, description, reply and score; nothing that a rerun would change."""
    sample, reply, score = result.sample, result.reply, result.score
    row = {
        "schema": ROW_SCHEMA,
        "index": sample.index,
        "position": sample.position,
        "category": sample.category,
        "l2_category": sample.l2_category,
        "split": sample.split,
        "question": sample.question,
        "hint": sample.hint,
        "options": [{"letter": option.letter, "text": option.text} for option in sample.options],
        "target": sample.answer,
        "extra": dict(sample.extra),
        "images": [image.digest for image in sample.images],
        "contents": result.hints,
        "fell_back": result.fell_back,
        "description": result.description,
        "description_outcomes": [completion.outcome.value for completion in result.descriptions],
        "reply": reply.text if reply else None,
        "reply_outcome": reply.outcome.value if reply else None,
        "extracted": score.answer if score else None,
        "score": score.value if score else None,
        "status": result.status.value,
        "failure": result.failure,
        "steps": [step_row(step) for step in result.steps],
    }
    if (draw := sample.draw) is None:
        return row
    row |= {"position": draw.position, "description_draw": draw.description, "answer_draw": draw.answer}
    return row if draw.rotation is None else row | {"rotation": draw.rotation, "order_kept": draw.order_kept}


def _as_line(row: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE)
    except orjson.JSONEncodeError:  # a cached reply with half a character, which no file of results can contain
        return json.dumps(row, ensure_ascii=False).encode("utf-8", "replace") + b"\n"


class Journal:
    """Appends results in the order in which they finish, and reads them back in the benchmark's order.

    Memory: 8 bytes per sample. If `flush` is called every second, `tail -f` shows each result within a second.
    The journal is a human-readable log and the source of the ordered files; what makes a run resumable is the cache.

    Raises:
        ConfigError: another run is writing to the file.
        StoreError: the file cannot be written.
    """

    def __init__(self, path: Path, total: int) -> None:
        self.path = path
        self._offsets = array("q", [_ABSENT]) * total
        self._end = 0
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("a+b", _BUFFER)
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # the kernel frees it, however this process ends
            self._file.truncate(0)
        except BlockingIOError as error:
            self._file.close()
            raise ConfigError(
                f"{path.parent}: another run is writing its results here; wait for it, or choose another --results-dir"
            ) from error
        except OSError as error:
            raise StoreError(unwritable(path, error)) from error

    def append(self, result: SampleResult, *, again: bool = False) -> None:
        """Write one result.

        Args:
            again: whether the result replaces an earlier one of the same sample. Without it, a sample has exactly one.

        Raises:
            StoreError: the file cannot be written.
        """
        position = result.sample.position
        assert (self._offsets[position] != _ABSENT) == again, (
            f"sample {position} finished twice, or has no result to replace"
        )
        line = _as_line(result_row(result))
        try:
            self._file.write(line)
        except OSError as error:
            raise StoreError(unwritable(self.path, error)) from error
        self._offsets[position] = self._end
        self._end += len(line)

    def flush(self) -> None:
        """Make appended lines visible to other processes."""
        try:
            self._file.flush()
        except OSError as error:
            raise StoreError(unwritable(self.path, error)) from error

    def close_out(self, samples: Callable[[Iterable[int]], Iterator[Sample]], count: int) -> int:
        """Write a "not run" line for each of the first `count` samples without a result, so that tables stay complete.

        Returns:
            The number of lines written.
        """
        absent = [position for position in range(count) if self._offsets[position] == _ABSENT]
        for sample in samples(absent):
            self.append(SampleResult(sample, SampleStatus.NOT_RUN, failure="the run stopped before this sample"))
        return len(absent)

    def lines(self) -> Iterator[bytes]:
        """Yield the finished samples' lines in the benchmark's order.

        Raises:
            StoreError: the file cannot be written.
        """
        self.flush()
        for offset in self._offsets:
            if offset != _ABSENT:
                yield _line_at(self._file.fileno(), offset)

    def close(self) -> None:
        """Close the file; write errors were already reported by `append` or `flush`. Idempotent."""
        with suppress(OSError):
            self._file.close()


def _line_at(file: int, offset: int) -> bytes:
    """Return the line that begins at an offset. Lines are read in any order, so nothing is read ahead."""
    line, size = b"", _USUAL_LINE
    while True:
        part = os.pread(file, size, offset + len(line))
        text, end, _ = part.partition(b"\n")
        line += text + end
        if end or not part:
            return line
        size *= 4
