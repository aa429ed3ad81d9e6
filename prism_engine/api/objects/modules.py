"""The original's `Perception` and `Reasoning`: one picture and one question at a time, blocking or awaited."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prism_engine.api.build.instruction_sources import read_instruction
from prism_engine.api.build.shared import takes_a_gpu
from prism_engine.api.objects.session import Closeable, ImageInput, Session
from prism_engine.config import ApiModel, Merge, Mode, Pictures, RunConfig, SamplingConfig
from prism_engine.config.choices import perceivers_of, with_own_limit
from prism_engine.engine.pipeline import Pipeline
from prism_engine.errors import ConfigError, NotRunError, OutcomeError, UserError
from prism_engine.nano import REASONER
from prism_engine.prompts import hint_shots
from prism_engine.records import Outcome, Sample, Score
from prism_engine.stages.answering import Answering
from prism_engine.stages.hint_sources import InstructionBuilder, ModelHints
from prism_engine.stages.merging import MergedContext
from prism_engine.stages.perception import PerceiverContext as Describing

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from prism_engine.api.objects.session import ConnectedModel
    from prism_engine.records import Completion, SampleResult
    from prism_engine.stages.context import Context

ImageInputs = ImageInput | list[ImageInput] | tuple[ImageInput, ...]
"""One picture, or several in their order."""


class Module(Closeable):
    """A model with a session, its own one where none is given: that one is closed with it."""

    def __init__(self, session: Session | None) -> None:
        self._is_own = session is None
        self.session = Session() if session is None else session

    def close(self) -> None:
        """Stop what was started; a session that was given goes on. Idempotent."""
        if self._is_own:
            self.session.close()

    async def aclose(self) -> None:
        """Do the same without holding up the caller's event loop."""
        if self._is_own:
            await self.session.aclose()


async def answered(answering: Answering, sample: Sample, description: str | None, one: ConnectedModel) -> Completion:
    """Return a reply with a text.

    Raises:
        PrismError: what kept it from having one.
    """
    forget_failures([one])
    try:
        reply = await answering.answer(sample, description)
    except NotRunError:
        if one.unusable is not None:
            raise one.unusable from None
        raise
    if not reply.usable:
        raise OutcomeError(f"answer by {one.identity.name}: {_reason_of(reply)}", outcome=reply.outcome.value)
    return reply


def succeeded(result: SampleResult, connected: Iterable[ConnectedModel]) -> SampleResult:
    """Return a result that has a description.

    Raises:
        PrismError: what kept it from having one.
    """
    if result.failure is None:
        return result
    if result.trouble is not None:
        raise result.trouble
    calls = [call for call in (result.written, *result.descriptions) if call is not None]
    if (failed := next((call for call in calls if not call.usable), None)) is not None:
        raise OutcomeError(result.failure, outcome=failed.outcome.value)
    if result.written is not None and result.hints is None:
        raise OutcomeError(result.failure, outcome=Outcome.EMPTY.value)
    for one in connected:
        if one.unusable is not None:
            raise one.unusable
    raise NotRunError(result.failure)


def _reason_of(reply: Completion) -> str:
    why = reply.detail or (reply.finish_reason if not reply.outcome.reusable else "no text yet")
    return reply.outcome.value + (f": {why}" if why else "")


def forget_failures(connected: Sequence[ConnectedModel]) -> None:
    """Ask again for what failed before: here nobody else would."""
    for one in connected:
        one.model.forget_failures()


def require(text: object, otherwise: str) -> None:
    """Make sure that there is a text.

    Raises:
        UserError: there is none; `otherwise` says what is missing.
    """
    if not isinstance(text, str) or not text.strip():
        raise UserError(otherwise)


