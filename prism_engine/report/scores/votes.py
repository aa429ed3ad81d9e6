"""Votes between two runs on the same sample: an append-only file of JSON lines, its one writer and its one reader."""

from __future__ import annotations

import fcntl
import os
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Final, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field, StrictInt, StrictStr, ValidationError, model_validator

from prism_engine.errors import UserError
from prism_engine.report.scores.manifest import check_schema

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

VOTES: Final = "votes.jsonl"
VOTE_SCHEMA: Final = 1
"""Version of a line's format."""
_LONGEST_LINE: Final = 1 << 16
"""Bytes; a vote holds names and counts, no texts."""

What = Literal["answers", "descriptions"]
Outcome = Literal["left", "right", "tie", "both bad"]
Name = Annotated[StrictStr, Field(min_length=1, max_length=500)]
Count = Annotated[StrictInt, Field(ge=0, le=10**9)]

_HEADERS: Final = re.compile(r"^ {0,3}#{1,6}[ \t]+\S", re.MULTILINE)
_ITEMS: Final = re.compile(r"^[ \t]*(?:[-*+]|\d{1,9}[.)])[ \t]+\S", re.MULTILINE)
_BOLD: Final = re.compile(r"\*\*[^*\n]+\*\*|__[^_\n]+__")


class Side(BaseModel):
    """One of the two things shown: the run that it is from, and the style of its text."""

    model_config = ConfigDict(frozen=True)

    run: Name
    """The run's folder or name, for people."""
    system: Name
    """What is ranked: the models that answer, or for descriptions the perceiver with its instruction."""
    characters: Count = 0
    headers: Count = 0
    """Markdown headers."""
    items: Count = 0
    """Items of Markdown lists."""
    bold: Count = 0
    """Parts in bold."""

    @classmethod
    def showing(cls, run: str, system: str, text: str) -> Side:
        """Return a side from the text that the voter sees."""
        found = {"headers": _HEADERS, "items": _ITEMS, "bold": _BOLD}
        counts = {name: len(pattern.findall(text)) for name, pattern in found.items()}
        return cls(run=run, system=system, characters=len(text), **counts)


class Vote(BaseModel):
    """One voter's decision on one sample."""

    model_config = ConfigDict(frozen=True)

    voter: Name
    """A person's name, or a judge's."""
    benchmark: Name
    sample: Name
    """The sample's index."""
    pictures: Annotated[tuple[Name, ...], Field(max_length=1000)] = ()
    """The digests of its pictures: votes on the same picture are not independent."""
    what: What
    left: Side
    right: Side
    outcome: Outcome
    time: Annotated[StrictStr, Field(max_length=40)] = ""
    """In UTC, ISO 8601; empty means now, once the vote is written."""

    @model_validator(mode="after")
    def _differ(self) -> Vote:
        if self.left.system == self.right.system:
            raise ValueError(f"both sides are {self.left.system!r}")
        return self

    @property
    def share(self) -> float:
        """How much of the vote the left side has: 1, 0, or a half of a tie."""
        return {"left": 1.0, "right": 0.0}.get(self.outcome, 0.5)


class VoteFile:
    """Appends votes to a file; several processes may write to it at the same time.

    Raises:
        UserError: the file exists and is damaged, so that no vote is added to a file that cannot be read later.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        if path.exists():
            for _ in read_votes(path):
                pass

    def add(self, vote: Vote) -> None:
        """Write one vote: when this returns it is on disk, and if it raises, the file is as it was.

        Raises:
            UserError: the file cannot be written.
        """
        now = datetime.now(UTC).isoformat(timespec="seconds")
        content = {"schema": VOTE_SCHEMA, "time": vote.time or now, **vote.model_dump(exclude={"time"})}
        line = orjson.dumps(content) + b"\n"
        if len(line) > _LONGEST_LINE:
            raise UserError(f"{self._path}: a vote of {len(line):,} bytes is too long to be written")
        try:
            file = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
            try:
                fcntl.flock(file, fcntl.LOCK_EX)
                _append(file, line)
            finally:
                os.close(file)
        except OSError as error:
            raise UserError(f"{self._path}: the vote cannot be written ({error})") from error


def _append(file: int, line: bytes) -> None:
    size = os.fstat(file).st_size
    ended = size == 0 or os.pread(file, 1, size - 1) == b"\n"  # an editor may have left out the last line's end
    whole = line if ended else b"\n" + line
    try:
        if os.write(file, whole) < len(whole):
            raise OSError("the disk is full")  # noqa: TRY301 - handled as every other failure to write
        os.fsync(file)
    except OSError:
        os.ftruncate(file, size)
        raise


def read_votes(path: Path) -> Iterator[Vote]:
    """Read a file of votes in the order of its lines.

    Raises:
        UserError: the file is missing or unreadable, or a line is no vote.
        NewerFileError: a newer version of prism wrote a line, in a format that this one does not know.
    """
    try:
        with path.open("rb") as file:
            for number, line in enumerate(iter(lambda: file.readline(_LONGEST_LINE + 1), b""), start=1):
                if line.strip():
                    yield _vote(path, number, line)
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from error


def _vote(path: Path, number: int, line: bytes) -> Vote:
    try:
        if len(line) > _LONGEST_LINE:
            raise ValueError(f"longer than {_LONGEST_LINE:,} bytes")  # noqa: TRY301 - one message for all damage
        content = orjson.loads(line)
        if not isinstance(content, dict):
            raise ValueError("not a JSON object")  # noqa: TRY301, TRY004 - the same
        check_schema(path, content, VOTE_SCHEMA, number)
        return Vote.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        problem = f"{'.'.join(map(str, first['loc']))}: {first['msg']}".removeprefix(": ")
    except ValueError as error:
        problem = str(error)
    raise UserError(f"{path}, line {number}: not a vote ({problem}); correct the line or delete it")


def find_votes(paths: Sequence[Path]) -> dict[Path, list[Vote]]:
    """Read the votes in these files, and in all files called votes.jsonl below these folders.

    Raises:
        UserError: as `read_votes`, or there is no such file, or no vote in all of them.
    """
    files: dict[Path, None] = {}
    for path in paths:
        found = sorted(path.rglob(VOTES)) if path.is_dir() else [path]
        if not found:
            raise UserError(f"{path}: there is no {VOTES} in it; name the file itself if it is called something else")
        files.update(dict.fromkeys(found))
    votes = {file: list(read_votes(file)) for file in files}
    if not any(votes.values()):
        raise UserError(f"{', '.join(map(str, files))}: no vote in it yet")
    return votes


def latest(votes: Mapping[Path, Sequence[Vote]]) -> list[Vote]:
    """Return the votes that count: of a voter's votes on the same two runs of a sample, the last one."""
    kept: dict[tuple[object, ...], Vote] = {}
    for vote in (vote for each in votes.values() for vote in each):
        pair = frozenset((vote.left.system, vote.right.system))
        key = (vote.voter, vote.benchmark, vote.sample, vote.what, pair)
        kept.pop(key, None)
        kept[key] = vote
    return list(kept.values())
