"""Every possible outcome of one sample."""

from __future__ import annotations

import pytest

from prism_engine.engine.pipeline import call_labels
from prism_engine.errors import DeadError, DependencyError, NotRunError, RejectedError
from prism_engine.records import Call, Completion, ModelIdentity, Outcome, SampleStatus, Sampling
from prism_engine.stages.context import FixedContext

from .conftest import said


async def take_one(world, **parts):
    run, _ = world.build(1, **parts)
    (sample,) = run.benchmark.samples([0])
    return await run.pipeline.run(sample)


def raising(error):
    def reply(_call):
        raise error

    return reply


def ending(outcome, **given):
    return lambda _call: Completion(outcome, **given)


async def test_a_sample_goes_from_pictures_to_score(world):
    result = await take_one(world)
    assert (result.status, result.description, result.reply.text) == (SampleStatus.DONE, "seen", "A")
    assert (result.score.value, result.score.answer) == (1.0, "A")


async def test_a_run_that_only_describes_ends_with_the_description(world):
    result = await take_one(world, answering=False)
    assert (result.status, result.description, result.reply, result.score) == (SampleStatus.DONE, "seen", None, None)


async def test_a_given_description_is_answered_from_without_describing(world):
    run, _ = world.build(1, context=FixedContext(lambda _sample: "gold"))
    (sample,) = run.benchmark.samples([0])
    result = await run.pipeline.run(sample)
    assert (result.status, result.description, result.descriptions) == (SampleStatus.DONE, "gold", ())
    assert result.reply.text == "A"
    assert run.stages["perceive"][0].meter.calls == 0


async def test_a_truncated_description_is_used_and_marked(world):
    result = await take_one(world, describe=ending(Outcome.TRUNCATED, text="half"))
    assert result.status is SampleStatus.DONE
    assert result.descriptions[0].outcome is Outcome.TRUNCATED


@pytest.mark.parametrize(
    ("parts", "failure"),
    [
        ({"describe": raising(RejectedError("too long"))}, "description: error: too long"),
        ({"describe": ending(Outcome.EMPTY, finish_reason="stop")}, "description: empty: stop"),
        (
            {"describe": ending(Outcome.TRUNCATED, reasoning="hm", finish_reason="length")},
            "description: truncated: no text yet",
        ),
        (
            {"answer": ending(Outcome.TRUNCATED, reasoning="hm", finish_reason="length")},
            "answer: truncated: no text yet",
        ),
        ({"answer": raising(RejectedError("bad"))}, "answer: error: bad"),
        ({"answer": ending(Outcome.REFUSED, finish_reason="content_filter")}, "answer: refused: content_filter"),
    ],
)
async def test_a_call_that_gave_nothing_usable_fails_the_sample_with_a_reason_and_no_score(world, parts, failure):
    result = await take_one(world, **parts)
    assert (result.status, result.failure, result.score) == (SampleStatus.FAILED, failure, None)


@pytest.mark.parametrize("stage", ["describe", "answer"])
async def test_a_call_that_was_never_sent_leaves_the_sample_for_the_next_run(world, stage):
    result = await take_one(world, **{stage: raising(NotRunError("stopping"))})
    assert result.status is SampleStatus.NOT_RUN
    assert "stopping" in result.failure


@pytest.mark.parametrize("error", [DeadError("key refused"), DependencyError("no vLLM here")])
async def test_an_error_that_affects_every_sample_is_reported_and_keeps_the_description(world, error):
    result = await take_one(world, answer=raising(error))
    assert (result.status, result.description, result.trouble) == (SampleStatus.NOT_RUN, "seen", error)
    assert result.failure == f"answer: {error}"


async def test_an_unmatched_reply_is_wrong_and_known_as_unmatched(world):
    result = await take_one(world, answer=said("perhaps"))
    assert (result.score.value, result.score.answer) == (0.0, None)


async def test_the_writer_s_hints_reach_the_perceiver_and_are_kept(world):
    instructions = []

    def describe(call):
        instructions.append(call.messages[0].parts[-1])
        return Completion(Outcome.OK, "seen")

    result = await take_one(world, describe=describe, write=said("Contents to observe: the clock."))
    assert (result.status, result.hints, result.fell_back) == (SampleStatus.DONE, "the clock", None)
    assert instructions == ["Describe. Especially, pay attention to the clock."]


async def test_where_nothing_was_written_the_sample_goes_on_with_the_generic_instruction_and_says_so(world):
    result = await take_one(world, write=raising(RejectedError("too long")))
    assert (result.status, result.hints, result.fell_back) == (SampleStatus.DONE, None, "error: too long")
    assert result.score.value == 1.0


@pytest.mark.parametrize(
    ("write", "failure", "retryable"),
    [
        (ending(Outcome.OK, text="..."), "instruction: empty: nothing to observe in the writer's reply", False),
        (ending(Outcome.ERROR, detail="overloaded"), "instruction: error: overloaded", True),
    ],
)
async def test_a_run_that_only_writes_hints_fails_a_sample_without_hints(world, write, failure, retryable):
    result = await take_one(world, write=write, answering=False, context=FixedContext(lambda _sample: None), needs=True)
    assert (result.status, result.failure, result.is_retryable) == (SampleStatus.FAILED, failure, retryable)


async def test_a_run_that_only_writes_hints_ends_a_sample_with_its_hints(world):
    result = await take_one(
        world, write=said("the clock"), answering=False, context=FixedContext(lambda _: None), needs=True
    )
    assert (result.status, result.hints, result.description) == (SampleStatus.DONE, "the clock", None)


async def test_a_writer_that_is_dead_stops_the_run_and_one_that_was_not_asked_does_not(world):
    error = DeadError("key refused")
    result = await take_one(world, write=raising(error))
    assert (result.status, result.trouble, result.failure) == (
        SampleStatus.NOT_RUN,
        error,
        "instruction: key refused",
    )
    result = await take_one(world, write=raising(NotRunError("stopping")))
    assert (result.status, result.trouble) == (SampleStatus.NOT_RUN, None)


def test_a_failed_description_is_named_by_picture_and_by_perceiver_where_there_are_several():
    def calls(*names):
        return [Call("perceive", ModelIdentity(name, ((name, ""),)), (), Sampling()) for name in names]

    assert call_labels(calls("a")) == ["description"]
    assert call_labels(calls("a", "a")) == ["description of image 1", "description of image 2"]
    assert call_labels(calls("a", "b")) == ["description by a", "description by b"]
    assert call_labels(calls("a", "a", "b", "b"))[3] == "description of image 2 by b"
