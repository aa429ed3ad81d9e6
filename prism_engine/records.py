"""The values that travel down the pipe: frozen, typed, no I/O."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

Role = Literal["system", "user", "assistant"]
Stage = Literal["write", "perceive", "reason", "direct", "judge"]


class Outcome(StrEnum):
    """How a call ended."""

    OK = "ok"
    """The model stopped by itself."""
    TRUNCATED = "truncated"
    """The model was cut at the output limit; the text is usable, and marked."""
    REFUSED = "refused"
    """The provider's filter answered instead of the model."""
    EMPTY = "empty"
    """The model stopped without a visible character."""
    ERROR = "error"
    """The call failed for good; `Completion.detail` says why."""
    NOT_RUN = "not_run"
    """The call was never sent; nothing was spent."""

    @property
    def reusable(self) -> bool:
        """Whether the text may be served again from the cache, and go on to the next stage."""
        return self in (Outcome.OK, Outcome.TRUNCATED)


@dataclass(frozen=True, slots=True)
class Image:
    """One picture, identified by its bytes; decoded only where a model needs the pixels."""

    digest: str
    """SHA-256 (64 hex digits) of the encoded bytes, exactly as the benchmark carries them."""
    path: Path = field(compare=False)
    """Where those bytes lie on this machine; not part of the picture's identity."""


Part = str | Image


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation: text and pictures in the order in which the model sees them."""

    role: Role
    parts: tuple[Part, ...]

    @property
    def images(self) -> tuple[Image, ...]:
        """The pictures of this turn, in order."""
        return tuple(part for part in self.parts if isinstance(part, Image))


@dataclass(frozen=True, slots=True)
class Sampling:
    """How a completion is drawn, as sent to the model."""

    max_tokens: int = 512
    """Output limit in tokens."""
    temperature: float = 0.0
    top_p: float = 1.0
    seed: int | None = None
    """Only meaningful, and only part of a call's identity, where temperature > 0."""
    stop: tuple[str, ...] = ()

    @property
    def greedy(self) -> bool:
        """Whether decoding is deterministic, so that runs with other output limits may share it."""
        return self.temperature == 0.0

    def drawn(self, number: int | None) -> Sampling:
        """Return the sampling of one of several draws, which have seeds of their own; None is the only draw."""
        return self if number is None else replace(self, seed=(self.seed or 0) + number)


@dataclass(frozen=True, slots=True)
class ModelIdentity:
    """What makes two models the same model: everything that shapes a completion, nothing operational."""

    name: str = field(compare=False)
    """The name in the registry; for people, not part of the identity."""
    facts: tuple[tuple[str, str], ...]
    """Sorted pairs such as ("weights", "sha256:...") or ("hub", "org/name@revision")."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request to one model, complete and immutable before anything is sent."""

    stage: Stage
    """Why the call is made; for accounting, not part of its identity."""
    model: ModelIdentity
    messages: tuple[Message, ...]
    sampling: Sampling

    @property
    def images(self) -> tuple[Image, ...]:
        """All pictures of the call, in order."""
        return tuple(image for message in self.messages for image in message.images)


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one call as the model counted them; None where it did not say."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cached_tokens: int | None = None
    """Prompt tokens that the provider served from its own prefix cache."""
    reasoning_tokens: int | None = None
    """The part of the completion tokens that was hidden or separated thinking."""
    total_tokens: int | None = None
    """As summed up by the provider; more than prompt and completion together where it counts thinking beside them."""


@dataclass(frozen=True, slots=True)
class Completion:
    """What a call gave."""

    outcome: Outcome
    text: str = ""
    """The visible answer, unstripped; empty unless the outcome is ok or truncated (or a partial refusal)."""
    reasoning: str = ""
    """Thinking that the server returned apart from the text."""
    finish_reason: str = ""
    """As the model reported it: stop, length, content_filter, ..."""
    usage: Usage = Usage()
    model: str = ""
    """The model id as returned, which may be more exact than the one asked for."""
    seconds: float = 0.0
    """From sending to the last byte, retries and waiting left out."""
    attempts: int = 1
    """Requests sent for this completion, failed ones included."""
    detail: str = ""
    """Why the call failed; empty for a usable completion."""
    fresh: bool = field(default=False, compare=False)
    """Made just now, not taken from the cache; not stored."""

    @property
    def usable(self) -> bool:
        """Whether there is a text to go on with; a model cut while it was still thinking has said nothing yet."""
        return self.outcome.reusable and bool(self.text.strip())


