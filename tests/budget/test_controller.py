from __future__ import annotations

import asyncio
import random
from contextlib import closing

import pytest

from prism_engine.budget.books import Account
from prism_engine.budget.controller import BudgetController
from prism_engine.budget.costs import Cost
from prism_engine.errors import BudgetError, StoreError

ACCOUNT = Account("reason", "m")
CAP = 100_000


@pytest.fixture
def path(tmp_path):
    return tmp_path / "ledger.sqlite"


async def test_a_request_waits_for_what_others_release(path):
    with closing(BudgetController(path, CAP)) as controller:
        await controller.reserve(ACCOUNT, 60_000)
        second = asyncio.create_task(controller.reserve(ACCOUNT, 60_000))
        await asyncio.sleep(0.05)
        assert not second.done()
        controller.settle(ACCOUNT, 60_000, 10_000)
        await second
        controller.settle(ACCOUNT, 60_000, None)
        assert controller.costs.by_stage(controller.books) == {"reason": Cost(10_000, 70_000)}
        totals = await controller.totals()
        assert totals.balance.spent == 70_000
        assert totals.by_stage == {"reason": 70_000}


async def test_a_request_that_can_never_fit_is_refused_at_once_with_what_was_spent(path):
    with closing(BudgetController(path, CAP)) as controller:
        await controller.reserve(ACCOUNT, 90_000)
        controller.settle(ACCOUNT, 90_000, None)
        with pytest.raises(BudgetError, match=r"\$0\.000090 of \$0\.00010 spent"):
            await controller.reserve(ACCOUNT, 20_000)


async def test_the_next_run_continues_with_a_larger_cap(path):
    with closing(BudgetController(path, CAP)) as controller:
        await controller.reserve(ACCOUNT, CAP)
        controller.settle(ACCOUNT, CAP, CAP)
    with closing(BudgetController(path, CAP)) as controller, pytest.raises(BudgetError):
        await controller.reserve(ACCOUNT, 1)
    with closing(BudgetController(path, 2 * CAP)) as controller:
        await controller.reserve(ACCOUNT, CAP)


async def test_a_release_by_another_process_serves_requests_waiting_here(path):
    with closing(BudgetController(path, CAP)) as one, closing(BudgetController(path, CAP)) as other:
        await one.reserve(ACCOUNT, 80_000)
        waiting = asyncio.create_task(other.reserve(ACCOUNT, 80_000))
        await asyncio.sleep(0.05)
        assert not waiting.done()
        one.settle(ACCOUNT, 80_000, 0)
        await waiting


async def test_reservations_of_a_dead_process_are_not_waited_for(path):
    with closing(BudgetController(path, CAP)) as living:
        dying = BudgetController(path, CAP)
        await dying.reserve(ACCOUNT, 80_000)
        waiting = asyncio.create_task(living.reserve(ACCOUNT, 80_000))
        await asyncio.sleep(0.05)
        dying._ledger._session.close()  # as the kernel does
        with pytest.raises(BudgetError, match="killed"):
            await waiting
        dying.close()


async def test_a_cancelled_request_leaves_the_queue_and_keeps_no_reservation(path):
    with closing(BudgetController(path, CAP)) as controller:
        await controller.reserve(ACCOUNT, 80_000)
        waiting = asyncio.create_task(controller.reserve(ACCOUNT, 80_000))
        behind = asyncio.create_task(controller.reserve(ACCOUNT, 1_000))
        await asyncio.sleep(0.05)
        waiting.cancel()
        controller.settle(ACCOUNT, 80_000, 0)
        await behind
        controller.settle(ACCOUNT, 1_000, 0)
        assert (await controller.totals()).balance.used == 0


async def test_a_reservation_granted_to_a_request_cancelled_at_that_moment_is_released(path):
    with closing(BudgetController(path, CAP)) as controller:
        for _ in range(20):
            task = asyncio.create_task(controller.reserve(ACCOUNT, 1_000))
            await asyncio.sleep(random.uniform(0, 0.01))
            if task.cancel():
                with pytest.raises(asyncio.CancelledError):
                    await task
            else:
                controller.settle(ACCOUNT, 1_000, 0)
        for _ in range(200):
            if not (balance := (await controller.totals()).balance).reserved:
                break
            await asyncio.sleep(0.01)
        assert balance.reserved == balance.used == 0


