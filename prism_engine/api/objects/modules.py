"""`Perception` and `Reasoning` as in the original: one question at a time, blocking or awaited."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeAlias, overload

from prism_engine.api.build.instruction_sources import read_instruction
from prism_engine.api.objects.session import Closeable, ImageInput, Session
from prism_engine.config import Arm, Merge, Pictures, RunConfig, SamplingConfig
from prism_engine.config.choices import perceivers_of
from prism_engine.config.run_config import with_own_limit
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

ImageInputs: TypeAlias = "ImageInput | Sequence[ImageInput]"
"""One picture, or a list or tuple of them in order."""


class Module(Closeable):
    """A model with a session; if none is given, it opens its own and closes it too."""

    def __init__(self, session: Session | None) -> None:
        self._is_own = session is None
        self.session = Session() if session is None else session

    def close(self) -> None:
        """Close the module's own session; a session that was passed in stays open. Idempotent."""
        if self._is_own:
            self.session.close()

    async def aclose(self) -> None:
        """Like `close`, without blocking the caller's event loop."""
        if self._is_own:
            await self.session.aclose()


async def answer_or_raise(
    answering: Answering, sample: Sample, description: str | None, connected: ConnectedModel
) -> Completion:
    """Return a reply that has text.

    Raises:
        PrismError: the reason why there is none.
    """
    forget_failures([connected])
    try:
        reply = await answering.complete(answering.call(sample, description))
    except NotRunError:
        if connected.unusable is not None:
            raise connected.unusable from None
        raise
    if not reply.usable:
        raise OutcomeError(f"answer by {connected.identity.name}: {_reason_of(reply)}", outcome=reply.outcome.value)
    return reply


def described_or_raise(result: SampleResult, connected: Iterable[ConnectedModel]) -> SampleResult:
    """Return the result if it has a description.

    Raises:
        PrismError: the reason why it has none.
    """
    if result.failure is None:
        return result
    if result.trouble is not None:
        raise result.trouble
    if (failed := next((call for call in result.calls if not call.usable), None)) is not None:
        raise OutcomeError(result.failure, outcome=failed.outcome.value)
    if result.hints is None and any(step.stage == "write" for step in result.steps):
        raise OutcomeError(result.failure, outcome=Outcome.EMPTY.value)
    for model in connected:
        if model.unusable is not None:
            raise model.unusable
    raise NotRunError(result.failure)


def _reason_of(reply: Completion) -> str:
    reason = reply.detail or (reply.finish_reason if not reply.outcome.reusable else "no text yet")
    return reply.outcome.value + (f": {reason}" if reason else "")


def forget_failures(connected: Sequence[ConnectedModel]) -> None:
    """Let calls that failed before be sent again; unlike a run, an object has no later retry."""
    for model in connected:
        model.model.forget_failures()


def require(text: object, message: str) -> None:
    """Check that `text` is a string that is not blank.

    Raises:
        UserError: it is not; with `message`.
    """
    if not isinstance(text, str) or not text.strip():
        raise UserError(message)