class AnswerKind(StrEnum):
    """What a right answer is: how replies are read, and how scored samples are folded into a benchmark's numbers."""

    CHOICE = "choice"
    """One option's letter."""
    CIRCULAR = "circular"
    """One option's letter, right only where it is right under every rotation of the options (MMBench)."""
    MMMU = "mmmu"
    """One option's letter, beside open questions without options."""
    YES_NO = "yes_no"
    MME = "mme"
    """Yes or no; counted per question and per picture."""
    POPE = "pope"
    """Yes or no; precision, recall and F1 of yes."""
    HALLUSION = "hallusion"
    """Yes or no; counted per question, figure and pair (HallusionBench)."""
    VQA = "vqa"
    """Short text, compared with ten people's answers (VQA accuracy; TextVQA)."""
    ANLS = "anls"
    """Short text, by edit distance (DocVQA, InfoVQA)."""
    RELAXED = "relaxed"
    """Short text or a number within 5 % (ChartQA)."""
    EXACT = "exact"
    """Short text, equal but for case (OCRVQA)."""
    OCRBENCH = "ocrbench"
    """Text that must hold one of the right ones."""
    MATHVISTA = "mathvista"
    """Option, number or text, extracted by a judge where matching does not."""
    MMVET = "mmvet"
    """Open; graded from 0 to 1 by a judge."""
    LLAVABENCH = "llavabench"
    """Open; rated by a judge beside a reference answer."""
    CAPTION = "caption"
    """A caption, compared with references (COCO)."""
    OPEN = "open"
    """Open, with nothing to compare it with."""


class Option(NamedTuple):
    """One choice of a multiple-choice question."""

    letter: str
    text: str


class Draw(NamedTuple):
    """Which of several draws of a question a sample stands for."""

    position: int
    """The question's place in the benchmark."""
    description: int | None
    """Which description, from 0; None where there is one."""
    answer: int | None
    """Which answer to it, from 0; None where there is one."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One question of a benchmark."""

    position: int
    """0-based place in the benchmark, rows without a picture not counted."""
    index: str
    """The benchmark's own id, as written in the file."""
    images: tuple[Image, ...]
    question: str
    hint: str | None = None
    options: tuple[Option, ...] = ()
    answer: str | None = None
    """The target: a letter for multiple choice; None where the file carries no answers."""
    category: str | None = None
    l2_category: str | None = None
    split: str | None = None
    gold_description: str | None = None
    """What can be seen, as the benchmark itself says it; None where the row carries no such text."""
    extra: Mapping[str, str] = field(default_factory=dict)
    """The row's other filled cells by their columns' normalised names (`image_path`, `question_type`, `g_index`, ...):
    what only one benchmark's scorer knows."""
    kind: AnswerKind | None = None
    """What a right answer is; None where nobody said so."""
    draw: Draw | None = None
    """None where the question is asked once."""


@dataclass(frozen=True, slots=True)
class Score:
    """A judged reply. `value` None means that it could not be judged, which is not the same as wrong."""

    value: float | None
    answer: str | None = None
    """What was read out of the reply (an option letter, "Z" for a refusal), None where nothing could be."""


class SampleStatus(StrEnum):
    """How a sample ended."""

    DONE = "done"
    FAILED = "failed"
    """A call failed for good; `failure` says which and why. Never counted as a wrong answer."""
    NOT_RUN = "not_run"
    """The run stopped first; the next run takes it up."""


@dataclass(frozen=True, slots=True)
class SampleResult:
    """One sample's way through the pipeline, as journalled."""

    sample: Sample
    status: SampleStatus
    description: str | None = None
    descriptions: tuple[Completion, ...] = ()
    """The perception call of each picture, in order."""
    reply: Completion | None = None
    """The answering call; None in perception mode or where it was not reached."""
    score: Score | None = None
    """None where nothing was to be scored: no reply, or no answer in the file."""
    failure: str | None = None
    trouble: Exception | None = None
    """What stopped this sample and concerns every other one too; the run stops for it."""
    written: Completion | None = None
    """The call that wrote what to observe; None where no model does."""
    hints: str | None = None
    """What the perceiver was told to observe for this question, beside everything else."""
    fell_back: str | None = None
    """Why there are no such contents, so that the perceiver was told the instruction for all."""

    @property
    def may_be_mended(self) -> bool:
        """Whether it failed for a call that gave nothing at all: another time the same call may work."""
        failed = (call.outcome is Outcome.ERROR for call in self._calls)
        return self.status is SampleStatus.FAILED and any(failed)

    @property
    def took_work(self) -> bool:
        """Whether a model was asked for it: not all of it came from the cache."""
        return any(call.fresh for call in self._calls)

    @property
    def _calls(self) -> tuple[Completion, ...]:
        return tuple(call for call in (self.written, *self.descriptions, self.reply) if call is not None)
