from __future__ import annotations

import asyncio
from contextlib import closing
from decimal import Decimal

import pytest

from prism_engine.budget.controller import PAYER, BudgetController
from prism_engine.budget.model_budget import MAX_PLAUSIBLE_RATIO, ModelBudget
from prism_engine.budget.prices import price_of
from prism_engine.config import ApiModel, PriceSpec
from prism_engine.records import Call, Message, ModelIdentity, Sampling, Usage

SPEC = ApiModel(model="m", base_url="http://x/v1", price=PriceSpec(input=Decimal(1), output=Decimal(2)))
CALL = Call("reason", ModelIdentity("mine", ()), (Message("user", ("Why?",)),), Sampling(max_tokens=100))


@pytest.fixture
def controller(tmp_path):
    with closing(BudgetController(tmp_path / "ledger.sqlite", 10**9)) as controller:
        yield controller


@pytest.fixture
def budget(controller):
    price = price_of(SPEC)
    assert price is not None
    return ModelBudget(controller, price, SPEC)


async def test_the_worst_case_is_reserved_and_the_usage_settles_it(controller, budget):
    reservation = await budget.reserve(CALL)
    assert controller.balance.reserved == budget.worst(CALL) == (4 + 256 + 16) * 1000 + 100 * 2000
    reservation.settle(Usage(20, 10))
    totals = await controller.totals()
    assert totals.by_stage == {"reason": 20 * 1000 + 10 * 2000}
    assert totals.balance.reserved == 0


async def test_a_request_that_was_not_sent_costs_nothing(controller, budget):
    (await budget.reserve(CALL)).free()
    assert (await controller.totals()).balance.used == 0


@pytest.mark.parametrize("usage", [None, Usage(), Usage(0, 0), Usage(-20, -1), Usage(10**15, 10**15)], ids=repr)
async def test_a_reply_without_believable_usage_costs_its_worst_case(controller, budget, usage):
    (await budget.reserve(CALL)).settle(usage)
    assert (await controller.totals()).balance.spent == budget.worst(CALL)
    assert budget.factor == 1


async def test_after_a_request_that_cost_more_than_its_worst_case_more_is_reserved(controller, budget):
    worst = budget.worst(CALL)
    reservation, another = await budget.reserve(CALL), await budget.reserve(CALL)
    cost = 5 * worst // 2
    reservation.settle(Usage(cost // 1000, 0))
    another.settle(Usage(cost // 1000, 0))
    assert budget.worst(CALL) == 3 * worst
    assert (await controller.totals()).balance.spent == 2 * (cost // 1000 * 1000)
    assert cost < MAX_PLAUSIBLE_RATIO * worst


async def test_additional_fields_of_the_request_may_be_part_of_the_prompt(controller, budget):
    spec = SPEC.model_copy(update={"extra_body": {"tools": ["x" * 100]}})
    assert ModelBudget(controller, budget.price, spec).worst(CALL) > budget.worst(CALL) + 100 * 1000


async def test_a_reservation_is_for_the_run_whose_task_made_it(controller, budget):
    async def pay(name):
        PAYER.set(name)
        return await budget.reserve(CALL)

    one, other = [await asyncio.create_task(pay(name)) for name in ("one", "other")]
    one.settle(Usage(50, 0))
    other.free()
    assert controller.spent_for["one", CALL.stage] == budget.price.cost(Usage(50, 0))
    assert controller.spent_for["other", CALL.stage] == 0