class Perception(Module):
    """Describes pictures as `prism run` does, with the same prompts, cache, limits and cost cap.

    Args:
        prompt_version: the perceiver's instruction, as `--instruction`: `generic` or another built-in one, your own
            wording, `@FILE` with a text, or `query-specific_MODEL`, where MODEL writes hints for each question. The
            first positional argument, as in the original.
        model: a registered name, a hub id or a checkpoint's folder; `A~B` joins the descriptions of multiple models.
            Required.
        pictures: how multiple pictures of one question are shown.
        merge: how the descriptions of multiple perceivers are joined.
        sampling: how descriptions are sampled; None: greedily, at most 512 tokens.
        session: shared with other objects; None opens one that `close` closes.

    Raises:
        ConfigError: no such model or instruction, or no model is given.
    """

    @overload
    def __init__(
        self,
        prompt_version: str,
        model: str,
        *,
        pictures: Pictures | str = ...,
        merge: Merge | str = ...,
        sampling: SamplingConfig | None = ...,
        session: Session | None = ...,
    ) -> None: ...

    @overload
    def __init__(
        self,
        *,
        model: str,
        prompt_version: str = ...,
        pictures: Pictures | str = ...,
        merge: Merge | str = ...,
        sampling: SamplingConfig | None = ...,
        session: Session | None = ...,
    ) -> None: ...

    def __init__(
        self,
        prompt_version: str = "generic",
        model: str | None = None,
        *,
        pictures: Pictures | str = Pictures.EACH,
        merge: Merge | str = Merge.LABELLED,
        sampling: SamplingConfig | None = None,
        session: Session | None = None,
    ) -> None:
        if model is None:
            raise ConfigError(
                f"Perception({prompt_version!r}): no model is given. The first argument is the instruction; write "
                f"Perception(model=...)"
            )
        super().__init__(session)
        registry = self.session.registry
        self._instruction = read_instruction(prompt_version)
        if self._instruction.listed is not None:
            raise ConfigError(
                f"instruction {prompt_version!r}: a hints file belongs to a benchmark's rows; for single questions let "
                "a model write the hints: query-specific_MODEL"
            )
        self._names = perceivers_of(model, registry)
        called = [*self._names, *([self._instruction.writer] if self._instruction.writer else [])]
        specs = {name: registry.find(name) for name in called}
        if len(local := [name for name in self._names if specs[name].runs_locally]) > 1:
            raise ConfigError(
                f"perceiver {model!r}: {' and '.join(local)} would need this machine's memory at once; use `prism "
                "run`, where they take turns, or one Perception per model, each closed before the next is used"
            )
        self._pictures, self._merge = Pictures(pictures), Merge(merge)
        self._sampling = sampling or SamplingConfig()

    def __repr__(self) -> str:
        return f"<Perception by {'~'.join(self._names)}, {self._instruction.name}>"

    def generate(self, text: str, img_path: ImageInputs) -> str:
        """Return the description of one or more pictures for a question.

        Args:
            text: the question; only a query-specific instruction uses it.
            img_path: path or bytes of the picture, a PIL image, a NumPy array (see `ImageInput`), or a list of them.

        Raises:
            OutcomeError: a model refused or returned no text, or its call failed; `outcome` says which.
            UserError: a picture cannot be read, or a model's configuration does not work.
            BudgetError: the next call might exceed the cost cap.
            DeadError: the model can no longer answer.
            StoreError: the cache cannot be read or written.
        """
        return str(self.describe(text, img_path).description)

    async def agenerate(self, text: str, img_path: ImageInputs) -> str:
        """Like `generate`, awaited; concurrent calls are batched by the engine."""
        return str((await self.adescribe(text, img_path)).description)

    def describe(self, text: str, img_path: ImageInputs) -> SampleResult:
        """Return the description with all calls it took; raises as `generate`."""
        return self.session.run(self._describe(text, img_path))

    async def adescribe(self, text: str, img_path: ImageInputs) -> SampleResult:
        """Like `describe`, awaited."""
        return await self.session.arun(self._describe(text, img_path))

    def answer(self, question: str, img_path: ImageInputs) -> Completion:
        """Return the perceiver's own end-to-end answer from the pictures, as in mode `direct`; raises as `generate`."""
        return self.session.run(self._answer(question, img_path))

    async def aanswer(self, question: str, img_path: ImageInputs) -> Completion:
        """Like `answer`, awaited."""
        return await self.session.arun(self._answer(question, img_path))

    async def _describe(self, text: str, img_path: ImageInputs) -> SampleResult:
        if self._instruction.writer is not None:
            require(text, f"instruction {self._instruction.name!r} needs a question; none was given")
        pipeline, connected = self._pipeline()
        forget_failures(connected)
        # In a thread: decoding large pictures here would stop all other calls of the session.
        pictures = await asyncio.to_thread(self.session.pictures, img_path)
        sample = Sample(0, "0", pictures, text or "")
        return described_or_raise(await pipeline.run(sample), connected)

    async def _answer(self, question: str, img_path: ImageInputs) -> Completion:
        if len(self._names) > 1:
            raise ConfigError(
                f"perceiver {'~'.join(self._names)!r}: multiple models cannot answer end to end; name one model"
            )
        require(question, "no question was given")
        perceiver = self.session.connect(self._names[0])
        answering = Answering(
            perceiver.model,
            perceiver.identity,
            sampling=self._sampling.to_sampling(),
            direct=True,
            most_pictures=1 if self._pictures is Pictures.FIRST else None,
        )
        sample = Sample(0, "0", await asyncio.to_thread(self.session.pictures, img_path), question)
        return await answer_or_raise(answering, sample, None, perceiver)

    def _pipeline(self) -> tuple[Pipeline, list[ConnectedModel]]:
        """Return the describing pipeline and all models it may call."""
        perceivers = [self.session.connect(name) for name in self._names]
        sampling = self._sampling.to_sampling()

        def context(instruction: str) -> Context:
            contexts = [
                Describing(
                    perceiver.model,
                    perceiver.identity,
                    instruction=instruction,
                    sampling=sampling,
                    pictures=self._pictures,
                )
                for perceiver in perceivers
            ]
            return contexts[0] if len(contexts) == 1 else MergedContext(contexts, self._merge)

        shared_text = self._instruction.text
        if (name := self._instruction.writer) is None:
            return Pipeline(context(shared_text), (), _unscored), perceivers
        writer = self.session.connect(name)
        hint_source = ModelHints(
            writer.model,
            writer.identity,
            InstructionBuilder(shared_text, context),
            shots=hint_shots(_shots_benchmark(writer)),
            sampling=SamplingConfig().to_sampling(),
        )
        # `needs_hints`, because no report here would count a fallback to the shared instruction.
        return Pipeline(context(shared_text), (), _unscored, hint_source, needs_hints=True), [*perceivers, writer]


