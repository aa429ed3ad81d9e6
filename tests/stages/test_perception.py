"""One description per picture, independent of the question."""

from __future__ import annotations

import asyncio

import pytest

from prism_engine.backends.scripted import Scripted
from prism_engine.config import Pictures, ScriptedModel
from prism_engine.errors import DeadError
from prism_engine.prompts import join_descriptions
from prism_engine.records import Completion, Outcome, Sampling
from prism_engine.stages.cached import CachedModel
from prism_engine.stages.perception import PerceiverContext

from .conftest import IDENTITY


def perceiving(store, reply, pictures=Pictures.EACH):
    model = CachedModel(Scripted(ScriptedModel(), reply=reply), store)
    return PerceiverContext(
        model, IDENTITY, instruction="Describe.", sampling=Sampling(max_tokens=8), pictures=pictures
    )


def by_picture(call):
    return Completion(Outcome.OK, f"picture {call.images[0].digest[0]}")


async def test_every_picture_is_described_on_its_own_in_order(store, make_sample):
    made = await perceiving(store, by_picture).describe(make_sample("a", "b", "a"))
    texts = [each.completion.text for each in made]
    assert texts == ["picture a", "picture b", "picture a"]
    assert perceiving(store, by_picture).text(make_sample(), texts) == join_descriptions(texts)


async def test_a_description_does_not_depend_on_the_question(store, make_sample):
    perception = perceiving(store, by_picture)
    first, second = (perception.calls(make_sample("a", question=question)) for question in ("Why?", "Where?"))
    assert first == second


async def test_all_pictures_go_together_in_one_request_and_a_single_one_as_usual(store, make_sample):
    together = perceiving(store, by_picture, Pictures.TOGETHER)
    sample = make_sample("a", "b")
    (call,) = together.calls(sample)
    assert call.images == sample.images
    assert together.text(sample, ["Image 1: x\nImage 2: y "]) == "Image 1: x\nImage 2: y"
    assert together.calls(make_sample("a")) == perceiving(store, by_picture).calls(make_sample("a"))


async def test_if_only_the_first_picture_is_shown_it_keeps_its_number(store, make_sample):
    first = perceiving(store, by_picture, Pictures.FIRST)
    assert first.calls(make_sample("a", "b")) == perceiving(store, by_picture).calls(make_sample("a"))
    assert first.text(make_sample("a", "b"), [" x"]) == "Image 1: x"
    assert first.text(make_sample("a"), [" x"]) == "x"


async def test_an_error_with_one_picture_waits_for_the_others_and_leaves_nothing_running(store, make_sample):
    def reply(call):
        if call.images[0].digest.startswith("b"):
            raise DeadError("engine dead")
        return by_picture(call)

    with pytest.raises(DeadError, match="engine dead"):
        await perceiving(store, reply).describe(make_sample("a", "b"))
    assert asyncio.all_tasks() == {asyncio.current_task()}
