import pytest

from prism_engine.scoring.flaws import LONGEST_LIST, not_a_list


@pytest.mark.parametrize("answer", ["['CENTRE']", '["a", "b"]', "[]"])
def test_a_list_of_texts_has_no_flaw(answer):
    assert not_a_list(answer) is None


@pytest.mark.parametrize("answer", ["x", "('a',)", "[a]", "[__import__('os')]", "[" + "1," * LONGEST_LIST + "]"])
def test_anything_else_is_an_error_that_quotes_it(answer):
    flaw = not_a_list(answer)
    assert flaw is not None
    assert (flaw.level, flaw.column) == ("error", "answer")
    assert answer[:5] in flaw.reason
