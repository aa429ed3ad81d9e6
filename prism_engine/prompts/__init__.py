"""The prompts sent to models: perception instructions, hint requests, and questions.

The structure follows Prism (arXiv:2406.14544, sections 2.2-2.3, figures 7 and 8): the picture comes before the
instruction; the reasoner sees a role sentence, the description, then the question with its options. The wording is our
own.
"""

from prism_engine.prompts.hints import clean_hints, hint_messages, hint_query, hint_shots
from prism_engine.prompts.instructions import (
    ALIASES,
    INSTRUCTIONS,
    instruction_name,
    instruction_text,
    specific_instruction,
)
from prism_engine.prompts.perceiver_prompts import (
    join_descriptions,
    merge_descriptions,
    perception_messages,
    together_messages,
)
from prism_engine.prompts.reasoner_prompts import direct_messages, question_text, reasoning_messages

__all__ = [
    "ALIASES",
    "INSTRUCTIONS",
    "clean_hints",
    "direct_messages",
    "hint_messages",
    "hint_query",
    "hint_shots",
    "instruction_name",
    "instruction_text",
    "join_descriptions",
    "merge_descriptions",
    "perception_messages",
    "question_text",
    "reasoning_messages",
    "specific_instruction",
    "together_messages",
]