class Perception(Module):
    """Describes pictures, as `prism run` does: the same prompts, cache, limits and cost cap.

    Args:
        prompt_version: what the perceiver is told, as `--instruction`: generic, another built-in one, words of one's
            own, `@FILE` with a text, or `query-specific_MODEL`, which is asked anew for each question.
        model: a name of the registry, a hub id or a checkpoint's folder; `A~B` joins the descriptions of several.
        pictures: how several pictures of one question are shown.
        merge: how the descriptions of several perceivers are joined.
        sampling: how descriptions are drawn; None: greedily, at most 512 tokens.
        session: shared with other objects; None makes one that `close` closes.

    Raises:
        ConfigError: no such model, or no such instruction.
    """

    def __init__(
        self,
        prompt_version: str,
        model: str,
        *,
        pictures: Pictures | str = Pictures.EACH,
        merge: Merge | str = Merge.LABELLED,
        sampling: SamplingConfig | None = None,
        session: Session | None = None,
    ) -> None:
        super().__init__(session)
        registry = self.session.registry
        self._instruction = read_instruction(prompt_version)
        if self._instruction.listed is not None:
            raise ConfigError(
                f"instruction {prompt_version!r}: contents by row belong to a benchmark's rows; here a model writes "
                "them for any question: query-specific_MODEL"
            )
        self._names = perceivers_of(model, registry)
        asked = [*self._names, *([self._instruction.writer] if self._instruction.writer else [])]
        specs = {name: registry.find(name) for name in asked}
        if len(here := [name for name in self._names if takes_a_gpu(specs[name])]) > 1:
            raise ConfigError(
                f"perceiver {model!r}: {' and '.join(here)} would need this machine's memory at once; `prism run` lets "
                "them take turns, or give each an object of its own, one closed before the next one is used"
            )
        self._pictures, self._merge = Pictures(pictures), Merge(merge)
        self._sampling = sampling or SamplingConfig()

    def __repr__(self) -> str:
        return f"<Perception by {'~'.join(self._names)}, {self._instruction.name}>"

    def generate(self, text: str, img_path: ImageInputs) -> str:
        """Return the description of a picture, or of several, for a question.

        Args:
            text: the question; only a query-specific instruction looks at it.
            img_path: path or bytes of the picture; a list of several.

        Raises:
            OutcomeError: a model refused, said nothing, or its call failed; `outcome` says which.
            UserError: a picture cannot be read, or a model cannot work as it is configured.
            BudgetError: the next call might pass the cap on cost.
            DeadError: the model can answer nothing any more.
            StoreError: the cache cannot be read or written.
        """
        return str(self.describe(text, img_path).description)

    async def agenerate(self, text: str, img_path: ImageInputs) -> str:
        """Do the same in an event loop; several at once fill the engine."""
        return str((await self.adescribe(text, img_path)).description)

    def describe(self, text: str, img_path: ImageInputs) -> SampleResult:
        """Return the description with all calls that it took; raises as `generate`."""
        return self.session.run(self._describe(text, img_path))

    async def adescribe(self, text: str, img_path: ImageInputs) -> SampleResult:
        """Do the same in an event loop."""
        return await self.session.arun(self._describe(text, img_path))

    def answer(self, question: str, img_path: ImageInputs) -> Completion:
        """Let the perceiver answer by itself from the pictures, end to end, as mode `direct`; raises as `generate`."""
        return self.session.run(self._answer(question, img_path))

    async def aanswer(self, question: str, img_path: ImageInputs) -> Completion:
        """Do the same in an event loop."""
        return await self.session.arun(self._answer(question, img_path))

    async def _describe(self, text: str, img_path: ImageInputs) -> SampleResult:
        if self._instruction.writer is not None:
            require(text, f"instruction {self._instruction.name!r} is made for a question, and there is none")
        pipeline, connected = self._pipeline()
        forget_failures(connected)
        sample = Sample(0, "0", self.session.pictures(img_path), text or "")
        return succeeded(await pipeline.run(sample), connected)

    async def _answer(self, question: str, img_path: ImageInputs) -> Completion:
        if len(self._names) > 1:
            raise ConfigError(f"perceiver {'~'.join(self._names)!r}: one model answers by itself; name one")
        require(question, "there is no question")
        one = self.session.connect(self._names[0])
        most = 1 if self._pictures is Pictures.FIRST else None
        answering = Answering(
            one.model, one.identity, sampling=self._sampling.to_sampling(), direct=True, most_pictures=most
        )
        return await answered(answering, Sample(0, "0", self.session.pictures(img_path), question), None, one)

    def _pipeline(self) -> tuple[Pipeline, list[ConnectedModel]]:
        """Return what describes, and all who may be asked."""
        seers = [self.session.connect(name) for name in self._names]
        sampling = self._sampling.to_sampling()

        def context(told: str) -> Context:
            several = [
                Describing(one.model, one.identity, instruction=told, sampling=sampling, pictures=self._pictures)
                for one in seers
            ]
            return several[0] if len(several) == 1 else MergedContext(several, self._merge)

        told = self._instruction.text
        if (name := self._instruction.writer) is None:
            return Pipeline(context(told), None, _unscored), seers
        writer = self.session.connect(name)
        hint_source = ModelHints(
            writer.model,
            writer.identity,
            InstructionBuilder(told, context),
            shots=hint_shots(_lessons(writer)),
            sampling=SamplingConfig().to_sampling(),
        )
        # A picture at a time there is no report that could count who fell back to the instruction for all.
        return Pipeline(context(told), None, _unscored, hint_source, needs_hints=True), [*seers, writer]


