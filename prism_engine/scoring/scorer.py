"""The contract of answer kinds: what a kind declares, and how it scores replies and folds rows into metrics.

With the rules that kinds share: right answers read from a cell, replies that say they cannot tell, and guesses.
"""

from __future__ import annotations

import ast
import re
import warnings
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar, Final, Literal, NamedTuple

from prism_engine.records import Score

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from prism_engine.records import AnswerKind, Message, Sample, SampleStatus
    from prism_engine.scoring.flaws import Flaw

OUR_PROFILES: Final = ("prism-1", "prism-2")
"""Versions of prism's own rules, without VLMEvalKit's defects, oldest first. A published version never changes."""

OUR_PROFILE: Final = OUR_PROFILES[-1]
"""The default profile."""

PROFILE_NAMES: Final = (*OUR_PROFILES, "v1", "v2", "v3")
"""All profiles. Each of `v1`, `v2` and `v3` reproduces a period of VLMEvalKit, including its defects; they differ in
how options are matched, and for most answer kinds not at all."""

PROFILE_ALIASES: Final[Mapping[str, str]] = MappingProxyType({"prism": OUR_PROFILE, "vlmevalkit": PROFILE_NAMES[-1]})
"""What a user may write for the newest of a family. No file holds an alias, except a configuration as it was typed."""

REFUSAL: Final = "Z"
"""The answer that a refusal is read as; the letter that VLMEvalKit offers its judges for "none of the options"."""

Level = Literal["overall", "l2_category", "category"]
"""What the rows of a group have in common: nothing, the l2-category or the category."""

Lettered = Literal["all", "some"]
"""Which questions of a benchmark have lettered options."""

WORD_OR_PHRASE: Final = "Give the answer as a single word or a short phrase."
"""The request of kinds that compare a short answer."""


