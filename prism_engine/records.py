"""The frozen, typed values that pass through the pipeline; no I/O."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Literal, NamedTuple

from prism_engine.stage import ANSWERS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from prism_engine.stage import StageKey

Role = Literal["system", "user", "assistant"]


class Outcome(StrEnum):
    """How a call ended."""

    OK = "ok"
    """The model stopped on its own."""
    TRUNCATED = "truncated"
    """The model was cut off at the output limit; the text is usable and is marked as truncated."""
    REFUSED = "refused"
    """The provider's filter answered instead of the model."""
    EMPTY = "empty"
    """The model stopped without producing a visible character."""
    ERROR = "error"
    """The call failed permanently; `Completion.detail` says why."""
    NOT_RUN = "not_run"
    """The call was never sent; nothing was spent."""

    @property
    def reusable(self) -> bool:
        """Whether the text may be served from the cache and passed to the next stage."""
        return self in (Outcome.OK, Outcome.TRUNCATED)


class PictureFacts(NamedTuple):
    """What is known about a picture without its pixels, as far as it decides on how a model gets it."""

    format: str
    """Pillow's name: `PNG`, `JPEG`, `MPO` (a JPEG with more than one picture), `TIFF`, ..."""
    mode: str
    """Pillow's mode: `RGB`, `L`, `I;16`, `F`, ..."""
    width: int
    height: int
    size: int
    """Bytes of the encoded picture."""
    clips: bool = False
    """Whether its pixels have more than 8 bits, which Pillow would clip."""
    pages: bool = False
    """Whether it has pages after the first, which no model sees (TIFF)."""


@dataclass(frozen=True, slots=True)
class PicturePolicy:
    """Which pictures a model gets as they are stored; the others are converted (`imaging/picture_rules.py`).

    Pictures that Pillow would clip are always scaled to 8 bits.
    """

    formats: frozenset[str] | None = None
    """Formats that are sent as they are, by Pillow's names; None means all: the model's server decodes with Pillow."""
    max_side: int | None = None
    """Maximum pixels of the longer side."""
    max_bytes: int | None = None
    """Maximum bytes as sent, that is, of its data URL."""


@dataclass(frozen=True, slots=True)
class Image:
    """One picture, identified by its bytes; decoded only when a model needs the pixels."""

    digest: str
    """SHA-256 (64 hex digits) of the encoded bytes, exactly as stored in the benchmark."""
    path: Path = field(compare=False)
    """Where those bytes are stored on this machine; not part of the picture's identity."""
    facts: PictureFacts | None = field(default=None, compare=False)
    """Facts that follow from the bytes. None if unknown; the picture is then never converted."""


Part = str | Image


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation: text and pictures in the order the model sees them."""

    role: Role
    parts: tuple[Part, ...]

    @property
    def images(self) -> tuple[Image, ...]:
        """The pictures of this turn, in order."""
        return tuple([part for part in self.parts if isinstance(part, Image)])


@dataclass(frozen=True, slots=True)
class Sampling:
    """Sampling parameters, as sent to the model."""

    max_tokens: int = 512
    """Output limit in tokens."""
    temperature: float = 0.0
    top_p: float = 1.0
    seed: int | None = None
    """Meaningful, and part of a call's identity, only if temperature > 0."""
    stop: tuple[str, ...] = ()

    @property
    def greedy(self) -> bool:
        """Whether decoding is deterministic, so that runs with other output limits may share the completion."""
        return self.temperature == 0.0

    def drawn(self, number: int | None) -> Sampling:
        """Return the sampling of draw `number`, which has its own seed; None means that there is only one draw."""
        return self if number is None else replace(self, seed=(self.seed or 0) + number)


@dataclass(frozen=True, slots=True)
class ModelIdentity:
    """Everything about a model that shapes its completions, and nothing operational."""

    name: str
    """The registry name, for display; not part of the identity."""
    facts: tuple[tuple[str, str], ...]
    """Sorted pairs, such as ("weights", "sha256:...") or ("hub", "org/name@revision"); empty if the backend states
    none."""
    pictures: PicturePolicy | None = None
    """How it gets pictures; a conversion is part of the keys of exactly those calls that show a converted picture. None
    means that it gets all as they are stored."""

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ModelIdentity):
            return NotImplemented
        return self.facts == other.facts and (self.is_stated or self.name == other.name)

    def __hash__(self) -> int:
        return hash(self.facts or self.name)

    @property
    def is_stated(self) -> bool:
        """Whether the facts identify the model; if not, its calls are not cached, and only its name compares."""
        return bool(self.facts)


