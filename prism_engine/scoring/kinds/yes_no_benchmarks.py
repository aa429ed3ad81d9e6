"""Metrics of yes/no benchmarks: MME's points, POPE's F1, and HallusionBench's accuracies.

Under prism's own profile an image, figure or question that lacks a prediction is not right as a whole; VLMEvalKit's
profiles omit missing rows, consider only the first two rows of an MME image, and merge HallusionBench's figures if both
of its categories have an l2-category of the same name.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from statistics import fmean
from typing import TYPE_CHECKING, ClassVar, Final, NamedTuple

from prism_engine.records import AnswerKind
from prism_engine.scoring.flaws import Flaw
from prism_engine.scoring.grouping import Group, groups_of
from prism_engine.scoring.kinds.yes_no import YES, YesNo
from prism_engine.scoring.scorer import Metric, Unit

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from prism_engine.scoring.scorer import Scored

_PERCEPTION: Final = (
    *("OCR", "artwork", "celebrity", "color", "count"),
    *("existence", "landmark", "position", "posters", "scene"),
)
_REASONING: Final = ("code_reasoning", "commonsense_reasoning", "numerical_calculation", "text_translation")
_TOTALS: Final = {"total": _PERCEPTION + _REASONING, "perception": _PERCEPTION, "reasoning": _REASONING}
_PER_CATEGORY: Final = 200
_PICTURE: Final = "picture with all its questions"
_BOTH: Final = "question, and picture with all its questions"
_PLUS: Final = ("acc+", 100, _PICTURE)


class Mme(YesNo):
    """Points: the sum of each category's accuracies over questions and over images, in percent."""

    kind = AnswerKind.MME
    headline: ClassVar[str | None] = "total"
    needed_columns = ("category",)

    def metrics(self, rows: Iterable[Scored]) -> tuple[Metric, ...]:  # noqa: D102 - see `Scorer`
        categories: defaultdict[str, list[Scored]] = defaultdict(list)
        for row in rows:
            categories[row.category or ""].append(row)
        metrics: list[Metric] = []
        points: dict[str, float | None] = {}
        for name in sorted(categories):
            numbers = self._category(name, categories[name])
            points[name] = numbers[0].value
            metrics += numbers
        counts = {name: len(members) for name, members in categories.items()}
        return (*(_sum(name, parts, points, counts) for name, parts in _TOTALS.items()), *metrics)

    def _category(self, name: str, rows: list[Scored]) -> list[Metric]:
        pictures = self._pictures(rows)
        scores = [row.score for row in rows if row.score is not None]
        if not scores:
            return [
                Metric(metric, None, maximum, 0, "category", name, unit=unit)
                for metric, maximum, unit in (("score", _PER_CATEGORY, _BOTH), ("acc", 100, "question"), _PLUS)
            ]
        whole = [self._is_whole(picture) for picture in pictures.values()]
        acc, plus = 100 * fmean(scores), 100 * fmean(whole)
        return [
            Metric("score", acc + plus, _PER_CATEGORY, len(scores), "category", name, unit=_BOTH),
            Metric("acc", acc, 100, len(scores), "category", name),
            Metric("acc+", plus, 100, len(whole), "category", name, unit=_PICTURE),
        ]

    def _pictures(self, rows: Iterable[Scored]) -> defaultdict[object, list[Scored]]:
        pictures: defaultdict[object, list[Scored]] = defaultdict(list)
        for row in rows:
            if self.ours or row.score is not None:
                pictures[row.extra.get("image_path") or row.images].append(row)
        return pictures

    def _is_whole(self, rows: Sequence[Scored]) -> bool:
        """Whether all questions about a picture are answered right; VLMEvalKit considers the first two."""
        return all(row.score == 1.0 for row in rows[: None if self.ours else 2])

    def units(self, rows: Iterable[Scored]) -> Iterator[Unit]:  # noqa: D102 - see `Scorer`
        categories: defaultdict[str, list[Scored]] = defaultdict(list)
        for row in rows:
            categories[row.category or ""].append(row)
        for name, members in categories.items():
            scored = [((row,), 100 * row.score) for row in members if row.score is not None]
            whole = [(tuple(each), 100.0 * self._is_whole(each)) for each in self._pictures(members).values()]
            for metric, found in (("acc", scored), ("acc+", whole if scored else [])):
                for unit, value in found:
                    yield Unit(metric, unit, value)
                    yield Unit("score", unit, value, part=metric)
                    for total, parts in _TOTALS.items():
                        if name in parts:
                            yield Unit(total, unit, value, part=f"{name}, {metric}")


def _sum(name: str, parts: Sequence[str], points: Mapping[str, float | None], counts: Mapping[str, int]) -> Metric:
    values = [points.get(part) for part in parts]
    whole = None if None in values else sum(value for value in values if value is not None)
    return Metric(name, whole, _PER_CATEGORY * len(parts), sum(counts.get(part, 0) for part in parts), unit=_BOTH)


