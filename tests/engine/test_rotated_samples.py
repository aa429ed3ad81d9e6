"""Every rotation of a question's options as a separate sample."""

from __future__ import annotations

from array import array

import pytest

from prism_engine.engine.drawn_samples import DrawnSamples
from prism_engine.engine.rotated_samples import RotatedSamples
from prism_engine.errors import ConfigError
from prism_engine.records import Option, Sample

TEXTS = (
    ("red", "blue", "green", "grey"),
    ("red", "All of the above"),
    ("one", "two", "three"),
    (),
    ("left", "right"),
)


class Benchmark:
    """Questions with 4, 2 (not to be rotated), 3, no and 2 options; visited in reverse."""

    def __init__(self, texts=TEXTS):
        self._texts = texts

    def __len__(self):
        return len(self._texts)

    def order(self, count):
        return array("q", reversed(range(count)))

    def samples(self, positions):
        for position in positions:
            options = tuple(map(Option, "ABCD", self._texts[position]))
            yield Sample(position, str(position), (), f"Question {position}?", options=options, answer="A")


def draws(samples):
    return [sample.draw for sample in samples if sample.draw is not None]


def test_a_question_has_as_many_rotations_as_asked_for_but_no_more_than_options():
    turned = RotatedSamples(Benchmark(), 5, 3)
    assert [len(turned.positions_of(question)) for question in range(5)] == [3, 1, 3, 1, 2]
    assert len(turned) == 10
    assert len(RotatedSamples(Benchmark(), 5, "all")) == 11
    assert len(RotatedSamples(Benchmark(), 2, "all")) == 5


def test_a_sample_knows_its_question_and_its_rotation_and_has_a_position_of_its_own():
    samples = list(RotatedSamples(Benchmark(), 5, 3).samples(range(10)))
    assert [sample.position for sample in samples] == list(range(10))
    assert [draw.position for draw in draws(samples)] == [0, 0, 0, 1, 2, 2, 2, 3, 4, 4]
    assert [draw.rotation for draw in draws(samples)] == [0, 1, 2, 0, 0, 1, 2, 0, 0, 1]
    assert [sample.answer for sample in samples[:3]] == ["A", "D", "C"]
    assert [sample.options[0].text for sample in samples[:3]] == ["red", "blue", "green"]
    reasons = {draw.position: draw.order_kept for draw in draws(samples)}
    assert reasons == {0: None, 1: "an option refers to others", 2: None, 3: "no options", 4: None}


def test_more_rotations_begin_with_those_of_fewer():
    few, many = (list(RotatedSamples(Benchmark(), 1, number).samples(range(number))) for number in (2, 4))
    assert few == many[:2]


def test_samples_come_in_the_order_asked_for_and_a_question_s_rotations_together():
    turned = RotatedSamples(Benchmark(), 5, 3)
    assert [sample.position for sample in turned.samples([9, 0, 5, 4, 8])] == [9, 0, 5, 4, 8]
    assert list(turned.order(10)) == [8, 9, 7, 4, 5, 6, 3, 0, 1, 2]


def test_every_rotation_is_drawn_as_often_as_the_question():
    drawn = DrawnSamples(RotatedSamples(Benchmark(), 5, 3), 1, 2)
    samples = list(drawn.samples(range(len(drawn))))
    assert [sample.position for sample in samples] == list(range(20))
    assert [(draw.position, draw.rotation, draw.answer) for draw in draws(samples[:6])] == [
        (0, 0, 0),
        (0, 0, 1),
        (0, 1, 0),
        (0, 1, 1),
        (0, 2, 0),
        (0, 2, 1),
    ]
    assert draws(samples)[6].order_kept == "an option refers to others"
    assert sorted(drawn.order(20)) == list(range(20))


def test_what_is_rotated_is_counted_with_the_reasons_for_the_rest():
    counts = RotatedSamples(Benchmark(), 5, "all").counts
    assert (counts.questions, counts.rotated) == (5, 3)
    assert counts.order_kept == {"an option refers to others": 1, "no options": 1}
    assert str(counts) == "3 of 5 questions rotated; 1: an option refers to others; 1: no options"


def test_more_rotations_than_any_question_has_options_are_refused():
    with pytest.raises(ConfigError, match=r"--rotate 5: no question .* more than 4 options; give 4 or less, or all"):
        RotatedSamples(Benchmark(), 5, 5)


def test_a_benchmark_without_anything_to_rotate_is_refused():
    with pytest.raises(ConfigError, match=r"nothing to rotate: 0 of 2 questions rotated; 2: no options; leave it out"):
        RotatedSamples(Benchmark(((), ())), 2, "all")
