from __future__ import annotations

from prism_engine.backends.limits.unnamed_wait import FIRST_WAIT, LONGEST_UNNAMED_WAIT, UnnamedWait


def test_waits_double_up_to_a_bound():
    wait, now, waits = UnnamedWait(), 100.0, []
    for _ in range(8):
        waits.append(wait.after_refusal(now, now + 0.1))
        now += 0.1 + waits[-1]
    assert [round(each, 6) for each in waits[:5]] == [FIRST_WAIT * 2**n for n in range(5)]
    assert waits[-1] == LONGEST_UNNAMED_WAIT


def test_refusals_of_requests_in_flight_together_count_once():
    wait = UnnamedWait()
    assert wait.after_refusal(0.0, 1.0) == FIRST_WAIT
    assert wait.after_refusal(0.5, 1.25) == FIRST_WAIT - 0.25
    assert wait.after_refusal(0.5, 9.0) == 0.0


def test_a_success_sent_after_the_refusal_resets_the_wait_and_an_older_one_does_not():
    wait = UnnamedWait()
    wait.after_refusal(0.0, 1.0)
    wait.record_success(0.5)
    assert wait.after_refusal(2.0, 3.0) == 2 * FIRST_WAIT
    wait.record_success(5.5)
    assert wait.after_refusal(6.0, 7.0) == FIRST_WAIT
