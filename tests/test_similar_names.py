import pytest

from prism_engine.similar_names import CLOSE, did_you_mean, similar


def test_nothing_is_suggested_where_nothing_is_similar():
    assert did_you_mean("zzz", ["benchmark"]) == ""
    assert did_you_mean("benchmrk", ["benchmark"]) == " - did you mean 'benchmark'?"


@pytest.mark.parametrize(("typed", "meant"), [("MMSTRA", ["MMStar"]), ("mmstar", ["MMStar"]), ("mmStra", ["MMStar"])])
def test_case_does_not_matter_and_the_known_spelling_is_returned(typed, meant):
    assert similar(typed, ["MMStar", "POPE"]) == meant


def test_the_best_come_first_and_no_more_than_asked_for():
    assert similar("reasoner", ["reasoning", "reasoner-b", "perceiver", "reasoner-a"], most=2) == [
        "reasoner-b",
        "reasoner-a",
    ]
    assert similar("a", ["A", "a"], most=1) == ["A"]
    assert similar("ansvers", ["answer"], most=1, cutoff=CLOSE) == []


def test_only_the_beginning_of_an_endless_name_is_compared():
    assert similar("benchmark" * 1_000_000, ["perceiver" * 9]) == []
    assert similar("b" * 80 + "c" * 10_000_000, ["b" * 80]) == ["b" * 80]
