"""Position bias from rotated options: accuracy and answers per position, robust accuracy, and questions that flip."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING, Any

import orjson

from prism_engine.records import SampleStatus
from prism_engine.report.atomic import replacing
from prism_engine.report.scores.draws import AccuracyEstimate, estimated, percent
from prism_engine.report.scores.inference import as_numbers, clustered_difference, clusters_of
from prism_engine.report.scores.predictions import as_wrong, reading, rows_of
from prism_engine.report.scores.statistics import FAILED_AS_WRONG

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from prism_engine.report.scores.inference import Labels


@dataclass(frozen=True, slots=True)
class PositionScore:
    """Answers at one position of the options, over all rotations of the questions that have it."""

    letter: str
    accuracy: AccuracyEstimate
    """Of the answers to questions whose right option is here."""
    n: int
    """Number of these answers."""
    chosen: float | None
    """Share of answers that choose this position, from 0 to 1; None if no question counts."""
    expected: float | None
    """The same share if each question's chosen options were spread over its rotations without regard to position. With
    all rotations of a question it is 1 / options."""
    bias: AccuracyEstimate
    """`chosen` minus `expected`, from -1 to 1, paired within each question."""


@dataclass(frozen=True, slots=True)
class PositionBias:
    """Scores over the rotations of the options, of the questions that are rotated.

    Intervals are clustered by picture: rotations and draws of one question, and questions about one picture, are not
    independent. With several draws, each draw of a question's rotations counts as a question of the same cluster.
    """

    profile: str
    questions: int
    rotated: int
    """Questions with more than one rotation."""
    order_kept: dict[str, int]
    """Number of questions that keep the order of their options, by reason."""
    answers: int
    """Answers to rotated questions (lines of the file)."""
    failed: int
    not_run: int
    complete: int
    """Questions with a score in every rotation; `robust`, `original`, `mean` and `mixed` are over these."""
    robust: AccuracyEstimate
    """Share of questions that are right in every rotation."""
    original: AccuracyEstimate
    """Accuracy with the options as they are."""
    mean: AccuracyEstimate
    """Accuracy over all rotations."""
    mixed: AccuracyEstimate
    """Share of questions that are right in some rotations and wrong in others."""
    flipped: AccuracyEstimate
    """Share of questions that have different options chosen in different rotations, of those with an answer in two
    rotations or more."""
    answered: int
    """Number of the latter; `chosen`, `expected` and `bias` are over these as well."""
    rotations: tuple[AccuracyEstimate, ...]
    """Accuracy in each rotation, the original order first."""
    positions: tuple[PositionScore, ...]
    """By letter."""


class _Values:
    """Values, each with the number of its question."""

    def __init__(self) -> None:
        self.values: list[float] = []
        self.questions: list[int] = []

    def add(self, value: float, question: int) -> None:
        self.values.append(value)
        self.questions.append(question)

    def share(self, clusters: Labels) -> AccuracyEstimate:
        return estimated(self.values, clusters[self.questions])

    def difference(self, clusters: Labels) -> AccuracyEstimate:
        if not self.values:
            return AccuracyEstimate(None, None, None)
        found = clustered_difference(as_numbers(self.values), clusters[self.questions])
        one = found.clusters == 1
        return AccuracyEstimate(found.value, None if one else found.low, None if one else found.high)

    @property
    def mean(self) -> float | None:
        return sum(self.values) / len(self.values) if self.values else None


@dataclass
class _Collected:
    """What is known of the rotated questions so far. Memory: some numbers per answer, and the pictures' digests."""

    pictures: list[Sequence[str]] = field(default_factory=list)
    """Of each rotated question."""
    statuses: Counter[str] = field(default_factory=Counter)
    overall: defaultdict[str, _Values] = field(default_factory=lambda: defaultdict(_Values))
    rotations: defaultdict[int, _Values] = field(default_factory=lambda: defaultdict(_Values))
    right: defaultdict[str, _Values] = field(default_factory=lambda: defaultdict(_Values))
    """Scores by the letter of the right option."""
    chosen: defaultdict[str, _Values] = field(default_factory=lambda: defaultdict(_Values))
    expected: defaultdict[str, _Values] = field(default_factory=lambda: defaultdict(_Values))
    bias: defaultdict[str, _Values] = field(default_factory=lambda: defaultdict(_Values))

    def add(self, rows: Sequence[dict[str, Any]]) -> None:
        """Add all answers to a rotated question."""
        number = len(self.pictures)
        self.pictures.append(rows[0]["images"])
        draws: defaultdict[tuple[int | None, int | None], list[dict[str, Any]]] = defaultdict(list)
        for row in rows:
            draws[row.get("description_draw"), row.get("answer_draw")].append(row)
            if row["score"] is not None:
                self.rotations[row["rotation"]].add(row["score"], number)
                self.right[row["target"].strip()].add(row["score"], number)
        for draw in draws.values():
            self._add_scores([row["score"] for row in draw], number)
            self._add_choices(draw, number)

    def _add_scores(self, scores: Sequence[float | None], number: int) -> None:
        known = [score for score in scores if score is not None]
        if len(known) < len(scores):
            return
        self.overall["robust"].add(min(known), number)
        self.overall["original"].add(known[0], number)
        self.overall["mean"].add(sum(known) / len(known), number)
        self.overall["mixed"].add(float(min(known) < max(known)), number)

    def _add_choices(self, rows: Sequence[dict[str, Any]], number: int) -> None:
        letters = [option["letter"] for option in rows[0]["options"]]
        shifts = [row["rotation"] for row in rows if row["extracted"] in letters]
        places = [letters.index(row["extracted"]) for row in rows if row["extracted"] in letters]
        if len(places) < 2:
            return
        options = [(place + shift) % len(letters) for place, shift in zip(places, shifts, strict=True)]
        self.overall["flipped"].add(float(len(set(options)) > 1), number)
        chosen = Counter(places)
        spread = Counter((option - shift) % len(letters) for shift in shifts for option in options)
        for place, letter in enumerate(letters):
            share, expected = chosen[place] / len(places), spread[place] / len(places) ** 2
            self.chosen[letter].add(share, number)
            self.expected[letter].add(expected, number)
            self.bias[letter].add(share - expected, number)


