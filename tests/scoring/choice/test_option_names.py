"""What options may be called."""

from __future__ import annotations

from prism_engine.scoring.choice.option_names import any_of, beginnings, canonical, names_of, short_names


def test_a_name_of_two_options_is_none():
    assert names_of(["cat", "cat", "dog"], ["A", "B", "C"]) == {"dog": 2}


def test_parts_that_no_other_option_has_are_names():
    assert beginnings(["convex lens", "concave lens", "no lens"]) == {"convex": 0, "concave": 1}
    assert short_names(["both", "neither of them"]) == {"both": 0, "neither": 1}
    assert names_of(["12 cm", "15 cm"], ["A", "B"])["12"] == 0


def test_texts_are_found_as_whole_words_and_numbers():
    found = any_of(["12", "cat"], ["12", "cat"])
    assert [one["text"] for one in found.finditer("the cat")] == ["cat"]
    assert found.search("concatenate 112 12.5 12%") is None


def test_an_article_and_marks_around_a_text_are_no_part_of_it():
    assert canonical("A **Dog**.") == "dog"
