"""What scores replies: the contract of an answer kind, the rows that it folds and the numbers that it gives."""

from __future__ import annotations

import ast
import re
import warnings
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b
from typing import TYPE_CHECKING, ClassVar, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from prism_engine.records import AnswerKind, Sample, SampleStatus, Score

Level = Literal["overall", "l2_category", "category"]
"""What a group of samples has in common: nothing, the l2-category or the category."""

OUR_PROFILE: Final = "prism"
"""The profile without VLMEvalKit's defects, and the default. Every other one (`v1`, `v2`, `v3`) reproduces a period of
VLMEvalKit, its defects included; they differ in how options are matched, and for most answer kinds in nothing."""

PROFILE_NAMES: Final = (OUR_PROFILE, "v1", "v2", "v3")
"""All profiles; a factory of scorers is given one of them."""

REFUSAL: Final = "Z"
"""What a refusal reads as; the same letter that VLMEvalKit offers its judges for "none of the options"."""


@dataclass(frozen=True, slots=True)
class Scored:
    """A row of a predictions file, as far as folding needs it. Rows without a prediction are there too."""

    index: str
    status: SampleStatus
    """Only a row that is `done` has a prediction."""
    score: float | None
    """`Score.value`; None where the row is not done, or could not be judged."""
    extracted: str | None
    """`Score.answer`."""
    target: str | None = None
    options: int = 0
    """How many the question has."""
    category: str | None = None
    l2_category: str | None = None
    split: str | None = None
    images: tuple[str, ...] = ()
    """Digests of its pictures; equal bytes, equal digest."""
    extra: Mapping[str, str] = field(default_factory=dict)
    """The benchmark's other columns by their normalised names, as in `Sample.extra`."""
    reply: str | None = None


@dataclass(frozen=True, slots=True)
class Metric:
    """One of a benchmark's own numbers, for one group of its rows."""

    name: str
    """Such as `acc+` or `F1`; the same in every group."""
    value: float | None
    """In the benchmark's own unit; None, never 0, where the group has nothing to compute it from."""
    maximum: float
    """The best possible value: 1 for a share, 100 for percent, 2000 for MME's perception."""
    n: int
    """The units that it was computed from: rows, pictures, groups of rotations."""
    level: Level = "overall"
    group: str | None = None
    """The category's name; None at level overall."""
    split: str | None = None
    """None where the group spans all splits, or the benchmark has none."""


class Scorer(ABC):
    """Scores the replies of one answer kind under one profile. Pure: no I/O, no state, safe to share."""

    kind: ClassVar[AnswerKind]
    headline: ClassVar[str | None] = None
    """The metric (over all rows) by which the benchmark is quoted; None: the mean of the scores."""
    ways: ClassVar[int | None] = None
    """Answers to guess from where a question has no options; None: it cannot be guessed."""

    def __init__(self, profile: str) -> None:
        """Take one of PROFILE_NAMES."""
        self.profile = profile

    @property
    def ours(self) -> bool:
        """Whether VLMEvalKit's defects are to be mended, not reproduced."""
        return self.profile == OUR_PROFILE

    @abstractmethod
    def score(self, reply: str, sample: Sample) -> Score:
        """Score one reply, whatever text it is, in time linear in its length, without ever raising.

        Returns:
            `value` from 0 to 1 (0 also where nothing could be read out of the reply), or None where it cannot be
            judged: the row has no target, or its judge has not spoken. `answer` is what was read out of the reply,
            `REFUSAL` for a refusal, None for nothing. Measures in other units (ratings, CIDEr) are metrics, not scores.
        """

    def metrics(self, rows: Iterable[Scored]) -> tuple[Metric, ...]:
        """Fold scored rows into the benchmark's own numbers, overall ones first.

        Args:
            rows: each once, in the benchmark's order; read once, so that a large file need not be held.

        Returns:
            What the mean of the scores per group does not say already; nothing by default. Never raises on part of a
            benchmark: a number that lacks its rows is None.
        """
        del rows
        return ()

    def unsettled(self, rows: Iterable[Scored]) -> tuple[str, ...]:
        """Return the indices of the done rows for which a judge could still change the result; none by default.

        A row that could not be read, in a group that is lost anyway, is not among them.
        """
        del rows
        return ()


GUESS_SEED: Final = 2680
"""The original's seed. Its draws hung on the order of the rows; here each row's hangs on its index alone."""


def guess_is_right(index: str, ways: int, seed: int = GUESS_SEED) -> bool:
    """Whether a guess among so many answers is right for that row: once in `ways` rows, the same ones each time."""
    digest = blake2b(f"{seed}\n{index}".encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest) % ways == 0


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
"""The phrases as a pattern for lower-cased text, in the syntax that Python's and Rust's engines share; linear."""

_FOUND: Final = re.compile(INABILITY)


def says_it_cannot_tell(reply: str) -> bool:
    """Whether a reply says that what it was given does not hold the answer."""
    return _FOUND.search(reply.lower()) is not None


MOST_CHARACTERS = 100_000
"""Of a cell that is read as a list; a longer one is a text."""


@lru_cache(maxsize=4096)
def right_answers(cell: str) -> tuple[str, ...]:
    """Return the texts of a stringified list, or else the cell itself as the only right answer.

    Nothing is evaluated: only literals are read, and what is no list of them stays the text that it is.
    """
    found = literal_list(cell)
    return (cell,) if found is None else tuple(map(str, found))


def literal_list(cell: str) -> list[object] | None:
    """Return the list that a cell spells in Python's literals; None where it spells none."""
    inside = cell.strip()
    if len(inside) > MOST_CHARACTERS or not (inside.startswith("[") and inside.endswith("]")):
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)  # an odd escape is the text's own
            warnings.simplefilter("ignore", DeprecationWarning)
            found = ast.literal_eval(inside)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None
    return found if isinstance(found, list) else None
