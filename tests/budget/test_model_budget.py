from __future__ import annotations

import asyncio
from contextlib import closing
from dataclasses import replace
from decimal import Decimal

import pytest

from prism_engine.budget.controller import PAYER, BudgetController
from prism_engine.budget.costs import Cost
from prism_engine.budget.model_budget import ModelBudget
from prism_engine.budget.prices import price_of
from prism_engine.budget.trials import GROWTH
from prism_engine.config import ApiModel, PriceSpec
from prism_engine.errors import BudgetError
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


@pytest.mark.parametrize("usage", [None, Usage(), Usage(0, 0), Usage(-20, -1), Usage(20, -1)], ids=repr)
async def test_a_reply_without_a_usage_costs_its_worst_case(controller, budget, usage):
    (await budget.reserve(CALL)).settle(usage)
    balance = (await controller.totals()).balance
    assert balance.spent == balance.unknown == budget.worst(CALL)
    assert balance.reported == 0


@pytest.mark.parametrize("ratio", [2, 6, 40, 1000])
async def test_a_reply_counts_as_it_reports_and_later_requests_reserve_that_much_more(tmp_path, budget, ratio):
    tokens = ratio * budget.worst(CALL) // 2000
    with closing(BudgetController(tmp_path / "other.sqlite", 10**10)) as controller:
        costly = ModelBudget(controller, budget.price, SPEC)
        (await costly.reserve(CALL)).settle(Usage(20, tokens))
        balance = (await controller.totals()).balance
        assert balance.spent == balance.reported == 20 * 1000 + tokens * 2000
        await costly.reserve(CALL)
        assert balance.spent < controller.balance.reserved <= 1.6 * balance.spent


@pytest.mark.parametrize("tokens", [10**15, 2**63 - 1, 2**63, 10**100])
async def test_an_impossible_claim_uses_the_cap_up_and_saturates(tmp_path, controller, budget, tokens):
    (await budget.reserve(CALL)).settle(Usage(tokens, tokens))
    with pytest.raises(BudgetError, match=r"above the cap"):
        await budget.reserve(CALL)
    assert 10**9 < (await controller.totals()).balance.used < 2**63
    with closing(BudgetController(tmp_path / "ledger.sqlite")) as uncapped:  # and further claims do not overflow
        other = ModelBudget(uncapped, budget.price, SPEC)
        for _ in range(3):
            (await other.reserve(CALL)).settle(Usage(tokens, tokens))
            (await other.reserve(CALL)).settle(None)
        assert (await uncapped.totals()).balance.used < 2**63


async def test_no_second_request_is_sent_before_the_usage_of_the_first_is_known(controller, budget):
    first = await budget.reserve(CALL)
    waiting = [asyncio.create_task(budget.reserve(CALL)) for _ in range(GROWTH + 1)]
    await asyncio.sleep(0.2)
    assert not any(task.done() for task in waiting)
    first.settle(None)  # it failed on its way: still nothing is known
    await asyncio.sleep(0.2)
    assert [task.done() for task in waiting] == [True] + GROWTH * [False]
    (await waiting[0]).settle(Usage(20, 10))
    await asyncio.gather(*waiting)


async def test_a_model_that_waits_for_its_first_reply_lets_others_pass(controller, budget):
    await budget.reserve(CALL)
    held = asyncio.create_task(budget.reserve(CALL))
    other = replace(CALL, model=ModelIdentity("other", ()))
    await asyncio.wait_for(budget.reserve(other), 5)
    assert not held.done()
    held.cancel()


async def test_what_a_reply_taught_is_known_to_the_next_process(tmp_path, budget):
    path = tmp_path / "other.sqlite"
    with closing(BudgetController(path, 10**9)) as earlier:
        first = ModelBudget(earlier, budget.price, SPEC)
        (await first.reserve(CALL)).settle(Usage(20, 40 * 100))
    with closing(BudgetController(path, 10**9)) as later:
        second = ModelBudget(later, budget.price, SPEC)
        await second.reserve(CALL)
        assert later.balance.reserved > 40 * 100 * 2000