def summarise_bias(path: Path, *, profile: str, failed_as_wrong: bool = False) -> PositionBias:
    """Aggregate a file of rotations, in which the answers to each question are consecutive.

    Raises:
        UserError: the file is missing or damaged.
    """
    collected = _Collected()
    kept: Counter[str] = Counter()
    rows = rows_of(path, "position", "images", "options", "target", "rotation", "order_kept")
    with reading(path):
        for _, group in groupby(rows, key=lambda row: row["position"]):
            answers = list(group)
            if (reason := answers[0]["order_kept"]) is not None:
                kept[reason] += 1
                continue
            collected.statuses.update(row["status"] for row in answers)
            collected.add(list(map(as_wrong, answers)) if failed_as_wrong else answers)
    return _estimates(collected, kept, profile + FAILED_AS_WRONG if failed_as_wrong else profile)


def _estimates(collected: _Collected, kept: Counter[str], profile: str) -> PositionBias:
    clusters, overall = clusters_of(collected.pictures), collected.overall
    positions = [
        PositionScore(
            letter,
            collected.right[letter].share(clusters),
            len(collected.right[letter].values),
            collected.chosen[letter].mean,
            collected.expected[letter].mean,
            collected.bias[letter].difference(clusters),
        )
        for letter in sorted({*collected.right, *collected.chosen})
    ]
    names = ("robust", "original", "mean", "mixed", "flipped")
    return PositionBias(
        profile,
        questions=len(collected.pictures) + kept.total(),
        rotated=len(collected.pictures),
        order_kept=dict(kept.most_common()),
        answers=collected.statuses.total(),
        failed=collected.statuses[SampleStatus.FAILED],
        not_run=collected.statuses[SampleStatus.NOT_RUN],
        complete=len(overall["robust"].values),
        answered=len(overall["flipped"].values),
        rotations=tuple(collected.rotations[number].share(clusters) for number in sorted(collected.rotations)),
        positions=tuple(positions),
        **{name: overall[name].share(clusters) for name in names},
    )


Table = tuple[tuple[str, ...], list[tuple[str, ...]]]
"""Column headings and rows of text."""


def bias_tables(bias: PositionBias) -> tuple[Table, Table]:
    """Return the scores formatted for people, in %: over the rotations, and per position."""
    named = (
        ("right in every rotation (robust)", bias.robust),
        ("options as they are", bias.original),
        ("mean of all rotations", bias.mean),
        ("right in some rotations only", bias.mixed),
        ("another option chosen in some rotation", bias.flipped),
        *((f"options moved up by {number}", one) for number, one in enumerate(bias.rotations) if number),
    )
    positions: list[tuple[str, ...]] = [
        (
            one.letter,
            percent(one.accuracy.value),
            _span(one.accuracy),
            percent(one.chosen),
            percent(one.expected),
            "-" if one.bias.value is None else f"{100 * one.bias.value:+.1f}",
            _span(one.bias, "+.1f"),
        )
        for one in bias.positions
    ]
    intervals = "95 % interval"
    return (
        (("Of all rotations", "%", intervals), [(name, percent(one.value), _span(one)) for name, one in named]),
        (
            ("Position", "Accuracy % (right option here)", intervals, "Chosen %", "Expected %", "Bias", intervals),
            positions,
        ),
    )


def bias_counts(bias: PositionBias) -> Iterator[str]:
    """Yield sentences about what was counted."""
    kept = "".join(f"; {count:,}: {reason}" for reason, count in bias.order_kept.items())
    yield f"{bias.rotated:,} of {bias.questions:,} questions are rotated{kept}"
    if bias.failed + bias.not_run:
        yield (
            f"{bias.failed:,} of {bias.answers:,} answers failed, {bias.not_run:,} were not run; shares of questions "
            f"are over the {bias.complete:,} with a score in every rotation"
        )


def write_bias(bias: PositionBias, folder: Path, stem: str = "rotations") -> None:
    """Write rotations.json and rotations.md (or with another stem) into an existing folder, each atomically.

    Raises:
        UserError: a file cannot be written.
    """
    tables = "\n".join(
        "\n".join(f"| {' | '.join(cells)} |" for cells in (header, ("---", *["---:"] * (len(header) - 1)), *rows))
        + "\n"
        for header, rows in bias_tables(bias)
    )
    text = f"Matching profile: {bias.profile}\n\n" + "\n\n".join((*bias_counts(bias), tables))
    for name, content in (
        (f"{stem}.json", orjson.dumps(bias, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)),
        (f"{stem}.md", text.encode()),
    ):
        with replacing(folder / name) as draft:
            draft.write_bytes(content)


def _span(one: AccuracyEstimate, form: str = ".1f") -> str:
    if one.low is None or one.high is None:
        return "-"
    return f"{100 * one.low:{form}} to {100 * one.high:{form}}"
