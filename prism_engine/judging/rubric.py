"""Grading by a rubric after Prometheus-Vision: its two prompts, and feedback with a grade from 1 to 5.

The headings and their order are those on which its released weights were trained; the sentences below them are ours.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from prism_engine.config.judging import Template
from prism_engine.records import Message

if TYPE_CHECKING:
    from prism_engine.records import Image

GRADES: Final = (1, 2, 3, 4, 5)
MARK: Final = "[RESULT]"
_GRADE_WINDOW: Final = 64
"""Number of characters after the mark within which the grade must appear."""
# Brackets, bold, "Score:" and "/5" may surround the grade; a longer number, or one with decimals, is not a grade.
_GRADE: Final = re.compile(
    r"[\s:=\[({*]*+(?:(?i:score)[\s:=\[({*]*+)?([0-9])(?![0-9]|[.,][0-9])(?!\s*/\s*(?!5(?![0-9])))"
    r"(?!\s*(?:[-–]|to|or|and)\s*[0-9])"
)


@dataclass(frozen=True, slots=True)
class Rubric:
    """One criterion, and the meaning of each grade."""

    criterion: str
    levels: tuple[str, str, str, str, str]
    """The meanings of grades 1 to 5."""


@dataclass(frozen=True, slots=True)
class RubricRow:
    """One row to grade."""

    id: str
    image: Image | None
    """None grades without seeing the picture."""
    instruction: str
    response: str
    rubric: Rubric
    reference: str | None = None
    """A response that deserves a 5; None grades without a reference."""


class Grade(NamedTuple):
    """A judge's feedback and grade."""

    feedback: str
    grade: int


def grading_messages(row: RubricRow, template: Template = Template.DATA) -> tuple[Message, ...]:
    """Return the judge's messages: the picture, then the prompt, which ends where the feedback begins."""
    rubric = row.rubric
    criterion = f"[{rubric.criterion}]" if template is Template.README else rubric.criterion
    levels = "\n".join(f"Score {grade}: {text}" for grade, text in zip(GRADES, rubric.levels, strict=True))
    sections = [
        ("Task Description", _task(row, template)),
        ("The instruction to evaluate", row.instruction),
        ("Response to evaluate", row.response),
        *([] if row.reference is None else [("Reference Answer (Score 5)", row.reference)]),
        ("Score Rubrics", f"{criterion}\n{levels}"),
    ]
    text = "\n\n".join(f"###{heading}:\n{body}" for heading, body in sections) + "\n\n###Feedback:"
    return (Message("user", (text,) if row.image is None else (row.image, text)),)


def _task(row: RubricRow, template: Template) -> str:
    given = ["an instruction (which may hold an input)", "a response to evaluate"]
    if row.reference is not None:
        given.append("a reference answer that deserves a score of 5")
    given.append("a score rubric with the one criterion that counts")
    if template is Template.README and row.image is not None:
        given.append("an image that the instruction is about")
    return "\n".join(
        (
            f"You are given {', '.join(given[:-1])} and {given[-1]}.",
            "1. Write detailed feedback on the quality of the response, strictly by the score rubric, not in general.",
            "2. After the feedback, write a score: a whole number from 1 to 5, as the score rubric says.",
            f'3. The output must look so: "Feedback: (feedback by the criterion) {MARK} (a whole number from 1 to 5)"',
            "4. Write no other opening, no closing and no explanation.",
        )
    )


def read_grade(text: str) -> Grade | None:
    """Return the feedback and grade in a judge's text; None unless a grade from 1 to 5 follows the last mark.

    Nothing is guessed: a text without the mark, or with a grade off the scale, with decimals, or out of a number other
    than five, has no grade. Runs in time linear in the text's length.
    """
    feedback, mark, rest = text.rpartition(MARK)
    match = _GRADE.match(rest[:_GRADE_WINDOW]) if mark else None
    if match is None or int(match[1]) not in GRADES:
        return None
    return Grade(feedback.strip().removeprefix("Feedback:").strip(), int(match[1]))
