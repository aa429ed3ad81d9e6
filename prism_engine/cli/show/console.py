"""The two consoles, and the tables and units that multiple commands print."""

from __future__ import annotations

import json
import os
import shlex
import sys
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import fields, is_dataclass
from decimal import Decimal
from math import isfinite
from typing import TYPE_CHECKING, Any, Literal

import orjson
from rich.console import Console
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from prism_engine.cli.show.wrapping import breaks, parts_of, wrapped
from prism_engine.control_characters import escaped

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rich.console import ConsoleOptions, RenderableType

LIVE_SECONDS = 0.25
"""Between two updates of progress on a terminal."""
LOG_SECONDS = 10.0
"""Between two lines of progress in a log."""
_LONGEST_MESSAGE = 10_000
"""Characters of an error message."""
JSON_SCHEMA = 1
"""Version of what `--json` prints: higher if a field changes its meaning or goes; new fields leave it as it is."""
UNFOLDED = 1000
"""Width in columns of a table that goes to a file or another program, where folded cells could not be searched."""


_GLUE = "\ue000"
"""Stands for a space at which a line must not be broken; from Unicode's private use area."""


class _Lasting(Console):
    """A console that breaks lines between words on a terminal, and whose reader may go away.

    If it does (`| head`, a lost terminal), the output is dropped and the run continues. Text from files, servers and
    models cannot control the terminal, see `escaped`; only rich's own styles do.
    """

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Render as rich does, without control characters in texts."""
        for segment in super().render(renderable, options):
            text = segment.text
            if segment.control or (text.isascii() and text.isprintable()):
                yield segment
            else:
                yield Segment(escaped(text), segment.style)

    def print(self, *objects: Any, soft_wrap: bool | None = None, markup: bool | None = None, **options: Any) -> None:
        """Print; a text with `soft_wrap` is broken between words on a terminal, and nowhere in files and pipes."""
        if len(objects) == 1 and isinstance(objects[0], str) and soft_wrap:
            text = Text(objects[0]) if markup is False else Text.from_markup(objects[0])
            objects = (self._broken(text) if self.is_terminal else _unglued(text),)
        super().print(*objects, soft_wrap=soft_wrap, markup=markup, **options)

    def _broken(self, text: Text) -> Text:
        lines = [
            _unglued(piece)
            for line in text.split("\n", allow_blank=True)
            for piece in line.divide(breaks(line.plain, self.width))
        ]
        for line in lines:
            line.rstrip()
        return Text("\n").join(lines)

    def on_broken_pipe(self) -> None:
        """Print nothing more, and let what is still buffered go nowhere: Python flushes it at exit (code 120)."""
        self.quiet = True
        with open(os.devnull, "wb") as nowhere:  # noqa: PTH123 - not a path of a file
            os.dup2(nowhere.fileno(), self.file.fileno())


def shortened(message: str) -> str:
    """Return a message of at most a few screens: it may quote what a file contains."""
    return message if len(message) <= _LONGEST_MESSAGE else f"{message[:_LONGEST_MESSAGE]}..."


stdout = _Lasting(highlight=False)
stderr = _Lasting(stderr=True, highlight=False)


def _unglued(text: Text) -> Text:
    text.plain = text.plain.replace(_GLUE, " ")  # as long as before, so that styles stay where they are
    return text


def unbroken(text: str) -> str:
    """Return a command for a message, which must not be broken into lines: one would not paste it as a whole."""
    return text.replace(" ", _GLUE)


def print_table(header: Sequence[str], rows: Iterable[Sequence[str]], *, words: int = 1) -> None:
    """Print rows under a header; the first `words` columns are text, the others numbers. Cells are not markup.

    On a terminal, cells are wrapped between words; a table that is still too wide continues below.
    """
    if not stdout.is_terminal:
        stdout.width = UNFOLDED  # an argument of `print` would not go beyond the console's own
    header = tuple(map(escaped, header))
    rows = [tuple(map(escaped, row)) for row in rows]  # before widths are measured: an escape is longer
    columns = list(zip(header, *rows, strict=True))
    for part in parts_of(columns, words, stdout.width):
        table = Table(box=None, pad_edge=False, header_style="bold")
        for place, width in zip(part.columns, part.widths, strict=True):
            justify: Literal["left", "right"] = "left" if place < words else "right"
            table.add_column(Text(wrapped(header[place], width)), justify=justify, width=width, overflow="fold")
        for row in rows:
            table.add_row(
                *(Text(wrapped(row[place], width)) for place, width in zip(part.columns, part.widths, strict=True))
            )
        stdout.print(table)


def busy(text: str) -> AbstractContextManager[object]:
    """Show a sign of life on a terminal during the block, for what takes seconds and reports nothing meanwhile."""
    return stderr.status(text) if stderr.is_terminal else nullcontext()


@contextmanager
def silenced(console: Console, *, when: bool = True) -> Iterator[None]:
    """Print nothing to a console during the block: JSON follows instead of text."""
    was = console.quiet
    console.quiet = was or when
    try:
        yield
    finally:
        console.quiet = was


def print_json(content: object) -> None:
    """Print a value as JSON for scripts: dataclasses as objects, paths and amounts as text, NaN as null.

    An object gets the version of its format as `schema`; docs/json.md describes them.
    """
    value = _plain(content)
    if isinstance(value, dict):
        value = {"schema": JSON_SCHEMA, **value}
    try:
        text = orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()
    except TypeError:  # half a surrogate pair in a reply; the standard library escapes it
        text = json.dumps(value, indent=2)
    stdout.out(escaped(text), highlight=False)


def _plain(value: object) -> object:
    """Return a value as objects, arrays, texts, finite numbers and null."""
    if is_dataclass(value):
        value = {field.name: getattr(value, field.name) for field in fields(value)}
    elif isinstance(value, tuple) and hasattr(value, "_asdict"):
        value = value._asdict()
    match value:
        case float():
            return value if isfinite(value) else None
        case str() | int() | None:
            return value
        case Mapping():
            return {str(key): _plain(each) for key, each in value.items()}
        case Sequence():
            return [_plain(each) for each in value]
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def same_command() -> str:
    """Return the running command as one would type it, escaped for rich and never broken into lines."""
    return unbroken(shlex.join(["prism", *_without_secrets(sys.argv[1:])]).replace("[", "\\["))


def _without_secrets(arguments: Sequence[str]) -> Iterator[str]:
    """Yield a command's arguments without `--notify`: its value may be a secret, and this goes into logs."""
    left = iter(arguments)
    for one in left:
        if one == "--notify":
            next(left, None)
        elif not one.startswith("--notify="):
            yield one


def human_bytes(count: float) -> str:
    """Return a size for people to read, such as `1.5 GB`."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def human_limit(name: str) -> str:
    """Return a limit's name for people to read, such as `requests/min` for `requests_per_minute`."""
    return name.replace("_per_minute", "/min").replace("_", " ")


def print_bounds(shares: Mapping[str, float]) -> None:
    """Print what limited a run; limits of less than a twentieth of the time are left out."""
    bounds = [f"{human_limit(name)} ({share:.0%} of the time)" for name, share in shares.items() if share >= 0.05]
    if bounds:
        stdout.print(f"Limited by: {', '.join(bounds)}", soft_wrap=True, markup=False)


def human_seconds(seconds: float) -> str:
    """Return a duration for people to read, such as `1 h 05 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest:02} s"
    return f"{minutes // 60} h {minutes % 60:02} min"