async def test_a_closed_controller_counts_open_reservations_as_spent(path):
    controller = BudgetController(path, CAP)
    await controller.reserve(ACCOUNT, 500)
    controller.close()
    controller.close()
    with pytest.raises(StoreError, match="closed"):
        await controller.reserve(ACCOUNT, 1)
    with closing(BudgetController(path, CAP)) as later:
        assert later.balance.spent == 500


async def test_no_caller_is_left_waiting_when_the_ledger_breaks(path):
    controller = BudgetController(path, CAP)
    await controller.reserve(ACCOUNT, 80_000)
    waiting = [asyncio.create_task(controller.reserve(ACCOUNT, 80_000)) for _ in range(3)]
    await asyncio.sleep(0.05)
    controller._ledger._connection.close()
    results = await asyncio.gather(*waiting, controller.totals(), return_exceptions=True)
    assert {type(result) for result in results} == {StoreError}
    controller.close()


@pytest.mark.parametrize("expensive", [True, False])
async def test_a_thousand_at_once_use_the_cap_and_never_exceed_it(path, expensive):
    cap, worst = 5 * 10**6, 2_000
    chance = random.Random(5)
    billed = refused = 0

    async def send(controller):
        nonlocal billed, refused
        try:
            await controller.reserve(ACCOUNT, worst)
        except BudgetError:
            refused += 1
            return
        cost = worst if expensive else chance.randint(0, worst)
        billed += cost
        assert billed <= cap
        await asyncio.sleep(chance.uniform(0, 0.02))
        controller.settle(ACCOUNT, worst, cost)

    with closing(BudgetController(path, cap)) as controller:
        slots = asyncio.Semaphore(1000)

        async def in_slot():
            async with slots:
                await send(controller)

        await asyncio.gather(*(in_slot() for _ in range(2_600 if expensive else 5_500)))
        totals = await controller.totals()
    assert refused > 0
    assert cap - worst < billed <= cap
    assert totals.balance.spent == billed


async def test_a_changed_cap_holds_for_all_processes_at_the_ledger_that_have_one(path):
    with (
        closing(BudgetController(path, CAP)) as one,
        closing(BudgetController(path, CAP)) as other,
        closing(BudgetController(path)) as without,
    ):
        await one.reserve(ACCOUNT, 50_000)
        one.settle(ACCOUNT, 50_000, 50_000)
        assert await one.change_cap(60_000) == (60_000, 1, 1)
        assert one.cap == 60_000
        with pytest.raises(BudgetError, match=r"\$0\.000050 of \$0\.000060 spent"):
            await other.reserve(ACCOUNT, 20_000)
        await without.reserve(ACCOUNT, 20_000)
        without.release(ACCOUNT, 20_000)
        assert [each.cap for each in (other, without)] == [60_000, None]
        assert await without.change_cap(2 * CAP) == (2 * CAP, 2, 0)
        await one.reserve(ACCOUNT, CAP)
        assert [each.cap for each in (one, without)] == [2 * CAP, 2 * CAP]


async def test_a_request_that_waits_is_decided_again_under_another_s_new_cap(path):
    with closing(BudgetController(path, CAP)) as one, closing(BudgetController(path, CAP)) as other:
        await one.reserve(ACCOUNT, 90_000)
        waiting = asyncio.create_task(other.reserve(ACCOUNT, 90_000))
        await asyncio.sleep(0.05)
        assert not waiting.done()
        await one.change_cap(80_000)
        with pytest.raises(BudgetError):
            await waiting


async def test_the_cap_of_an_ended_process_stays_what_it_was(path):
    with closing(BudgetController(path, CAP)):
        pass
    with closing(BudgetController(path, CAP)) as one:
        assert await one.change_cap(5) == (5, 0, 0)
    with pytest.raises(StoreError):
        await one.change_cap(6)
