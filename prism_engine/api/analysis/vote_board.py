"""A leaderboard by votes: Bradley-Terry ratings of the systems in files of votes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, get_args

from prism_engine.errors import UserError
from prism_engine.report.effects.bradley_terry import VoteRatings, rate
from prism_engine.report.pages.sheets import BOARD_FORMATS, write_sheet
from prism_engine.report.pages.vote_sheets import pair_sheet, rating_sheet, style_sheet, win_matrix
from prism_engine.report.scores.votes import What, find_votes, latest

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from prism_engine.report.pages.sheets import Sheet

_SHEETS: Final = {"ratings": rating_sheet, "pairs": pair_sheet, "matrix": win_matrix, "style": style_sheet}


@dataclass(frozen=True)
class VoteBoard:
    """The ratings by what was shown, `answers` or `descriptions`."""

    ratings: dict[str, VoteRatings]
    sheets: dict[str, dict[str, Sheet]]
    """The tables (`ratings`, `pairs`, `matrix`, `style`) by what was shown."""
    replaced: int
    """Votes that do not count, as the same voter has voted again on the same two systems and sample."""
    files: tuple[Path, ...]


def rate_votes(
    paths: Sequence[Path], *, benchmarks: Sequence[str] = (), style: bool = False, out: Path | None = None
) -> VoteBoard:
    """Rate the systems in files of votes, and in all `votes.jsonl` below folders.

    Votes on answers and votes on descriptions are rated apart: they are votes on different systems.

    Args:
        benchmarks: only votes on these; empty means all.
        style: control for length and Markdown.
        out: a folder for the tables; None writes none.

    Raises:
        UserError: there is no vote, a line is none, or a file cannot be written.
    """
    found = find_votes(paths)
    votes = latest(found)
    known = sorted({vote.benchmark for vote in votes})
    for name in benchmarks:
        if name not in known:
            raise UserError(f"--benchmark {name}: no vote is on it; the votes are on {', '.join(known)}")
    replaced = sum(map(len, found.values())) - len(votes)
    votes = [vote for vote in votes if not benchmarks or vote.benchmark in benchmarks]
    ratings = {
        what: rate(each, style=style) for what in get_args(What) if (each := [one for one in votes if one.what == what])
    }
    sheets = {
        what: {name: made for name, make in _SHEETS.items() if (made := make(each)).rows}
        for what, each in ratings.items()
    }
    return VoteBoard(ratings, sheets, replaced, _written(sheets, out) if out else ())


def _written(sheets: dict[str, dict[str, Sheet]], out: Path) -> tuple[Path, ...]:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"{out}: cannot be created ({error.strerror}).") from error
    return tuple(
        file
        for what, tables in sheets.items()
        for name, sheet in tables.items()
        for file in write_sheet(sheet, out / f"votes-{what}-{name}", BOARD_FORMATS)
    )