@dataclass(frozen=True, slots=True)
class Call:
    """One request to one model, complete and immutable before anything is sent."""

    stage: StageKey
    """The stage that makes the call; for accounting, not part of the call's identity."""
    model: ModelIdentity
    messages: tuple[Message, ...]
    sampling: Sampling
    _text_bytes: int = field(default=-1, init=False, repr=False, compare=False)

    @property
    def images(self) -> tuple[Image, ...]:
        """All pictures in the call, in order."""
        return tuple([part for message in self.messages for part in message.parts if isinstance(part, Image)])

    @property
    def text_bytes(self) -> int:
        """Length of its text in UTF-8; counted once."""
        if self._text_bytes < 0:
            texts = [part for message in self.messages for part in message.parts if isinstance(part, str)]
            size = sum([len(text.encode("utf-8", "surrogatepass")) for text in texts])
            object.__setattr__(self, "_text_bytes", size)
        return self._text_bytes


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one call as counted by the model; None if not reported."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cached_tokens: int | None = None
    """Prompt tokens that the provider served from its own prefix cache."""
    reasoning_tokens: int | None = None
    """The part of the completion tokens that was hidden or separate thinking."""
    total_tokens: int | None = None
    """The provider's total; more than prompt plus completion tokens if it counts thinking separately."""

    @property
    def output_tokens(self) -> int:
        """Output that is charged for; thinking may be counted on its own, or in the total only. 0 if not reported."""
        prompt = max(self.prompt_tokens or 0, 0)
        return max(self.completion_tokens or 0, 0, self.reasoning_tokens or 0, (self.total_tokens or 0) - prompt)


@dataclass(frozen=True, slots=True)
class Completion:
    """The result of a call."""

    outcome: Outcome
    text: str = ""
    """The visible answer, unstripped; empty unless the outcome is ok or truncated (or a partial refusal)."""
    reasoning: str = ""
    """Thinking that the server returned separately from the text."""
    finish_reason: str = ""
    """As the model reported it: stop, length, content_filter, ..."""
    usage: Usage = Usage()
    model: str = ""
    """The model id as returned; may be more specific than the requested one."""
    seconds: float = 0.0
    """Seconds from sending the request to the last byte, without retries and waiting."""
    attempts: int = 1
    """Requests sent for this completion, including failed ones."""
    detail: str = ""
    """Why the call failed; empty for a usable completion."""
    fresh: bool = field(default=False, compare=False)
    """Whether it was generated in this run and not taken from the cache; not stored."""
    key: str = field(default="", compare=False)
    """The cache key of its call; empty if the model does not state its identity. Not stored with the completion."""

    @property
    def usable(self) -> bool:
        """Whether there is text to work with; a model that was cut off while thinking has not produced any yet."""
        return self.outcome.reusable and bool(self.text.strip())


class AnswerKind(StrEnum):
    """The form of a benchmark's answers; decides how replies are read and how sample scores are aggregated."""

    CHOICE = "choice"
    """One option's letter."""
    CIRCULAR = "circular"
    """One option's letter; counts as correct only if it is correct under every rotation of the options (MMBench)."""
    MMMU = "mmmu"
    """One option's letter, mixed with open questions that have no options."""
    YES_NO = "yes_no"
    MME = "mme"
    """Yes or no; scored per question and per picture."""
    POPE = "pope"
    """Yes or no; precision, recall and F1 of yes."""
    HALLUSION = "hallusion"
    """Yes or no; scored per question, figure and pair (HallusionBench)."""
    VQA = "vqa"
    """Short text, compared with the answers of ten annotators (VQA accuracy; TextVQA)."""
    ANLS = "anls"
    """Short text, scored by edit distance (DocVQA, InfoVQA)."""
    RELAXED = "relaxed"
    """Short text or a number within 5 % (ChartQA)."""
    EXACT = "exact"
    """Short text, equal except for case (OCRVQA)."""
    OCRBENCH = "ocrbench"
    """Text that must contain one of the correct texts."""
    MATHVISTA = "mathvista"
    """Option, number or text; extracted by a judge if matching fails."""
    MMVET = "mmvet"
    """Open; graded from 0 to 1 by a judge."""
    LLAVABENCH = "llavabench"
    """Open; rated by a judge against a reference answer."""
    CAPTION = "caption"
    """A caption, compared with references (COCO)."""
    OPEN = "open"
    """Open, without a reference."""


