from hypothesis import given
from hypothesis import strategies as st

from prism_engine.scoring.scorer import MAX_LIST_CHARACTERS, literal_list, right_answers


def test_a_list_gives_its_elements_as_texts():
    assert right_answers("['a', \"b's\", 3, None]") == ("a", "b's", "3", "None")
    assert right_answers(" ['a'] ") == ("a",)


def test_a_cell_that_is_not_a_list_is_the_only_right_answer_as_written():
    for text in ("cat", "", "[broken", "{'a': 1}", "('a',)", "[open('x')]", "[1 + 1j, x]", "'a'"):
        assert right_answers(text) == (text,)


def test_nothing_is_evaluated():
    assert literal_list("[__import__('os').getcwd()]") is None


def test_nesting_and_length_do_no_harm():
    for text in ("[" * 50_000 + "]" * 50_000, "[" + "-" * 90_000 + "1]", "['" + "a" * MAX_LIST_CHARACTERS + "']"):
        assert right_answers(text) == (text,)


@given(st.text(alphabet="[]'\",\\ab1-(){}:\n\0", max_size=60) | st.text())
def test_any_cell_has_at_least_its_own_text_or_is_a_list(cell):
    assert all(isinstance(gold, str) for gold in right_answers(cell))
    assert all(isinstance(gold, str) for gold in right_answers(f"[{cell}]"))
