"""The reasoner sees words alone."""

from __future__ import annotations

from prism_engine.backends.scripted import Scripted
from prism_engine.config import ScriptedModel
from prism_engine.records import Completion, Outcome, Sampling
from prism_engine.stages.cached import CachedModel
from prism_engine.stages.reasoning import Reasoning

from .conftest import IDENTITY


async def test_the_reasoner_gets_the_description_and_the_question_and_no_picture(store, make_sample):
    seen = []

    def reply(call):
        seen.append(call)
        return Completion(Outcome.OK, "A")

    model = CachedModel(Scripted(ScriptedModel(), reply=reply), store)
    reasoning = Reasoning(model, IDENTITY, sampling=Sampling())
    completion = await reasoning.answer(make_sample(), "a red square")
    assert completion.text == "A"
    (text,) = seen[0].messages[0].parts
    assert "a red square" in text
    assert "Which?" in text
    assert seen[0].images == ()
