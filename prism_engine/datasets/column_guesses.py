"""Guesses which of a file's columns a missing column may be: a misspelt name, or another tool's name for it."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from prism_engine.similar_names import CLOSE, similar

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

PICTURES: Final = ("image", "image_path")
"""Columns that hold a row's pictures: payloads and references, or file names."""
LISTS: Final = ("options", "choices")
"""Columns that hold all options of a row."""
COLUMNS: Final = (
    *("index", "question", *PICTURES, "hint", "answer", "category", "l2_category", "split", "gold_description"),
    *LISTS,
)
"""Columns that a benchmark may have, besides the letters of its options."""
_OTHER_NAMES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "index": ("question_id", "questionid", "qid", "uid", "sample_id", "idx", "doc_id", "image_id"),
        "question": (
            *("query", "prompt", "problem", "instruction", "text", "question_text", "conversations", "text_prompt"),
            *("user_prompt", "input", "messages"),
        ),
        "image": (
            *("img", "picture", "photo", "images", "image_url", "image_file", "image_name", "img_path", "file_name"),
            *("filename", "image_base64", "base64", "decoded_image", "image_list", "pic", "figure", "jpg", "png"),
        ),
        "answer": (
            *("answers", "label", "target", "gt", "gt_answer", "ground_truth", "groundtruth", "correct_answer"),
            *("correct", "correct_option", "correct_choice", "answer_key", "answerkey", "answer_option", "gold"),
            *("answer_text", "answer_index", "answer_idx", "solution", "right_answer", "gt_ans", "correctanswer"),
            *("answer_id", "label_idx", "correct_idx", "correct_choice_idx", "correct_answer_idx", "reference_answer"),
        ),
        "options": (
            "candidates",
            "alternatives",
            "answer_choices",
            "answer_options",
            "candidate_answers",
            "mc_options",
            "multiple_choices",
            "choice_list",
            "option_list",
            "endings",
        ),
        "gold_description": ("description", "caption", "gold_caption", "descriptions"),
    }
)
_SURE: Final = re.compile(r"answer|truth|^gt|^gold$|^correct_")


def misspelt(wanted: str, columns: Iterable[str]) -> str | None:
    """Return the column whose name is a wanted column's with a slip or two; None if there is none.

    Args:
        wanted: a column that the file does not have.
        columns: normalised names.
    """
    others = [name for name in columns if name not in COLUMNS and not name.startswith((f"{wanted}_", f"{wanted} "))]
    close = similar(wanted, others, most=1, cutoff=CLOSE)
    return close[0] if close else None


def likely(wanted: str, columns: Collection[str]) -> str | None:
    """Return the column that other tools call a wanted column by; None if there is none."""
    plain = {name.replace(" ", "_").replace("-", "_").replace(".", "_"): name for name in columns}
    return next((plain[name] for name in _OTHER_NAMES.get(wanted, ()) if name in plain), None)


def surely_answers(column: str) -> bool:
    """Whether a name that `likely` found for the answers stands for nothing else, unlike `label`."""
    return _SURE.search(column) is not None
