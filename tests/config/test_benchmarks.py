"""Benchmarks by name."""

import pytest

from prism_engine.config.benchmarks import answer_kind
from prism_engine.records import AnswerKind


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("MMStar", AnswerKind.CHOICE),
        ("MMBench_DEV_EN_V11", AnswerKind.CIRCULAR),
        ("BLINK_circular", AnswerKind.CIRCULAR),
        ("MMMU_DEV_VAL", AnswerKind.MMMU),
        ("MME", AnswerKind.MME),
        ("TextVQA_VAL", AnswerKind.VQA),
        ("InfoVQA_VAL", AnswerKind.ANLS),
        ("MyOwn", None),
    ],
)
def test_a_name_says_what_a_right_answer_is(name, kind):
    assert answer_kind(name) is kind