class Pope(YesNo):
    """F1, accuracy, precision and recall of "yes", in percent; a row counts once for each of its categories."""

    kind = AnswerKind.POPE
    headline: ClassVar[str | None] = "F1"
    needed_columns = ("category",)

    def metrics(self, rows: Iterable[Scored]) -> tuple[Metric, ...]:  # noqa: D102 - see `Scorer`
        counts: defaultdict[Group, _Detection] = defaultdict(_Detection)
        counts[Group(None, "overall", None)]  # exists even without rows
        for row in rows:
            if row.score is None:
                continue
            for category in (row.category or "").split(","):
                # Overall counts a row once for each of its categories.
                for group in groups_of(None, None, category.strip() or None):
                    counts[group].add(row)
        return tuple(
            metric
            for group in sorted(counts, key=lambda group: (group.level != "overall", group.name or ""))
            for metric in counts[group].metrics(group)
        )

    def units(self, rows: Iterable[Scored]) -> Iterator[Unit]:  # noqa: D102 - see `Scorer`
        for row in rows:
            if row.score is None:
                continue
            positive, read = _is_yes(row)
            for category in (row.category or "").split(","):
                one = (replace(row, category=category.strip() or None, l2_category=None),)
                yield Unit("F1", one, 200.0 * (positive and read), float(positive + read))
                yield Unit("acc", one, 100 * row.score)
                yield Unit("precision", one, 100.0 * (positive and read), float(read))
                yield Unit("recall", one, 100.0 * (positive and read), float(positive))


def _is_yes(row: Scored) -> tuple[bool, bool]:
    """Whether yes is the right answer, and whether it was read."""
    return (row.target or "").strip().capitalize() == YES, row.extracted == YES


class _Detection:
    """Detection of "yes"; anything not read as yes counts as no for precision, recall and F1."""

    def __init__(self) -> None:
        self.cells: Counter[tuple[bool, bool]] = Counter()
        self.right = 0.0

    def add(self, row: Scored) -> None:
        self.cells[_is_yes(row)] += 1
        self.right += row.score or 0.0

    def metrics(self, group: Group) -> Iterator[Metric]:
        hits, misses, alarms = (self.cells[key] for key in ((True, True), (True, False), (False, True)))
        n = self.cells.total()
        shares = {
            "F1": (2 * hits, 2 * hits + alarms + misses),
            "acc": (self.right, n),
            "precision": (hits, hits + alarms),
            "recall": (hits, hits + misses),
        }
        for name, (part, whole) in shares.items():
            yield Metric(name, 100 * part / whole if whole else None, 100, n, group.level, group.name)


class _Position(NamedTuple):
    """Position of a HallusionBench row, from its index `category_l2_visual_set_figure_question`."""

    set: str
    figure: str
    question: str


_MEAN: Final = "mean of aAcc, fAcc and qAcc"
_ACCURACIES: Final = {"aAcc": "question", "fAcc": "figure", "qAcc": "question over all its figures"}
"""What each of HallusionBench's accuracies counts."""


class Hallusion(YesNo):
    """Accuracy per question (aAcc), per figure (fAcc) and per question over all its figures (qAcc), in percent.

    The headline is their mean, as on the Open VLM Leaderboard.
    """

    kind = AnswerKind.HALLUSION
    headline: ClassVar[str | None] = _MEAN
    needed_columns = ("category",)

    @classmethod
    def row_flaws(cls, cells: Mapping[str, str], pictures: int | None) -> Iterator[Flaw]:  # noqa: D102 - see `Scorer`
        del pictures
        if cells["index"].count("_") < 5:
            yield Flaw("error", "malformed index", "index", "does not end in set, figure and question (..._3_4_5)")

    def metrics(self, rows: Iterable[Scored]) -> tuple[Metric, ...]:  # noqa: D102 - see `Scorer`
        groups: defaultdict[Group, list[Scored]] = defaultdict(list)
        groups[Group(None, "overall", None)]  # exists even without rows
        for row in rows:
            if self.ours or row.score is not None:
                for group in groups_of(None, row.l2_category, row.category):
                    groups[group].append(row)
        order = sorted(groups, key=lambda group: group.rank)
        return tuple(metric for group in order for metric in self._numbers(group, groups[group]))

    def units(self, rows: Iterable[Scored]) -> Iterator[Unit]:  # noqa: D102 - see `Scorer`
        counted = [row for row in rows if self.ours or row.score is not None]
        for name, parts in self._parts(counted).items():
            for part in parts:
                value = 100.0 * _all_right(part)
                yield Unit(name, tuple(part), value)
                yield Unit(_MEAN, tuple(part), value / len(_ACCURACIES), part=name)

    def _numbers(self, group: Group, rows: list[Scored]) -> Iterator[Metric]:
        level, name, values = group.level, group.name, []
        for metric, parts in self._parts(rows).items():
            value = 100 * fmean(map(_all_right, parts)) if parts else None
            values.append(value)
            yield Metric(metric, value, 100, len(parts), level, name, unit=_ACCURACIES[metric])
        known = [value for value in values if value is not None]
        mean = fmean(known) if len(known) == len(values) else None
        n = sum(row.score is not None for row in rows)
        yield Metric(_MEAN, mean, 100, n, level, name, unit=", ".join(_ACCURACIES.values()))

    def _parts(self, rows: Sequence[Scored]) -> dict[str, list[list[Scored]]]:
        """Return the rows of each unit, by metric; nothing if no row has a score."""
        scored = [[row] for row in rows if row.score is not None]
        figures: defaultdict[tuple[str | None, ...], list[Scored]] = defaultdict(list)
        questions: defaultdict[tuple[str | None, ...], list[Scored]] = defaultdict(list)
        for row in rows if scored else ():
            position = _position(row)
            parent = (row.category if self.ours else None, row.l2_category, position.set)
            figures[*parent, position.figure].append(row)
            questions[*parent, position.question].append(row)
        return {"aAcc": scored, "fAcc": list(figures.values()), "qAcc": list(questions.values())}


def _all_right(rows: Sequence[Scored]) -> bool:
    return all(row.score == 1.0 for row in rows)


def _position(row: Scored) -> _Position:
    parts = row.index.split("_")
    return _Position(*parts[3:6]) if len(parts) >= 6 else _Position(row.index, "", "")
