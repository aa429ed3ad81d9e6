"""The two consoles, and the tables and units that multiple commands print."""

from __future__ import annotations

import os
import re
import shlex
import sys
from typing import TYPE_CHECKING

from rich.console import Console
from rich.segment import Segment
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from rich.console import ConsoleOptions, RenderableType

LIVE_SECONDS = 0.25
"""Between two updates of progress on a terminal."""
LOG_SECONDS = 10.0
"""Between two lines of progress in a log."""
_LONGEST_MESSAGE = 10_000
"""Characters of an error message."""
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
UNFOLDED = 1000
"""Width in columns of a table that goes to a file or another program, where folded cells could not be searched."""


class _Lasting(Console):
    """A console whose reader may go away (`| head`, a lost terminal): its output is dropped, the run continues.

    Text from files, servers and models cannot control the terminal, see `printable`; only rich's own styles do.
    """

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Render as rich does, without control characters in texts."""
        for segment in super().render(renderable, options):
            text = segment.text
            if segment.control or (text.isascii() and text.isprintable()):
                yield segment
            else:
                yield Segment(printable(text), segment.style)

    def on_broken_pipe(self) -> None:
        """Print nothing more, and let what is still buffered go nowhere: Python flushes it at exit (code 120)."""
        self.quiet = True
        with open(os.devnull, "wb") as nowhere:  # noqa: PTH123 - not a path of a file
            os.dup2(nowhere.fileno(), self.file.fileno())


def printable(text: str) -> str:
    """Return a text with its control characters escaped as in JSON; line ends and tabs stay.

    These are the C0 and C1 controls (escape sequences can clear the screen or write into the window's title), those
    that change the direction of writing (a text can then look like another), separators of lines, and surrogates.
    """
    return _CONTROLS.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def shortened(message: str) -> str:
    """Return a message of at most a few screens: it may quote what a file contains."""
    return message if len(message) <= _LONGEST_MESSAGE else f"{message[:_LONGEST_MESSAGE]}..."


stdout = _Lasting(highlight=False)
stderr = _Lasting(stderr=True, highlight=False)


def print_table(header: Sequence[str], rows: Iterable[Sequence[str]], *, words: int = 1) -> None:
    """Print rows under a header; the first `words` columns are text, the others numbers. Cells are not markup."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for place, name in enumerate(header):
        table.add_column(name, justify="left" if place < words else "right", overflow="fold")
    for row in rows:
        table.add_row(*(cell.replace("[", "\\[") for cell in row))
    if not stdout.is_terminal:
        stdout.width = UNFOLDED  # an argument of `print` would not go beyond the console's own
    stdout.print(table)


def same_command() -> str:
    """Return the running command as one would type it, escaped for rich."""
    return shlex.join(["prism", *sys.argv[1:]]).replace("[", "\\[")


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
