"""Benchmarks by name: what a right answer is in those that prism knows."""

from __future__ import annotations

import re
from typing import Final

from prism_engine.records import AnswerKind

# The first pattern that is found in the name decides, as in VLMEvalKit, where the name alone says how to evaluate.
_KINDS: Final = (
    (r"mmbench|ccbench|circular|mmcr", AnswerKind.CIRCULAR),
    (r"mmmu", AnswerKind.MMMU),
    (r"^mme$", AnswerKind.MME),
    (r"^pope", AnswerKind.POPE),
    (r"hallusionbench", AnswerKind.HALLUSION),
    (r"textvqa", AnswerKind.VQA),
    (r"docvqa|infovqa", AnswerKind.ANLS),
    (r"chartqa", AnswerKind.RELAXED),
    (r"ocrvqa|gqa", AnswerKind.EXACT),
    (r"ocrbench", AnswerKind.OCRBENCH),
    (r"mathvista", AnswerKind.MATHVISTA),
    (r"mmvet", AnswerKind.MMVET),
    (r"llavabench", AnswerKind.LLAVABENCH),
    (r"^coco", AnswerKind.CAPTION),
    (r"mmstar|ai2d|scienceqa|seedbench|realworldqa|blink|prismscenes", AnswerKind.CHOICE),
)


def answer_kind(name: str) -> AnswerKind | None:
    """Return what a right answer is in the benchmark of that name; None where the name says nothing."""
    return next((kind for pattern, kind in _KINDS if re.search(pattern, name.lower())), None)
