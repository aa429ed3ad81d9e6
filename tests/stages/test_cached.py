"""The cache in front of a model: hits, joined calls, durability, failures, cancellation."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from prism_engine.backends.scripted import Scripted
from prism_engine.cache import Store, call_key
from prism_engine.config import ScriptedModel
from prism_engine.errors import DeadError, NotRunError, RejectedError, TransientError
from prism_engine.records import Completion, ModelIdentity, Outcome, Usage
from prism_engine.stages.cached import CachedModel


def answering(text="fine", outcome=Outcome.OK, tokens=3):
    completion = Completion(outcome, text, usage=Usage(completion_tokens=tokens))
    return Scripted(ScriptedModel(), reply=lambda _call: completion)


def raising(error):
    def reply(_call):
        raise error

    return Scripted(ScriptedModel(), reply=reply)


async def test_a_call_is_made_once_and_served_from_the_store_afterwards(store, make_call):
    backend = answering()
    model = CachedModel(backend, store)
    first = await model.complete(make_call())
    second = await model.complete(make_call())
    assert first == second
    assert (backend.calls, model.meter.calls, model.meter.hits) == (1, 1, 1)


async def test_a_completion_is_durable_before_it_is_returned(store, make_call, tmp_path):
    call = make_call()
    completion = await CachedModel(answering(), store).complete(call)
    with Store(tmp_path / "calls.sqlite", read_only=True) as other:
        assert other.get(call_key(call), call.sampling.max_tokens) == completion


async def test_thinking_is_stored_separately_from_the_text(store, make_call):
    first = await CachedModel(answering("<think>A?</think>B"), store).complete(make_call())
    assert (first.text, first.reasoning) == ("B", "A?")
    assert store.get(call_key(make_call()), make_call().sampling.max_tokens) == first


async def test_identical_calls_in_flight_are_one_call(store, make_call):
    backend = Scripted(ScriptedModel(delay=0.02), reply=lambda _call: Completion(Outcome.OK, "one"))
    model = CachedModel(backend, store)
    completions = await asyncio.gather(*(model.complete(make_call()) for _ in range(20)))
    assert {completion.text for completion in completions} == {"one"}
    assert (backend.calls, model.meter.shared) == (1, 19)


@pytest.mark.parametrize("error", [RejectedError("too long"), TransientError("overloaded")])
async def test_a_call_that_failed_permanently_is_an_outcome_with_a_reason_and_never_served_again(
    store, make_call, error
):
    first = await CachedModel(raising(error), store).complete(make_call())
    assert (first.outcome, first.detail, first.text) == (Outcome.ERROR, str(error), "")
    backend = answering()
    assert (await CachedModel(backend, store).complete(make_call())).text == "fine"
    assert backend.calls == 1


async def test_followers_of_a_call_share_its_failure(store, make_call):
    model = CachedModel(raising(DeadError("key refused")), store)
    results = await asyncio.gather(*(model.complete(make_call()) for _ in range(3)), return_exceptions=True)
    assert [str(result) for result in results] == ["key refused"] * 3
    assert "0 in flight" in repr(model)


async def test_a_cancelled_leader_leaves_its_followers_to_make_the_call(store, make_call):
    backend = Scripted(ScriptedModel(delay=0.05), reply=lambda _call: Completion(Outcome.OK, "late"))
    model = CachedModel(backend, store)
    leader, follower = (asyncio.create_task(model.complete(make_call())) for _ in range(2))
    await asyncio.sleep(0.01)
    leader.cancel()
    assert (await follower).text == "late"
    assert leader.cancelled()
    assert "0 in flight" in repr(model)


async def test_a_cancelled_follower_does_not_cancel_its_leader(store, make_call):
    backend = Scripted(ScriptedModel(delay=0.05), reply=lambda _call: Completion(Outcome.OK, "late"))
    model = CachedModel(backend, store)
    leader, follower = (asyncio.create_task(model.complete(make_call())) for _ in range(2))
    await asyncio.sleep(0.01)
    follower.cancel()
    assert (await leader).text == "late"
    assert backend.calls == 1


async def test_without_a_backend_only_the_store_answers(store, make_call):
    await CachedModel(answering(), store).complete(make_call())
    model = CachedModel(None, store)
    assert (await model.complete(make_call())).text == "fine"
    with pytest.raises(NotRunError, match="not in the cache"):
        await model.complete(make_call("another"))


async def test_another_process_that_makes_the_same_call_is_waited_for(store, make_call, monkeypatch):
    call = make_call()
    backend = answering()
    refusals = [False, False, True]
    monkeypatch.setattr(store, "try_claim", lambda _key: refusals.pop(0))
    monkeypatch.setattr(store, "release", lambda _key: None)

    async def other_process():
        await store.put(call, Completion(Outcome.OK, "theirs"))

    completion, _ = await asyncio.gather(CachedModel(backend, store).complete(call), other_process())
    assert (completion.text, backend.calls, refusals) == ("theirs", 0, [])


async def test_a_longer_limit_reuses_what_ended_by_itself_and_calls_again_for_what_was_cut(store, make_call):
    whole, cut = answering(tokens=3), answering(outcome=Outcome.TRUNCATED, tokens=4)
    await CachedModel(whole, store).complete(make_call("whole", max_tokens=4))
    await CachedModel(cut, store).complete(make_call("cut", max_tokens=4))
    again = answering("longer", tokens=9)
    model = CachedModel(again, store)
    assert (await model.complete(make_call("whole", max_tokens=16))).text == "fine"
    assert (await model.complete(make_call("cut", max_tokens=16))).text == "longer"
    assert again.calls == 1


async def test_a_drain_ends_the_wait_for_another_process_and_still_serves_what_is_cached(store, make_call, monkeypatch):
    cached = make_call("cached")
    await CachedModel(answering(), store).complete(cached)
    monkeypatch.setattr(store, "try_claim", lambda _key: False)
    model = CachedModel(answering(), store)
    waiting = asyncio.create_task(model.complete(make_call()))
    await asyncio.sleep(0.01)
    model.drain()
    with pytest.raises(NotRunError, match="stopping"):
        await waiting
    with pytest.raises(NotRunError, match="stopping"):
        await model.complete(make_call("another"))
    assert (await model.complete(cached)).text == "fine"


async def test_a_call_that_failed_is_not_made_again_in_the_same_run(store, make_call):
    backend = Scripted(ScriptedModel(), reply=lambda _call: Completion(Outcome.REFUSED))
    model = CachedModel(backend, store)
    first, second = [await model.complete(make_call()) for _ in range(2)]
    assert first == second
    assert backend.calls == 1
    await CachedModel(backend, store).complete(make_call())
    assert backend.calls == 2


async def test_two_runs_on_one_store_make_an_identical_call_once(store, make_call):
    backend, other = answering(), answering()
    one, two = CachedModel(backend, store), CachedModel(other, store)
    first, second = await asyncio.gather(one.complete(make_call()), two.complete(make_call()))
    assert first == second
    assert (backend.calls, other.calls, two.meter.shared) == (1, 0, 1)


async def test_a_run_without_a_backend_does_not_affect_one_that_has_one(store, make_call):
    only_cached, calling = CachedModel(None, store), CachedModel(answering(), store)
    refused, made = await asyncio.gather(
        only_cached.complete(make_call()), calling.complete(make_call()), return_exceptions=True
    )
    assert isinstance(refused, NotRunError)
    assert isinstance(made, Completion)


async def test_a_call_that_was_made_ahead_counts_once_and_is_no_hit(store, make_call):
    model = CachedModel(answering(), store)
    await model.make_ahead(make_call())
    await model.make_ahead(make_call())
    await model.complete(make_call())
    assert (model.meter.calls, model.meter.hits, model.meter.shared) == (1, 0, 0)
    await model.complete(make_call())  # another sample of the same picture
    assert (model.meter.calls, model.meter.hits) == (1, 1)


async def test_a_call_that_failed_ahead_is_not_made_again_by_its_sample(store, make_call):
    backend = raising(RejectedError("too long"))
    model = CachedModel(backend, store)
    await model.make_ahead(make_call())
    assert (await model.complete(make_call())).outcome is Outcome.ERROR
    assert (backend.calls, model.meter.calls, model.meter.shared) == (1, 1, 0)


async def test_a_call_that_failed_in_another_run_is_not_made_again(store, make_call):
    backend, other = raising(RejectedError("too long")), answering()
    one, two = CachedModel(backend, store), CachedModel(other, store)
    await asyncio.gather(one.complete(make_call()), two.complete(make_call()))
    assert (await two.complete(make_call())).outcome is Outcome.ERROR
    assert other.calls == 0


class Counting(Store):
    """Fails on everything that a call without an identity must not do."""

    def get(self, *_):
        raise AssertionError("looked up")

    async def put(self, *_):
        raise AssertionError("stored")

    def try_claim(self, _key):
        raise AssertionError("claimed")


@pytest.fixture
def unstated(make_call):
    def make(text="hello", name="fake", **sampling):
        return replace(make_call(text, **sampling), model=ModelIdentity(name, ()))

    return make


async def test_each_call_of_a_model_without_identity_is_made_and_none_is_looked_up_or_stored(tmp_path, unstated):
    backend = answering()
    with Counting(tmp_path / "calls.sqlite") as store:
        model = CachedModel(backend, store)
        together = await asyncio.gather(*(model.complete(unstated()) for _ in range(3)))
        again = await model.complete(unstated())
    assert (backend.calls, model.meter.calls, model.meter.hits, model.meter.shared) == (4, 4, 0, 0)
    assert all(completion.fresh for completion in (*together, again))


async def test_what_a_model_without_identity_made_ahead_is_kept_for_its_samples(store, unstated):
    backend = answering()
    model = CachedModel(backend, store)
    await asyncio.gather(*(model.make_ahead(unstated()) for _ in range(2)))
    model.drain()
    model.forget_failures()
    first, second = [await model.complete(unstated()) for _ in range(2)]
    assert (first.text, first.fresh) == ("fine", True)
    assert first == second
    assert (backend.calls, model.meter.calls, model.meter.shared) == (1, 1, 1)
    with pytest.raises(NotRunError, match="stopping"):
        await model.complete(unstated("another"))


async def test_a_failure_of_a_model_without_identity_made_ahead_is_kept_until_it_may_be_tried_again(store, unstated):
    model = CachedModel(raising(TransientError("overloaded")), store)
    await model.make_ahead(unstated())
    assert (await model.complete(unstated())).detail == "overloaded"
    model.backend = answering()
    assert (await model.complete(unstated())).detail == "overloaded"
    model.forget_failures()
    assert (await model.complete(unstated())).text == "fine"


async def test_a_model_without_identity_and_without_backend_answers_nothing(store, unstated):
    with pytest.raises(NotRunError, match="not in the cache"):
        await CachedModel(None, store).complete(unstated())


def test_models_without_identity_are_told_apart_by_their_names_and_others_by_their_facts():
    facts = (("weights", "sha256:0"),)
    assert ModelIdentity("a", facts) == ModelIdentity("b", facts)
    assert hash(ModelIdentity("a", facts)) == hash(ModelIdentity("b", facts))
    assert ModelIdentity("a", ()) == ModelIdentity("a", ())
    assert len({ModelIdentity("a", ()), ModelIdentity("b", ()), ModelIdentity("a", facts)}) == 3
    assert not ModelIdentity("a", ()).is_stated


async def test_a_call_that_will_probably_be_made_is_looked_up_once_and_still_served_if_it_is_stored(
    store, make_call, monkeypatch
):
    looked_up = []
    get = store.get

    def counting(key, limit):
        looked_up.append(key)
        return get(key, limit)

    monkeypatch.setattr(store, "get", counting)
    backend = answering()
    model = CachedModel(backend, store)
    for number in range(3):
        await model.complete(make_call(text=f"question {number}"))
    assert len(looked_up) == 2 + 1 + 1  # before and under the claim, then only under the claim
    again = await model.complete(make_call(text="question 0"))
    assert again.text == "fine"
    assert not again.fresh
    await model.complete(make_call(text="question 1"))
    assert len(looked_up) == 4 + 1 + 1
    assert (backend.calls, model.meter.calls, model.meter.hits) == (3, 3, 2)
    await model.complete(make_call(text="question 3"))
    model.drain()
    assert (await model.complete(make_call(text="question 2"))).text == "fine"  # cached, so served while stopping
