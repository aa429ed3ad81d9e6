from __future__ import annotations

from prism_engine.chaos.behaviour import LASTING, Behaviour, Fault, RandomFaults


def test_random_faults_are_the_same_for_the_same_seed_and_different_for_another():
    def drawn(seed):
        return [RandomFaults(0.5, seed=seed).at(turn) for turn in range(200)]

    assert drawn(1) == drawn(1) != drawn(2)


def test_they_occur_at_the_configured_rate_and_in_all_kinds():
    drawn = [RandomFaults(0.2, seed=7).at(turn) for turn in range(5000)]
    struck = [fault for fault in drawn if fault]
    assert 0.18 < len(struck) / len(drawn) < 0.22
    assert set(struck) == set(Fault)
    assert not any(RandomFaults(0.0).at(turn) for turn in range(1000))
    assert all(RandomFaults(1.0).at(turn) for turn in range(1000))


def test_a_higher_rate_keeps_the_faults_of_a_lower_one():
    few, many = RandomFaults(0.1, seed=3), RandomFaults(0.3, seed=3)
    assert all(many.at(turn) is few.at(turn) for turn in range(1000) if few.at(turn))


def test_planned_faults_come_first_and_random_ones_in_between():
    always = RandomFaults(1.0, (Fault.HANG,))
    behaviour = Behaviour(faults=(Fault.CUT, None), random=always)
    assert [behaviour.fault_at(turn) for turn in range(3)] == [Fault.CUT, Fault.HANG, Fault.HANG]


def test_only_errors_of_the_server_are_free():
    free = {fault.value for fault in Fault if not fault.computed}
    assert free == {"500", "502", "503", "529", "html", "429", "400"}
    assert {fault.value for fault in LASTING} == {"400", "empty", "filtered", "cut"}
