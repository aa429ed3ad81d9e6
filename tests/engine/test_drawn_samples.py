"""Every draw of a question as a separate sample."""

from __future__ import annotations

from prism_engine.engine.drawn_samples import DrawnSamples
from tests.engine.conftest import Benchmark


def taken(drawn, positions):
    return list(drawn.samples(positions))


def test_every_draw_has_a_position_of_its_own_and_knows_its_question():
    drawn = DrawnSamples(Benchmark(3), 2, 3)
    assert (len(drawn), drawn.draws_per_question) == (18, 6)
    samples = taken(drawn, range(18))
    assert [sample.position for sample in samples] == list(range(18))
    assert [sample.draw.position for sample in samples] == [position // 6 for position in range(18)]
    assert [(sample.draw.description, sample.draw.answer) for sample in samples[6:12]] == [
        (0, 0),
        (0, 1),
        (0, 2),
        (1, 0),
        (1, 1),
        (1, 2),
    ]
    assert {sample.question for sample in samples[6:12]} == {"Question 1?"}


def test_a_single_draw_has_the_seed_of_an_undrawn_question():
    (sample,) = taken(DrawnSamples(Benchmark(3), 1, 2), [3])
    assert (sample.draw.description, sample.draw.answer) == (None, 1)


def test_samples_come_in_the_order_asked_for_and_a_question_s_draws_together():
    drawn = DrawnSamples(Benchmark(3), 1, 2)
    assert [sample.position for sample in taken(drawn, [5, 0, 1, 4])] == [5, 0, 1, 4]
    assert list(drawn.order(4)) == [0, 1, 2, 3]