class Scorer(ABC):
    """An answer kind: what it declares about its questions and rows, and the scores of replies under one profile.

    Everything that the package does differently for a kind is an attribute or a method here; no other module matches on
    `AnswerKind`. Pure: no I/O, no state, safe to share.
    """

    kind: ClassVar[AnswerKind]

    # Questions

    request: ClassVar[str | None] = None
    """A last sentence of each question without options, such as `WORD_OR_PHRASE`; None: the question as written."""

    # Rows of a benchmark file

    needed_columns: ClassVar[tuple[str, ...]] = ()
    """Columns that no row may leave empty, in addition to `question`."""
    lettered: ClassVar[Lettered | None] = None
    """Which questions have lettered options, which may be part of the question's text; None: this kind has none."""
    keeps_choices: ClassVar[bool] = False
    """Whether the scorer reads a column `choices` itself, so that no options are made of it."""
    rotated: ClassVar[bool] = False
    """Whether rows are rotations of a question's options that count together, by `group_of`."""
    needs_answer: ClassVar[bool] = True
    """Whether a row without an `answer` cannot be scored."""
    gives_scores: ClassVar[bool] = True
    """Whether any reply can have a score."""

    # Scores

    headline: ClassVar[str | None] = None
    """The metric (over all rows) by which the benchmark is quoted; None: the mean of the scores."""
    quoted_as: ClassVar[Mapping[str, str]] = MappingProxyType({})
    """By a benchmark's name, its name on leaderboards if the headline leaves out a part of it."""
    ways: ClassVar[int | None] = None
    """Number of possible answers to guess from if a question has no options; None: it cannot be guessed."""

    # A judge, for kinds that override `unsettled`

    judge_attempts: ClassVar[int] = 3
    """Maximum number of reviews requested per answer."""
    judge_tokens: ClassVar[int] = 512
    """Default output limit of a review, in tokens."""

    def __init__(self, profile: str) -> None:
        """Create a scorer for one of `PROFILE_NAMES`, or for what one of `PROFILE_ALIASES` stands for."""
        self.profile = PROFILE_ALIASES.get(profile, profile)
        self.version = OUR_PROFILES.index(self.profile) + 1 if self.profile in OUR_PROFILES else 0
        """Version of prism's own rules; 0 for VLMEvalKit's. A rule that came with version 2 asks `version >= 2`."""

    @property
    def ours(self) -> bool:
        """Whether VLMEvalKit's defects are fixed rather than reproduced."""
        return self.version > 0

    @abstractmethod
    def score(self, reply: str, sample: Sample) -> Score:
        """Score one reply, which may be any text, in time linear in its length. Never raises.

        Returns:
            `value` from 0 to 1 (0 also if no answer could be read from the reply), or None if the reply cannot be
            scored: the row has no target, or its judge has not answered yet. `answer` is the answer read from the
            reply, `REFUSAL` for a refusal, None for none. Measures in other units (ratings, CIDEr) are metrics, not
            scores.
        """

    def metrics(self, rows: Iterable[Scored]) -> tuple[Metric, ...]:
        """Fold scored rows into the benchmark's own metrics, overall ones first.

        Args:
            rows: each row once, in the benchmark's order; read only once, so that a large file need not be in memory.

        Returns:
            Only what the mean of the scores per group does not show; nothing by default. Never raises on part of a
            benchmark: a metric without its rows is None.
        """
        del rows
        return ()

    def units(self, rows: Iterable[Scored]) -> Iterable[Unit]:
        """Yield what each metric over all rows counts, so that its interval and differences of runs can be computed.

        The sum over a metric's parts of (Σ values / Σ weights) is its value, over all rows as over each category whose
        rows are the units' first ones. By default nothing: metrics without an interval.
        """
        del rows
        return ()

    def group_of(self, row: Scored) -> str:
        """Return the key of the rows that count together; by default, each row's own index."""
        return row.index

    @classmethod
    def answer_flaw(cls, answer: str) -> Flaw | None:
        """Return what is wrong with a non-empty answer of a row without options; None if it is sound."""
        del answer
        return None

    @classmethod
    def row_flaws(cls, cells: Mapping[str, str], pictures: int | None) -> Iterable[Flaw]:
        """Return a row's other flaws; empty `needed_columns` are reported without it.

        Args:
            cells: by normalised column name, with `index` and `question`.
            pictures: number of the row's pictures; None if it refers to another row for some.
        """
        del cells, pictures
        return ()

    def unsettled(self, rows: Iterable[Scored]) -> tuple[str, ...]:
        """Return the indices of the done rows for which a judge could still change the result; none by default.

        They do not include an unread row in a group that is wrong anyway.
        """
        del rows
        return ()

    def judge_messages(self, sample: Sample, reply: str) -> tuple[Message, ...]:
        """Return the judge's messages about one answer.

        Raises:
            NotImplementedError: no judge can change a result of this kind.
        """
        raise NotImplementedError(f"answer kind {self.kind} has no judge")

    def read_review(self, review: str, sample: Sample) -> Score | None:
        """Return the score that a judge's review gives an answer; None if it cannot be read, so the judge is retried.

        Reviews are read as strictly as replies and never guessed; by default as replies, by the kind's own rules. Never
        raises, for any review.
        """
        score = self.score(review, sample)
        return None if score.answer is None else score

    def unread(self, sample: Sample) -> Score:
        """Return the score of an answer without a readable review: no score, rather than a wrong answer."""
        del sample
        return Score(None)


@dataclass(frozen=True, slots=True)
class Scored:
    """A row of a predictions file, reduced to what folding needs. Rows without a prediction are included."""

    index: str
    status: SampleStatus
    """Only a row that is `done` has a prediction."""
    score: float | None
    """`Score.value`; None if the row is not done or could not be scored."""
    extracted: str | None
    """`Score.answer`."""
    target: str | None = None
    options: int = 0
    """Number of the question's options."""
    category: str | None = None
    l2_category: str | None = None
    split: str | None = None
    images: tuple[str, ...] = ()
    """Digests of its images; equal bytes have equal digests."""
    extra: Mapping[str, str] = field(default_factory=dict)
    """The benchmark's other columns by normalised name, as in `Sample.extra`."""
    reply: str | None = None


