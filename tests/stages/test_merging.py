"""Multiple perceivers: each makes the calls of a run with it alone, and the texts are merged."""

from __future__ import annotations

import asyncio

import pytest

from prism_engine.backends.scripted import Scripted
from prism_engine.config import Merge, Pictures, ScriptedModel
from prism_engine.errors import DeadError
from prism_engine.records import Completion, ModelIdentity, Outcome, Sampling
from prism_engine.stages.cached import CachedModel
from prism_engine.stages.merging import MergedContext
from prism_engine.stages.perception import PerceiverContext


@pytest.fixture
def perceiving(store):
    def perceiving(name, reply=None, pictures=Pictures.EACH):
        def said(call):
            return Completion(Outcome.OK, f"{name} sees {call.images[0].digest[0]}")

        model = CachedModel(Scripted(ScriptedModel(), reply=reply or said), store)
        identity = ModelIdentity(name, (("weights", name),))
        return PerceiverContext(model, identity, instruction="Describe.", sampling=Sampling(), pictures=pictures)

    return perceiving


async def test_each_describes_as_if_alone_and_the_texts_come_in_their_order(perceiving, make_sample):
    one, other = perceiving("one"), perceiving("other")
    merged = MergedContext([one, other], Merge.PLAIN)
    sample = make_sample("a", "b")
    assert merged.calls(sample) == (*one.calls(sample), *other.calls(sample))
    made = await merged.describe(sample)
    assert tuple(each.call for each in made) == merged.calls(sample)
    text = merged.text(sample, [each.completion.text for each in made])
    assert text == "Image 1: one sees a\nImage 2: one sees b\n\nImage 1: other sees a\nImage 2: other sees b"


async def test_descriptions_of_single_perceiver_runs_are_served_from_the_store(perceiving, make_sample, store):
    for name in ("one", "other"):
        await perceiving(name).describe(make_sample())

    def silent(_call):
        raise AssertionError("called")

    merged = MergedContext([perceiving("one", silent), perceiving("other", silent)], Merge.LABELLED)
    made = await merged.describe(make_sample())
    assert [each.completion.text for each in made] == ["one sees a", "other sees a"]


def test_perceivers_that_take_all_pictures_at_once_have_one_text_each(perceiving, make_sample):
    together = [perceiving(name, pictures=Pictures.TOGETHER) for name in ("one", "other")]
    sample = make_sample("a", "b")
    merged = MergedContext(together, Merge.ORIGINAL)
    assert len(merged.calls(sample)) == 2
    assert merged.text(sample, ["first", "second"]) == "secondfirst"


async def test_an_error_of_one_waits_for_the_others_and_leaves_nothing_running(perceiving, make_sample):
    def dead(_call):
        raise DeadError("engine dead")

    with pytest.raises(DeadError, match="engine dead"):
        await MergedContext([perceiving("one"), perceiving("other", dead)], Merge.PLAIN).describe(make_sample("a", "b"))
    assert asyncio.all_tasks() == {asyncio.current_task()}
