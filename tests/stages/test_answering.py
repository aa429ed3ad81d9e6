"""The reasoner gets text only; a directly answering VLM gets the pictures and the same question."""

from __future__ import annotations

import pytest

from prism_engine.backends.scripted import Scripted
from prism_engine.config import ScriptedModel
from prism_engine.prompts import question_text
from prism_engine.records import Completion, Outcome, Sampling
from prism_engine.stages.answering import Answering
from prism_engine.stages.cached import CachedModel

from .conftest import IDENTITY


@pytest.fixture
def asked(store):
    """Answer a sample; returns the call that the model received."""

    async def ask(sample, description, *, direct=False, most=None):
        calls = []

        def reply(call):
            calls.append(call)
            return Completion(Outcome.OK, "A")

        model = CachedModel(Scripted(ScriptedModel(), reply=reply), store)
        answering = Answering(model, IDENTITY, sampling=Sampling(), direct=direct, most_pictures=most)
        assert (await answering.complete(answering.call(sample, description))).text == "A"
        return calls[0]

    return ask


async def test_the_reasoner_gets_the_description_and_the_question_and_no_picture(asked, make_sample):
    call = await asked(make_sample(), "a red square")
    (text,) = call.messages[0].parts
    assert "a red square" in text
    assert "Which?" in text
    assert (call.stage, call.images) == ("reason", ())


async def test_without_a_description_the_prompt_says_so(asked, make_sample):
    (text,) = (await asked(make_sample(), None)).messages[0].parts
    assert "nobody has described it" in text
    assert text.endswith(question_text(make_sample()))


async def test_a_direct_answer_gets_all_pictures_in_order_and_then_the_question(asked, make_sample):
    sample = make_sample("b", "a")
    call = await asked(sample, None, direct=True)
    assert (call.stage, call.messages[0].parts) == ("direct", (*sample.images, question_text(sample)))


async def test_a_direct_answer_may_be_limited_to_the_first_picture(asked, make_sample):
    sample = make_sample("b", "a")
    assert (await asked(sample, None, direct=True, most=1)).images == sample.images[:1]
