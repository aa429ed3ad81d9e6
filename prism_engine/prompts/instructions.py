"""The perceiver's built-in instructions, named as in Prism's ablation, and the query-specific one."""

from __future__ import annotations

from prism_engine.errors import ConfigError
from prism_engine.similar_names import did_you_mean

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
"""Built-in perception instructions by name: two in a human style, two in a model's style, chain of thought,
decomposition."""
ALIASES = {"human1": "generic"}
"""Alternative names of built-in instructions."""


def instruction_name(name: str) -> str:
    """Return the canonical name of a built-in instruction.

    Raises:
        ConfigError: no instruction has that name.
    """
    name = ALIASES.get(name, name)
    if name not in INSTRUCTIONS:
        known = [*INSTRUCTIONS, *ALIASES]
        hint = did_you_mean(name, known, most=1) or f"; known: {', '.join(sorted(known))}."
        raise ConfigError(
            f"unknown instruction {name!r}{hint} A wording of your own needs more than one word, or give it as @FILE; "
            "for per-question hints use query-specific_MODEL"
        )
    return name


def instruction_text(name: str) -> str:
    """Return the text of a built-in instruction.

    Raises:
        ConfigError: no instruction has that name.
    """
    return INSTRUCTIONS[instruction_name(name)]


def specific_instruction(instruction: str, hints: str) -> str:
    """Return an instruction that adds the hints for one question."""
    return f"{instruction} Especially, pay attention to {hints}."
