"""A sentence in simpler words."""

from __future__ import annotations

import pytest

from prism_engine.scoring.choice.rewriting import simplified

A, B = "\ue000", "\ue001"


@pytest.mark.parametrize(
    ("sentence", "simple"),
    [
        (f"{A} = no, {B} = yes", f"{A} is wrong,, {B} is correct,"),
        (f"{A} (incorrect), {B} (correct)", f"{A} is incorrect,, {B} is correct,"),
        (f"{A}: nope", f"{A} is wrong,"),
        (f"i prefer {A} to {B}", f"i prefer {A}"),
        (f"i change my answer from {A} to {B}", f"i change my answer to {B}"),
        (f"between {A} and {B}, the latter fits", f", the {B} fits"),
        (f"not {A}, {B}.", f"not {A} but {B}."),
        (f"{A} can be ruled out, {B} cannot.", f"{A} can be ruled out, {B} is correct"),
        (f"it is exactly what {A} says", f"so the answer is {A}"),
        (f"the street is {A}", f"the street is {A}"),
    ],
)
def test_forms_become_fewer(sentence, simple):
    assert simplified(sentence) == simple
