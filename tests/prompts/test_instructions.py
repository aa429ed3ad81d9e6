"""The instructions of the ablation, by their known names."""

from __future__ import annotations

import pytest

from prism_engine import prompts
from prism_engine.errors import ConfigError

NAMES = {"generic", "human2", "gpt1", "gpt2", "cot", "decompose"}


def test_the_names_are_those_of_the_field_and_each_is_another_wording():
    assert set(prompts.INSTRUCTIONS) == NAMES
    assert len(set(prompts.INSTRUCTIONS.values())) == len(NAMES)


def test_the_first_person_s_wording_is_the_generic_one_under_one_name():
    assert prompts.instruction_name("human1") == "generic"
    assert prompts.instruction_text("human1") == prompts.instruction_text("generic")


@pytest.mark.parametrize(("name", "words"), [("cot", "step by step"), ("decompose", "several parts")])
def test_a_wording_says_what_its_name_promises(name, words):
    assert words in prompts.instruction_text(name)


def test_the_wording_on_which_the_embedded_models_were_trained_is_unchanged():
    assert prompts.instruction_text("generic") == (
        "Describe this image in full detail: every object with its appearance and position, how the objects relate "
        "to one another, any text or numbers, and the setting as a whole."
    )


def test_a_specific_instruction_is_the_generic_one_followed_by_the_hints():
    assert prompts.specific_instruction("Describe it.", "the clock") == (
        "Describe it. Especially, pay attention to the clock."
    )


def test_an_unknown_instruction_is_answered_with_the_known_ones():
    with pytest.raises(ConfigError, match=r"did you mean 'generic'\? A wording of your own"):
        prompts.instruction_text("genric")
    with pytest.raises(ConfigError, match=r"known: cot, decompose, generic, .*human2\."):
        prompts.instruction_text("xyz")