class Reasoning(Module):
    """Answers questions from descriptions as `prism run` does; it never sees a picture.

    Args:
        model: a registered name, a hub id or a checkpoint's folder; a number after a registered name
            (`gpt-4o-mini-2048`) is the output limit.
        sampling: how answers are sampled; None: greedily, at most 512 tokens.
        session: shared with other objects; None opens one that `close` closes.

    Raises:
        ConfigError: no such model, or two output limits.
    """

    def __init__(self, model: str, *, sampling: SamplingConfig | None = None, session: Session | None = None) -> None:
        super().__init__(session)
        run = RunConfig(benchmark="-", mode=Arm.BLIND, reasoner=model, reasoning=sampling or SamplingConfig())
        run = with_own_limit(run, self.session.registry)
        self._name, self._sampling = str(run.reasoner), run.reasoning.to_sampling()
        self.session.registry.find(self._name)

    def __repr__(self) -> str:
        return f"<Reasoning by {self._name}>"

    def generate(self, description: str, question: str) -> str:
        """Return the answer to a question about the described picture.

        Raises:
            OutcomeError, UserError, BudgetError, DeadError, StoreError: as `Perception.generate`.
        """
        return self.reason(description, question).text

    async def agenerate(self, description: str, question: str) -> str:
        """Like `generate`, awaited."""
        return (await self.areason(description, question)).text

    def reason(self, description: str, question: str) -> Completion:
        """Return the answer with its token counts and finish reason; raises as `generate`."""
        return self.session.run(self._reason(description, question))

    async def areason(self, description: str, question: str) -> Completion:
        """Like `reason`, awaited."""
        return await self.session.arun(self._reason(description, question))

    async def _reason(self, description: str, question: str) -> Completion:
        require(description, "no description was given to answer from")
        require(question, "no question was given")
        reasoner = self.session.connect(self._name)
        answering = Answering(reasoner.model, reasoner.identity, sampling=self._sampling)
        return await answer_or_raise(answering, Sample(0, "0", (), question), description.strip(), reasoner)


def _unscored(_reply: str, _sample: Sample) -> Score:
    return Score(None)


def _shots_benchmark(writer: ConnectedModel) -> str:
    """Return the benchmark whose few-shot examples a hint writer gets: the embedded model knows only PrismScenes."""
    return "PrismScenes" if writer.spec.listing.model == str(REASONER) else ""
