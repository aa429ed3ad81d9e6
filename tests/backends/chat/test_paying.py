"""The budget of each request: reserved before it is sent, and settled or released by its outcome on every path."""

from __future__ import annotations

import asyncio

import pytest

from prism_engine.backends.chat.api import ChatApi
from prism_engine.chaos.behaviour import Behaviour, Fault
from prism_engine.chaos.server import ChaosServer
from prism_engine.config import ApiModel
from prism_engine.errors import BudgetError, DeadError, NotRunError, PrismError
from prism_engine.records import Image
from tests.backends.calls import call_of


class RecordingBudget:
    """A budget that records what happens to each reservation."""

    def __init__(self, *, empty=False):
        self.entries = []
        self.empty = empty
        self.why_waiting = ""

    async def reserve(self, call):
        if self.empty:
            raise BudgetError("budget: used up")
        self.entries.append("reserved")
        return self

    def settle(self, usage):
        known = usage is not None and usage.prompt_tokens is not None
        self.entries.append("settled" if known else "unknown")

    def free(self):
        self.entries.append("free")


async def outcome(behaviour, *, budget, call=None, url=None, **spec):
    async with ChaosServer(behaviour) as server:
        api = ChatApi(ApiModel(model="m", base_url=url or server.base_url, attempts=1, **spec), None, budget=budget)
        try:
            return await api.generate(call or call_of())
        except PrismError as error:
            return error
        finally:
            await api.aclose()


@pytest.mark.parametrize(
    ("fault", "entry"),
    [
        (None, "settled"),
        (Fault.EMPTY, "settled"),
        (Fault.FILTERED, "settled"),
        (Fault.CUT, "settled"),
        (Fault.RATE_LIMIT, "free"),
        (Fault.BAD_REQUEST, "free"),
        (Fault.UNAVAILABLE, "free"),
        (Fault.OVERLOADED, "free"),
        (Fault.SERVER_ERROR, "unknown"),
        (Fault.BAD_GATEWAY, "unknown"),
        (Fault.HTML, "unknown"),
        (Fault.RESET, "unknown"),
        (Fault.TORN, "unknown"),
        (Fault.HANG, "unknown"),
        (Fault.USAGE_MISSING, "unknown"),
    ],
)
async def test_each_way_a_request_can_end_is_paid_as_it_may_be_billed(fault, entry):
    budget = RecordingBudget()
    await outcome(Behaviour(faults=(fault,), retry_after="0"), budget=budget, timeout=0.3)
    assert budget.entries[:2] == ["reserved", entry]


async def test_every_attempt_is_paid_for_by_itself():
    budget = RecordingBudget()
    async with ChaosServer(Behaviour(faults=(Fault.TORN,))) as server:
        api = ChatApi(ApiModel(model="m", base_url=server.base_url), None, budget=budget)
        await api.generate(call_of())
        await api.aclose()
    assert budget.entries == ["reserved", "unknown", "reserved", "settled"]


async def test_a_refused_key_and_a_server_that_is_not_there_cost_nothing():
    budget = RecordingBudget()
    assert isinstance(await outcome(Behaviour(key="other"), budget=budget), DeadError)
    assert isinstance(await outcome(Behaviour(), budget=budget, url="http://127.0.0.1:9/v1"), DeadError)
    assert budget.entries == ["reserved", "free"] * 2


async def test_a_picture_that_cannot_be_read_costs_nothing(tmp_path):
    budget = RecordingBudget()
    await outcome(Behaviour(), budget=budget, call=call_of(Image("0" * 64, tmp_path / "none.png")))
    assert budget.entries == ["reserved", "free"]


async def test_nothing_is_sent_without_a_reservation():
    async with ChaosServer() as server:
        api = ChatApi(ApiModel(model="m", base_url=server.base_url), None, budget=RecordingBudget(empty=True))
        with pytest.raises(BudgetError):
            await api.generate(call_of())
        await api.aclose()
        assert server.stats.received == 0


async def test_a_drain_ends_the_wait_for_a_reservation():
    class Never(RecordingBudget):
        async def reserve(self, call):
            await asyncio.Event().wait()
            return self

    async with ChaosServer() as server:
        api = ChatApi(ApiModel(model="m", base_url=server.base_url), None, budget=Never())
        task = asyncio.create_task(api.generate(call_of()))
        await asyncio.sleep(0.05)
        api.drain()
        with pytest.raises(NotRunError):
            await task
        await api.aclose()
        assert server.stats.received == 0


async def test_a_request_that_is_cancelled_in_flight_counts_in_full():
    budget = RecordingBudget()
    async with ChaosServer(Behaviour(latency=30)) as server:
        api = ChatApi(ApiModel(model="m", base_url=server.base_url), None, budget=budget)
        task = asyncio.create_task(api.generate(call_of()))
        while not server.stats.received:
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await api.aclose()
    assert budget.entries == ["reserved", "unknown"]