async def test_requests_lost_before_their_cost_was_known_count_with_what_is_learnt(tmp_path, budget):
    path = tmp_path / "other.sqlite"
    dying = BudgetController(path, 10**9)
    await ModelBudget(dying, budget.price, SPEC).reserve(CALL)
    dying._ledger._session.close()  # as the kernel does when the process is killed
    with closing(BudgetController(path, 10**9)) as later:
        assert later.balance.lost > 10**9 // 2  # not known yet, so it counts as half of the cap
        (await ModelBudget(later, budget.price, SPEC).reserve(CALL)).settle(Usage(20, 40 * 100))
        assert (await later.totals()).balance.lost > 40 * 100 * 2000
    dying.close()


async def test_only_two_first_requests_are_lost_to_kills_until_the_cap_is_raised(tmp_path, budget):
    path = tmp_path / "other.sqlite"
    for _ in range(2):
        dying = BudgetController(path, 10**9)
        await ModelBudget(dying, budget.price, SPEC).reserve(CALL)
        dying._ledger._session.close()  # as the kernel does when the process is killed
        dying._ledger._connection.close()
    refused = pytest.raises(BudgetError, match="killed while their first request to mine was in flight")
    with closing(BudgetController(path, 10**9)) as later, refused:
        await ModelBudget(later, budget.price, SPEC).reserve(CALL)
    with closing(BudgetController(path, 10**10)) as later:
        (await ModelBudget(later, budget.price, SPEC).reserve(CALL)).settle(Usage())  # a reply, if without a usage
        assert (await later.totals()).balance.lost == 2 * budget.worst(CALL)


async def test_why_requests_wait_is_said(controller, budget):
    first = await budget.reserve(CALL)
    assert budget.why_waiting == "the first request to 'mine' is sent alone, until its reply reports what it costs"
    first.settle(Usage(20, 10))
    await controller.totals()
    assert budget.why_waiting.startswith("each request to 'mine' reserves up to $0.00048 until its reply reports")
    assert budget.why_waiting.endswith(": lower the output limit, or raise --max-cost")


async def test_other_settings_of_a_model_start_with_one_request_again(controller, budget):
    (await budget.reserve(CALL)).settle(Usage(20, 10))
    longer = replace(CALL, sampling=Sampling(max_tokens=4000))
    await asyncio.gather(budget.reserve(CALL), budget.reserve(longer))
    second = asyncio.create_task(budget.reserve(longer))
    await asyncio.sleep(0.2)
    assert not second.done()
    second.cancel()


async def test_a_provider_that_never_reports_a_usage_is_trusted_slowly(controller, budget):
    most = 0
    for _ in range(8):
        held = []
        while True:
            task = asyncio.create_task(budget.reserve(CALL))
            done, _ = await asyncio.wait([task], timeout=0.15)
            if not done:
                task.cancel()
                break
            held.append(task.result())
        most = max(most, len(held))
        for reservation in held:
            reservation.settle(Usage())
    assert 2 <= most <= 16


async def test_additional_fields_of_the_request_may_be_part_of_the_prompt(controller, budget):
    spec = SPEC.model_copy(update={"extra_body": {"tools": ["x" * 100]}})
    assert ModelBudget(controller, budget.price, spec).worst(CALL) > budget.worst(CALL) + 100 * 1000


async def test_thinking_that_the_output_limit_does_not_count_is_reserved_too(controller, budget):
    thinking = SPEC.model_copy(update={"reasoning_style": "gemini", "thinking_budget": 500})
    fields = SPEC.model_copy(update={"extra_body": thinking.request_fields})
    beyond = ModelBudget(controller, budget.price, thinking).worst(CALL)
    assert beyond - ModelBudget(controller, budget.price, fields).worst(CALL) == 500 * 2000
    bounded = SPEC.model_copy(update={"reasoning_style": "anthropic", "thinking_budget": 50})
    assert ModelBudget(controller, budget.price, bounded).worst(CALL) < budget.worst(CALL) + 200 * 1000


async def test_a_reservation_is_for_the_run_whose_task_made_it(controller, budget):
    async def pay(name):
        PAYER.set(name)
        return await budget.reserve(CALL)

    one = await asyncio.create_task(pay("one"))
    one.settle(Usage(50, 0))
    other = await asyncio.create_task(pay("other"))
    other.free()
    spent = budget.price.cost(Usage(50, 0))
    assert controller.costs.by_stage(controller.books, "one") == {CALL.stage: Cost(spent, spent)}
    assert controller.costs.by_stage(controller.books, "other") == {}
