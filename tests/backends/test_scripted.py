from __future__ import annotations

import asyncio

import pytest

from prism_engine.backends.scripted import Scripted
from prism_engine.config import ScriptedModel
from prism_engine.errors import NotRunError, RejectedError, TransientError
from prism_engine.records import Completion, Image, Outcome
from tests.backends.calls import call_of


async def outcomes(model, count=200):
    calls = (model.generate(call_of(f"question {n}")) for n in range(count))
    return await asyncio.gather(*calls, return_exceptions=True)


async def test_the_same_call_gets_the_same_reply_and_different_calls_get_all_of_them():
    spec = ScriptedModel(replies=("one", "two", "three"))
    first, again = await outcomes(Scripted(spec)), await outcomes(Scripted(spec))
    assert first == again
    assert {done.text for done in first} == {"one", "two", "three"}
    assert {done.outcome for done in first} == {Outcome.OK}


async def test_the_same_calls_fail_every_time_and_about_as_many_as_configured():
    spec = ScriptedModel(failure_rate=0.25)
    kinds = [[type(done) for done in await outcomes(Scripted(spec))] for _ in range(2)]
    assert kinds[0] == kinds[1]
    assert 25 < kinds[0].count(RejectedError) < 75
    assert {type(done) for done in await outcomes(Scripted(ScriptedModel(failure_rate=1)))} == {RejectedError}


async def test_pictures_count_by_their_bytes_and_not_by_their_path(tmp_path):
    model = Scripted(ScriptedModel(replies=tuple(map(str, range(100)))))
    here, there, other = (Image(d * 64, tmp_path / d / name) for d, name in (("a", "x"), ("a", "y"), ("b", "x")))
    texts = [(await model.generate(call_of(image, "Describe."))).text for image in (here, there, other)]
    assert texts[0] == texts[1] != texts[2]


async def test_a_blank_reply_is_an_empty_completion():
    assert (await Scripted(ScriptedModel(replies=(" ",))).generate(call_of())).outcome is Outcome.EMPTY


async def test_no_more_calls_run_at_once_than_configured_and_all_are_counted():
    model = Scripted(ScriptedModel(concurrency=3, delay=0.001))
    await outcomes(model, 10)
    assert (model.capacity, model.most_in_flight, model.in_flight, model.calls) == (3, 3, 0, 10)


async def test_a_reply_may_be_a_function_that_answers_or_raises():
    def reply(call):
        if call.messages[0].parts == ("broken",):
            raise TransientError("as configured")
        return Completion(Outcome.OK, "by function")

    model = Scripted(ScriptedModel(), reply=reply)
    assert (await model.generate(call_of())).text == "by function"
    with pytest.raises(TransientError, match="as configured"):
        await model.generate(call_of("broken"))


async def test_a_hanging_model_can_be_drained_cancelled_and_closed():
    async def hang(call):
        await asyncio.Event().wait()
        raise AssertionError

    model = Scripted(ScriptedModel(concurrency=1), reply=hang)
    holder, waiter = (asyncio.create_task(model.generate(call_of(str(n)))) for n in range(2))
    await asyncio.sleep(0.01)
    model.drain()
    with pytest.raises(NotRunError):
        await waiter
    assert repr(model) == "<Scripted 1 calls, 1 in flight, <Gate closed, 1/1 held, 0 waiting>>"
    holder.cancel()
    await asyncio.gather(holder, return_exceptions=True)
    await model.aclose()
    assert model.closed
    assert repr(model) == "<Scripted 1 calls, 0 in flight, <Gate closed, 0/1 held, 0 waiting>>"