class Unit(NamedTuple):
    """One unit that a metric counts: a row, a picture, a question with its rotations."""

    metric: str
    rows: tuple[Scored, ...]
    """Its rows; the first one's split and categories are the unit's."""
    value: float
    """In the metric's unit."""
    weight: float = 1.0
    part: str = ""
    """A metric that is a sum of means, such as MME's points, has a part for each."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One of a benchmark's own metrics, for one group of its rows."""

    name: str
    """Such as `acc+` or `F1`; the same in every group."""
    value: float | None
    """In the benchmark's own unit; None, never 0, if the group has nothing to compute it from."""
    maximum: float
    """The best possible value: 1 for a share, 100 for percent, 2000 for MME's perception."""
    n: int
    """Number of units that it was computed from: rows, images, groups of rotations."""
    level: Level = "overall"
    group: str | None = None
    """The category's name; None at level overall."""
    split: str | None = None
    """None if the group spans all splits, or the benchmark has none."""
    unit: str = "question"
    """What `n` counts."""
    low: float | None = None
    """Lower end of the 95 % interval, clustered by picture and unit; None if it was not computed or is unknown."""
    high: float | None = None


MAX_LIST_CHARACTERS = 100_000
"""Maximum length of a cell that is read as a list; a longer cell is one text."""


@lru_cache(maxsize=4096)
def right_answers(cell: str) -> tuple[str, ...]:
    """Return the elements of a stringified list as texts, or else the cell itself as the only right answer.

    Nothing is evaluated: only literals are read, and any cell that is not a list of literals stays as it is.
    """
    golds = literal_list(cell)
    return (cell,) if golds is None else tuple(map(str, golds))


def literal_list(cell: str) -> list[object] | None:
    """Return the list that a cell contains as Python literals; None if it contains none."""
    text = cell.strip()
    if len(text) > MAX_LIST_CHARACTERS or not (text.startswith("[") and text.endswith("]")):
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)  # an invalid escape is part of the text
            warnings.simplefilter("ignore", DeprecationWarning)
            literal = ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None
    return literal if isinstance(literal, list) else None


_TELLING: Final = r"(?:determin\w{1,3}|answer|tell|infer|conclude|identify|know|ascertain|say|decide)"
_GIVEN: Final = r"(?:description|caption|image|picture|text|context|passage|information|details?)"
_SILENT: Final = r"(?:mention|specify|state|provide|include|contain|describe|say|give|indicate|tell)"

INABILITY: Final = (
    rf"(?:cannot|can't|can’t|can not|could not|couldn't|unable to|impossible to|not possible to|no way to)"
    rf"(?: \w+ly)?(?: be)? {_TELLING}"
    rf"|(?:not enough|insufficient|lack of|no) (?:\w+ )?(?:information|details?|context|evidence)"
    rf"|{_GIVEN} (?:\w+ )?(?:does not|doesn't|doesn’t|do not|don't|did not|didn't) (?:\w+ly )?{_SILENT}"
    rf"|not (?:\w+ly )?(?:mentioned|specified|stated|provided|included|described|given|visible|shown)"
    rf" (?:in|by) the (?:\w+ )?{_GIVEN}"
    rf"|无法(?:确定|判断|回答|得知|从)|(?:描述|图片|图中)(?:中)?(?:没有|未)(?:提及|提到|说明|给出)|信息不足"
)
"""Phrases that say the answer cannot be told, as a pattern for lower-cased text; linear, in the syntax that the regex
engines of Python and Rust share."""

_INABILITY: Final = re.compile(INABILITY)


def says_it_cannot_tell(reply: str) -> bool:
    """Whether a reply says that its input does not contain the answer."""
    return _INABILITY.search(reply.lower()) is not None


GUESS_SEED: Final = 2680
"""The original's seed. Its draws depended on the order of the rows; here each row's depends only on its index."""


def guess_is_right(index: str, ways: int, seed: int = GUESS_SEED) -> bool:
    """Whether a guess among `ways` answers is right for this row: about one row in `ways`, the same rows each time."""
    digest = blake2b(f"{seed}\n{index}".encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest) % ways == 0
