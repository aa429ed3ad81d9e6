"""The reasoner sees words alone; who answers directly sees the pictures and the same question."""

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
    """Answer a sample; returns the call that the model got."""

    async def ask(sample, description, *, direct=False, most=None):
        seen = []

        def reply(call):
            seen.append(call)
            return Completion(Outcome.OK, "A")

        model = CachedModel(Scripted(ScriptedModel(), reply=reply), store)
        answering = Answering(model, IDENTITY, sampling=Sampling(), direct=direct, most_pictures=most)
        assert (await answering.answer(sample, description)).text == "A"
        return seen[0]

    return ask


async def test_the_reasoner_gets_the_description_and_the_question_and_no_picture(asked, make_sample):
    call = await asked(make_sample(), "a red square")
    (text,) = call.messages[0].parts
    assert "a red square" in text
    assert "Which?" in text
    assert (call.stage, call.images) == ("reason", ())


async def test_without_a_description_the_reasoner_is_told_so(asked, make_sample):
    (text,) = (await asked(make_sample(), None)).messages[0].parts
    assert "nobody has described it" in text
    assert text.endswith(question_text(make_sample()))


async def test_who_answers_directly_gets_all_pictures_in_order_and_then_the_question(asked, make_sample):
    sample = make_sample("b", "a")
    call = await asked(sample, None, direct=True)
    assert (call.stage, call.messages[0].parts) == ("direct", (*sample.images, question_text(sample)))


async def test_who_answers_directly_may_be_shown_only_the_first_picture(asked, make_sample):
    sample = make_sample("b", "a")
    assert (await asked(sample, None, direct=True, most=1)).images == sample.images[:1]
