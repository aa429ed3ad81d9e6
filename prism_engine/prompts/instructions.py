"""What a perceiver is told: the wordings that Prism's ablation compares, by their names, and one with a focus."""

from __future__ import annotations

import difflib

from prism_engine.errors import ConfigError

_IN_DETAIL = (
    "every object with its appearance and position, how the objects relate to one another, any text or numbers, "
    "and the setting as a whole."
)
INSTRUCTIONS: dict[str, str] = {
    "generic": f"Describe this image in full detail: {_IN_DETAIL}",
    "human2": (
        "Describe this image in full detail: every object with its appearance and position, how the objects relate to "
        "one another, any text or numbers, the background, and the setting as a whole. Tell all that can be seen, and "
        "do not mention what is not there."
    ),
    "gpt1": "Please give a thorough description of everything that this image shows.",
    "gpt2": "Study this image, then describe its most important elements and how they are related.",
    "cot": f"Describe this image in full detail: {_IN_DETAIL} Go about it step by step.",
    "decompose": (
        f"Divide this image into several parts, then describe it in full detail, one part after another: {_IN_DETAIL}"
    ),
}
"""Built-in perception instructions by name: two in a person's style, two in a model's, chain of thought, decomposition.
"""
ALIASES = {"human1": "generic"}
"""Other names of the same wordings."""


def instruction_name(name: str) -> str:
    """Return the one name of a built-in instruction.

    Raises:
        ConfigError: no instruction has that name.
    """
    name = ALIASES.get(name, name)
    if name not in INSTRUCTIONS:
        known = [*INSTRUCTIONS, *ALIASES]
        close = difflib.get_close_matches(name, known, n=1)
        hint = f" - did you mean {close[0]!r}?" if close else f"; known: {', '.join(sorted(known))}."
        raise ConfigError(
            f"unknown instruction {name!r}{hint} Wording of your own has more than one word, or is @FILE; contents "
            "by question are query-specific_MODEL"
        )
    return name


def instruction_text(name: str) -> str:
    """Return the text of a built-in instruction.

    Raises:
        ConfigError: no instruction has that name.
    """
    return INSTRUCTIONS[instruction_name(name)]


def specific_instruction(instruction: str, hints: str) -> str:
    """Return an instruction that asks for what one question needs observed, beside everything else."""
    return f"{instruction} Especially, pay attention to {hints}."
