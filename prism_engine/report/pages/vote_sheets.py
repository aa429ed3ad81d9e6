"""The tables of a leaderboard by votes: ratings, effects of style, votes per pair, and the win matrix."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from prism_engine.report.pages.sheets import Column, Sheet

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prism_engine.report.effects.bradley_terry import VoteRatings

_STYLE: Final = {"characters": "length", "headers": "headers", "items": "list items", "bold": "bold"}
_WIDEST: Final = 12
"""Systems up to which the win matrix is worth a table on a terminal."""


def rating_sheet(ratings: VoteRatings) -> Sheet:
    """Tabulate the ratings, best first; the group only if systems were never compared."""
    columns = (
        Column("system", "System"),
        Column("group", "Group", "count"),
        Column("rank", "Rank (UB)", "count"),
        Column("rating", "Rating", "rating"),
        Column("low", "95 % from", "rating"),
        Column("high", "to", "rating"),
        Column("votes", "Votes", "count"),
        Column("won", "Won %", "share"),
    )
    won = {system: share for system, _, share in _totals(ratings)}
    rows = tuple(
        (
            each.system,
            each.group,
            each.rank,
            each.rating,
            *(each.interval or (None, None)),
            each.votes,
            won[each.system],
        )
        for each in ratings.standings
    )
    sheet = Sheet(columns, rows)
    return sheet if len({each.group for each in ratings.standings}) > 1 else sheet.without("group")


def _totals(ratings: VoteRatings) -> Iterator[tuple[str, int, float]]:
    """Yield each system with its votes and the share of them that it has won."""
    totals: dict[str, list[float]] = {}
    for record in ratings.records:
        count = record.wins + record.losses + record.ties
        for system, share in ((record.first, record.share), (record.second, 1 - record.share)):
            total = totals.setdefault(system, [0.0, 0.0])
            total[0] += count
            total[1] += share * count
    for system, (votes, won) in totals.items():
        yield system, int(votes), won / votes


def style_sheet(ratings: VoteRatings) -> Sheet:
    """Tabulate what one more standard deviation of each style is worth."""
    columns = (
        Column("style", "Style"),
        Column("effect", "Log odds", "effect"),
        Column("low", "95 % from", "effect"),
        Column("high", "to", "effect"),
    )
    return Sheet(columns, tuple((_STYLE[each.style], each.value, each.low, each.high) for each in ratings.styles))


def pair_sheet(ratings: VoteRatings) -> Sheet:
    """Tabulate the votes between every two systems that were compared."""
    columns = (
        Column("first", "First"),
        Column("second", "Second"),
        Column("first_won", "First won", "count"),
        Column("second_won", "Second won", "count"),
        Column("ties", "Ties", "count"),
        Column("share", "First's share %", "share"),
    )
    return Sheet(columns, tuple((*record, record.share) for record in ratings.records))


def win_matrix(ratings: VoteRatings) -> Sheet:
    """Return the share of votes that each row has won against each column, best first; ties are half wins."""
    order = [each.system for each in ratings.standings]
    shares = {(record.first, record.second): record.share for record in ratings.records}
    shares |= {(second, first): 1 - share for (first, second), share in shares.items()}
    numbers = {system: str(place) for place, system in enumerate(order, start=1)}
    columns = (
        Column("system", "Won % against"),
        *(Column(f"against_{number}", number, "share") for number in numbers.values()),
    )
    rows = ((f"{numbers[row]}. {row}", *(shares.get((row, column)) for column in order)) for row in order)
    return Sheet(columns, tuple(rows))


def vote_remarks(ratings: VoteRatings) -> Iterator[str]:
    """Yield what a reader of the ratings must know: how far they carry."""
    votes, voters = _count(ratings.votes, "vote"), _count(len(ratings.voters), "voter")
    pictures = _count(ratings.pictures, "picture")
    yield f"{votes} of {voters} on {pictures}; a tie, or both bad, is half a win for each side"
    if len(ratings.voters) == 1:
        yield f"all votes are {ratings.voters[0]}'s: the intervals cover other pictures, not other voters"
    if any(each.interval is None for each in ratings.standings):
        yield "no interval and no sure rank: that needs votes on two pictures, and more votes than systems"
    if groups := {each.group for each in ratings.standings} - {1}:
        yield f"{len(groups) + 1} groups were never compared: ratings of different groups have no common scale"
    for group in ratings.penalised:
        where = f" of group {group}" if groups else ""
        yield (
            f"some systems{where} have won, or lost, all their votes against the others: their distance is at least as "
            "shown (Firth's penalised likelihood; the plain one has no maximum)"
        )
    if ratings.decided >= 20:
        share = ratings.left_wins / ratings.decided
        yield f"the left side has won {share:.0%} of {ratings.decided:,} decided votes"


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def fits_a_terminal(ratings: VoteRatings) -> bool:
    """Return whether the win matrix is small enough to be read on a terminal."""
    return 2 < len(ratings.standings) <= _WIDEST
