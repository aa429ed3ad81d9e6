"""Words at which a sentence turns or takes something back."""

from __future__ import annotations

import pytest

from prism_engine.scoring.choice import turning

A = "\ue000"


@pytest.mark.parametrize(
    ("sentence", "parts"),
    [
        ("it fits, so it is right", ["it fits, ", " it is right"]),
        (f"after another look: it's {A}", ["after another look", f" it's {A}"]),
        (f"{A}: it fits", [f"{A}: it fits"]),
        ("it stands out as the best", ["it stands out as the best"]),
    ],
)
def test_a_sentence_is_split_where_it_turns(sentence, parts):
    ends = [0, *(end for found in turning.TURN.finditer(sentence) for end in found.span()), len(sentence)]
    assert [sentence[start:end] for start, end in zip(ends[::2], ends[1::2], strict=True)] == parts


@pytest.mark.parametrize("text", ["wait", "on second thought", "i misread it", "i can't decide"])
def test_a_statement_is_taken_back(text):
    assert turning.RETRACTED.search(text)


@pytest.mark.parametrize("text", ["let me double-check", "correction: it is that"])
def test_another_look_is_announced(text):
    assert turning.RECHECKED.search(text)


@pytest.mark.parametrize("text", [f"all but {A}", f"nothing fits better than {A}", f"none other than {A}"])
def test_an_exception_is_found(text):
    found = turning.EXCEPT.search(text)
    assert found
    assert found["sign"] == A
