"""Hints from a model or a file reach the perceiver; without hints it gets the generic instruction."""

from __future__ import annotations

import pytest

from prism_engine.backends.scripted import Scripted
from prism_engine.config import ScriptedModel
from prism_engine.prompts import hint_messages
from prism_engine.records import Completion, Outcome, Sampling
from prism_engine.stages.cached import CachedModel
from prism_engine.stages.hint_sources import FileHints, HintSource, InstructionBuilder, ModelHints
from prism_engine.stages.perception import PerceiverContext

from .conftest import IDENTITY

SHOTS = (("How many cups?", "the cups"),)


@pytest.fixture
def builder(store):
    model = CachedModel(None, store)

    def context(instruction):
        return PerceiverContext(model, IDENTITY, instruction=instruction, sampling=Sampling())

    return InstructionBuilder("Describe.", context)


@pytest.fixture
def written(store, builder):
    def written(outcome, text="", detail=""):
        model = CachedModel(
            Scripted(ScriptedModel(), reply=lambda _call: Completion(outcome, text, detail=detail)), store
        )
        return ModelHints(model, IDENTITY, builder, shots=SHOTS, sampling=Sampling(max_tokens=64))

    return written


def instruction(instructed, sample):
    return instructed.context.calls(sample)[0].messages[0].parts[-1]


async def test_written_hints_reach_the_perceiver(written, make_sample):
    sample = make_sample(question="What time is it?")
    writer = written(Outcome.OK, "Contents to observe: the clock.")
    call = writer.call(sample)
    assert (call.stage, call.messages) == ("write", hint_messages("What time is it?", SHOTS))
    instructed = writer.instruct(sample, await writer.write(sample))
    assert (instructed.hints, instructed.fell_back) == ("the clock", None)
    assert instruction(instructed, sample) == "Describe. Especially, pay attention to the clock."


@pytest.mark.parametrize(
    ("outcome", "text", "detail", "reason"),
    [
        (Outcome.ERROR, "", "overloaded", "error: overloaded"),
        (Outcome.REFUSED, "", "", "refused: no text"),
        (Outcome.TRUNCATED, "", "", "truncated: no text"),
        (Outcome.OK, "...", "", "empty: nothing to observe in the writer's reply"),
    ],
)
async def test_without_usable_hints_the_instruction_is_the_generic_one_with_a_reason(
    written, make_sample, outcome, text, detail, reason
):
    writer = written(outcome, text, detail)
    instructed = writer.instruct(make_sample(), await writer.write(make_sample()))
    assert (instructed.hints, instructed.fell_back) == (None, reason)
    assert instruction(instructed, make_sample()) == "Describe."


async def test_hints_from_a_file_need_no_call(builder, make_sample):
    listed = FileHints(builder, lambda sample: {"7": "the clock"}.get(sample.index))
    hint_source: HintSource = listed
    assert (hint_source.call(make_sample()), await hint_source.write(make_sample())) == (None, None)
    assert instruction(listed.instruct(make_sample(), None), make_sample()).endswith("attention to the clock.")
    missing = FileHints(builder, lambda _sample: None).instruct(make_sample(), None)
    assert (missing.fell_back, instruction(missing, make_sample())) == ("missing: not in the file", "Describe.")
