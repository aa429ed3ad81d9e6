"""The data that the report page shows, as its JavaScript reads it; whoever serves the page serves these values.

Everything in it is JSON, and every text may come from a file or a model. Shares run from 0 to 1. An optional key is
left out rather than null, so that a page of many samples stays small.
"""

from __future__ import annotations

from typing import Final, Literal, NotRequired, TypedDict

CONTRACT: Final = 1
"""Version of these values; the page refuses another one."""

Outcome = Literal["right", "wrong", "unscored", "failed", "not_run"]
"""How an answer counts: right if its score is above one half; `unscored` is a reply without a score."""
Flag = Literal["unanswered", "refused", "truncated"]
"""What else an answer can be found by: nothing readable in it, a refusal, a description or reply cut at its limit."""


class Share(TypedDict):
    """A share of right answers with its 95 % interval."""

    value: float
    low: float
    high: float
    n: int


class MetricFacts(TypedDict):
    """One of a benchmark's own metrics."""

    name: str
    value: float
    maximum: float
    unit: str | None
    low: float | None
    high: float | None


class RunCost(TypedDict):
    """What the calls behind a run's rows used, each call once."""

    calls: int
    prompt_tokens: int
    completion_tokens: int
    dollars: float | None
    """None if no call has a known price."""
    unpriced: int
    """Calls without a known price."""
    paid: str | None
    """Dollars that this run and its earlier attempts paid, as in the manifest; None if nothing was recorded."""


class RunFacts(TypedDict):
    """One run."""

    id: int
    """Its position in `Header.runs`."""
    letter: str
    """A short name, unique in the report: A, B, ..., Z, AA, ..."""
    benchmark: int
    who: str
    mode: str
    perceiver: str | None
    reasoner: str | None
    instruction: str | None
    instruction_text: str | None
    place: str
    """Its folder, below what all runs of the report have in common."""
    status: str | None
    counts: dict[str, int]
    """Answers by outcome and by flag."""
    accuracy: Share | None
    metrics: list[MetricFacts]
    cost: RunCost
    facts: list[tuple[str, str]]
    """Versions, digests and settings, by label."""


class GroupShares(TypedDict):
    """The accuracies of all runs on one group of a benchmark's samples."""

    level: str
    name: str | None
    n: int
    shares: dict[str, Share]
    """By the id of the run, as text."""


class VerdictShare(TypedDict):
    """How many samples of a decoupled run have a verdict."""

    verdict: str
    count: int
    value: float
    low: float
    high: float


class Failures(TypedDict):
    """What failed in a decoupled run, by its other arms."""

    run: int
    verdicts: list[VerdictShare]


class BenchmarkNumbers(TypedDict):
    """One benchmark."""

    name: str
    samples: int
    pictures: int
    sha256: str | None
    chance: float | None
    runs: list[int]
    groups: list[GroupShares]
    flips: list[list[int]]
    """Row i, column j: samples that run `runs[i]` has right and run `runs[j]` wrong."""
    both: list[list[int]]
    """Row i, column j: samples with a score in both."""
    failures: list[Failures]


class Header(TypedDict):
    """What the page shows above the samples."""

    contract: int
    title: str
    prism_engine: str
    benchmarks: list[BenchmarkNumbers]
    runs: list[RunFacts]
    pictures: NotRequired[PictureNote]


class PictureNote(TypedDict):
    """What there is of the pictures."""

    shown: int
    missing: int
    """Gone from the cache, or no longer the picture that the digest names."""
    left_out: int
    """Above the limit of the file."""
    side: int


class ShownStep(TypedDict):
    """One call behind an answer; see docs/results.md."""

    stage: str
    model: str
    outcome: str
    round: NotRequired[int]
    picture: NotRequired[int]
    text: NotRequired[str]
    """Only if it is neither the description nor the reply."""
    prompt_tokens: NotRequired[int]
    completion_tokens: NotRequired[int]
    cached_tokens: NotRequired[int]
    reasoning_tokens: NotRequired[int]
    cost: NotRequired[float]
    key: NotRequired[str]
    """The start of the call's key, for `prism cache show`."""
    prompt: NotRequired[int]
    """Position of the prompt's template, if the full prompt is known."""
    detail: NotRequired[str]


class TemplatePart(TypedDict):
    """One part of a prompt; it has one of the keys."""

    text: NotRequired[str]
    slot: NotRequired[str]
    """`description`, `question`, `options` (a line each, `A. text`) or `hints`: of the reply, or else of the sample."""
    picture: NotRequired[int]
    """Position in the sample's `images`."""


class TemplateMessage(TypedDict):
    """One message of a prompt."""

    role: str
    parts: list[TemplatePart]


Template = list[TemplateMessage]
"""A prompt whose slots are filled with the texts of its sample and reply."""


class Review(TypedDict):
    """What a judge says about an answer."""

    judge: str
    resolved: str
    review: NotRequired[str]
    extracted: NotRequired[str]
    score: NotRequired[float]


class ShownReply(TypedDict):
    """One reply: the answer's only one, or one of its draws and rotations."""

    name: NotRequired[str]
    """Which of several it is, such as `draw 2` or `options moved by 1`."""
    outcome: Outcome
    flags: NotRequired[list[Flag]]
    score: NotRequired[float]
    extracted: NotRequired[str]
    text: NotRequired[str]
    description: NotRequired[int]
    """Position in `ShownSample.descriptions`."""
    hints: NotRequired[str]
    fell_back: NotRequired[str]
    failure: NotRequired[str]
    options: NotRequired[list[tuple[str, str]]]
    """Letters and texts as asked, if they differ from the sample's."""
    target: NotRequired[str]
    steps: NotRequired[list[ShownStep]]
    review: NotRequired[Review]


class ShownAnswer(TypedDict):
    """What one run answered."""

    outcome: Outcome
    flags: NotRequired[list[Flag]]
    score: NotRequired[float]
    extracted: NotRequired[str]
    verdict: NotRequired[str]
    replies: list[ShownReply]
    """At least one."""


class ShownSample(TypedDict):
    """One question with the answers of all runs."""

    id: int
    """Its position in the report, over all benchmarks."""
    benchmark: int
    index: str
    question: str
    category: NotRequired[str]
    l2_category: NotRequired[str]
    split: NotRequired[str]
    hint: NotRequired[str]
    options: NotRequired[list[tuple[str, str]]]
    """Letters and texts."""
    target: NotRequired[str]
    images: list[str]
    """Digests."""
    descriptions: list[str]
    """Each different description once."""
    answers: dict[str, ShownAnswer]
    """By the id of the run, as text; a run that lacks the sample is left out."""