class Option(NamedTuple):
    """One option of a multiple-choice question."""

    letter: str
    text: str


class Draw(NamedTuple):
    """The draw of a question, and the rotation of its options, that a sample stands for."""

    position: int
    """The question's position in the benchmark."""
    description: int | None
    """0-based number of the description; None if there is only one."""
    answer: int | None
    """0-based number of the answer to that description; None if there is only one."""
    rotation: int | None = None
    """Number of places that the options are moved up; None if the run rotates none."""
    order_kept: str | None = None
    """Why this question keeps the order of its options in a run that rotates them."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One question of a benchmark."""

    position: int
    """0-based position in the benchmark, not counting rows without a picture."""
    index: str
    """The benchmark's own id, as written in the file."""
    images: tuple[Image, ...]
    question: str
    hint: str | None = None
    options: tuple[Option, ...] = ()
    answer: str | None = None
    """The target: a letter for multiple choice; None if the file has no answers."""
    category: str | None = None
    l2_category: str | None = None
    split: str | None = None
    gold_description: str | None = None
    """The benchmark's own description of the pictures; None if the row has none."""
    extra: Mapping[str, str] = field(default_factory=dict)
    """The row's other non-empty cells by normalised column name (`image_path`, `question_type`, `g_index`, ...), for
    scorers of a specific benchmark."""
    kind: AnswerKind | None = None
    """The form of the answer; None if unspecified."""
    draw: Draw | None = None
    """None if the run asks each question only once."""


@dataclass(frozen=True, slots=True)
class Score:
    """The score of a reply. A `value` of None means that it could not be scored, which is not the same as wrong."""

    value: float | None
    answer: str | None = None
    """The answer extracted from the reply (an option letter, "Z" for a refusal); None if there was none."""


class SampleStatus(StrEnum):
    """How a sample ended."""

    DONE = "done"
    FAILED = "failed"
    """A call failed permanently; `failure` says which one and why. Never counted as a wrong answer."""
    NOT_RUN = "not_run"
    """The run stopped before this sample; the next run processes it."""


@dataclass(frozen=True, slots=True)
class StepRecord:
    """One call that a sample passed through, with its completion."""

    stage: StageKey
    model: str
    """The model's name in the registry."""
    completion: Completion
    round: int = 0
    """0-based number of the draw, or of the repetition, within its stage."""
    picture: int | None = None
    """0-based position, among the sample's pictures, of the one picture that the call shows; None if it shows none or
    multiple."""
    cost: int | None = None
    """Nano-dollars that the call costs by its model's price, whichever run paid it; None if the price is unknown, the
    provider reported no usage, or no provider was asked."""


@dataclass(frozen=True, slots=True)
class SampleResult:
    """The outcome of one sample in the pipeline, as written to the journal."""

    sample: Sample
    status: SampleStatus
    description: str | None = None
    steps: tuple[StepRecord, ...] = ()
    """The calls that have a completion, in the order in which the sample passed through them."""
    score: Score | None = None
    """None if there was nothing to score: no reply, or no answer in the file."""
    failure: str | None = None
    trouble: Exception | None = None
    """An error that affects every sample and therefore stops the run."""
    hints: str | None = None
    """The hints for this question that were added to the perceiver's instruction."""
    fell_back: str | None = None
    """Why there are no hints, so that the perceiver got the shared instruction."""

    @property
    def descriptions(self) -> tuple[Completion, ...]:
        """The perception call of each picture, in order."""
        return tuple(step.completion for step in self.steps if step.stage == "perceive")

    @property
    def reply(self) -> Completion | None:
        """The answering call; None in perception mode or if the stage was not reached."""
        return next((step.completion for step in self.steps if step.stage in ANSWERS), None)

    @property
    def is_retryable(self) -> bool:
        """Whether it failed because of a call that returned nothing at all, and so may succeed on a retry."""
        failed = (call.outcome is Outcome.ERROR for call in self.calls)
        return self.status is SampleStatus.FAILED and any(failed)

    @property
    def made_calls(self) -> bool:
        """Whether any of its completions was generated in this run and did not come from the cache."""
        return any(call.fresh for call in self.calls)

    @property
    def calls(self) -> Iterator[Completion]:
        """Every completion, in the order of the steps."""
        return (step.completion for step in self.steps)
