from __future__ import annotations

import asyncio
from contextlib import closing
from decimal import Decimal

import pytest

from prism_engine.budget.prices import price_of
from prism_engine.budget.purse import UNBELIEVABLE, Purse
from prism_engine.budget.till import PAYER, Till
from prism_engine.config import ApiModel, PriceSpec
from prism_engine.records import Call, Message, ModelIdentity, Sampling, Usage

SPEC = ApiModel(model="m", base_url="http://x/v1", price=PriceSpec(input=Decimal(1), output=Decimal(2)))
CALL = Call("reason", ModelIdentity("mine", ()), (Message("user", ("Why?",)),), Sampling(max_tokens=100))


@pytest.fixture
def till(tmp_path):
    with closing(Till(tmp_path / "ledger.sqlite", 10**9)) as till:
        yield till


@pytest.fixture
def purse(till):
    price = price_of(SPEC)
    assert price is not None
    return Purse(till, price, SPEC)


async def test_the_worst_case_is_set_aside_and_the_usage_settles_it(till, purse):
    payment = await purse.reserve(CALL)
    assert till.funds.under_way == purse.worst(CALL) == (4 + 256 + 16) * 1000 + 100 * 2000
    payment.settle(Usage(20, 10))
    totals = await till.totals()
    assert totals.by_stage == {"reason": 20 * 1000 + 10 * 2000}
    assert totals.funds.under_way == 0


async def test_a_request_that_was_not_sent_costs_nothing(till, purse):
    (await purse.reserve(CALL)).free()
    assert (await till.totals()).funds.gone == 0


@pytest.mark.parametrize("usage", [None, Usage(), Usage(0, 0), Usage(-20, -1), Usage(10**15, 10**15)], ids=repr)
async def test_a_reply_without_believable_usage_costs_its_worst_case(till, purse, usage):
    (await purse.reserve(CALL)).settle(usage)
    assert (await till.totals()).funds.spent == purse.worst(CALL)
    assert purse.factor == 1


async def test_after_a_request_that_cost_more_than_its_worst_case_more_is_set_aside(till, purse):
    worst = purse.worst(CALL)
    payment, another = await purse.reserve(CALL), await purse.reserve(CALL)
    cost = 5 * worst // 2
    payment.settle(Usage(cost // 1000, 0))
    another.settle(Usage(cost // 1000, 0))
    assert purse.worst(CALL) == 3 * worst
    assert (await till.totals()).funds.spent == 2 * (cost // 1000 * 1000)
    assert cost < UNBELIEVABLE * worst


async def test_further_fields_of_the_request_may_be_part_of_the_prompt(till, purse):
    spec = SPEC.model_copy(update={"extra_body": {"tools": ["x" * 100]}})
    assert Purse(till, purse.price, spec).worst(CALL) > purse.worst(CALL) + 100 * 1000


async def test_a_payment_is_for_the_run_whose_task_reserved_it(till, purse):
    async def pay(name):
        PAYER.set(name)
        return await purse.reserve(CALL)

    one, other = [await asyncio.create_task(pay(name)) for name in ("one", "other")]
    one.settle(Usage(50, 0))
    other.free()
    assert till.spent_for["one", CALL.stage] == purse.price.cost(Usage(50, 0))
    assert till.spent_for["other", CALL.stage] == 0