class Reasoning(Module):
    """Answers questions from descriptions, as `prism run` does; it never sees a picture.

    Args:
        model: a name of the registry, a hub id or a checkpoint's folder; a number after a registered name
            (`gpt-4o-mini-2048`) is the output limit.
        sampling: how answers are drawn; None: greedily, at most 512 tokens.
        session: shared with other objects; None makes one that `close` closes.

    Raises:
        ConfigError: no such model, or two output limits.
    """

    def __init__(self, model: str, *, sampling: SamplingConfig | None = None, session: Session | None = None) -> None:
        super().__init__(session)
        run = RunConfig(benchmark="-", mode=Mode.BLIND, reasoner=model, reasoning=sampling or SamplingConfig())
        run = with_own_limit(run, self.session.registry)
        self._name, self._sampling = str(run.reasoner), run.reasoning.to_sampling()
        self.session.registry.find(self._name)

    def __repr__(self) -> str:
        return f"<Reasoning by {self._name}>"

    def generate(self, description: str, question: str) -> str:
        """Return the answer to a question about a picture that is described.

        Raises:
            OutcomeError, UserError, BudgetError, DeadError, StoreError: as `Perception.generate`.
        """
        return self.reason(description, question).text

    async def agenerate(self, description: str, question: str) -> str:
        """Do the same in an event loop."""
        return (await self.areason(description, question)).text

    def reason(self, description: str, question: str) -> Completion:
        """Return the answer with its tokens and how it ended; raises as `generate`."""
        return self.session.run(self._reason(description, question))

    async def areason(self, description: str, question: str) -> Completion:
        """Do the same in an event loop."""
        return await self.session.arun(self._reason(description, question))

    async def _reason(self, description: str, question: str) -> Completion:
        require(description, "there is no description to answer from")
        require(question, "there is no question")
        one = self.session.connect(self._name)
        answering = Answering(one.model, one.identity, sampling=self._sampling)
        return await answered(answering, Sample(0, "0", (), question), description.strip(), one)


def _unscored(_reply: str, _sample: Sample) -> Score:
    return Score(None)


def _lessons(writer: ConnectedModel) -> str:
    """Name the benchmark whose examples a writer is shown: the embedded one knows no others."""
    spec = writer.spec
    model = spec.server.model if isinstance(spec, ApiModel) and spec.server is not None else getattr(spec, "model", "")
    return "PrismScenes" if model == str(REASONER) else ""
