"""Quality of the embedded models on held-out scenes through vLLM: every figure that their model cards state.

    python benchmarks/nano.py [--n 1500] [--agree 200] [--out nano.json]

Questions come from the held-out seed that `prism train` evaluates on; no training draws from it. Every text is
generated greedily by vLLM's offline engine. An answer is right if prism's default matching reads the right letter.

- descriptions: things found, and colour, size, shape and label of those found, against the scene itself
- reasoner: from gold descriptions, and blind
- direct: the captioner answers by itself
- Prism: the reasoner answers from the captioner's descriptions, generic and query-specific (hints written by the
  reasoner itself from five examples), with the difference per question and its 95 % interval
- agreement: the share of descriptions for which vLLM and transformers write the same text
"""

from __future__ import annotations

import argparse
import json
import math
import os
from collections import defaultdict
from pathlib import Path
from statistics import fmean, stdev
from typing import TYPE_CHECKING, Any

from prism_engine.nano import CAPTIONER, REASONER
from prism_engine.prompts import (
    INSTRUCTIONS,
    hint_messages,
    question_text,
    reasoning_messages,
    specific_instruction,
)
from prism_engine.report.scores.statistics import wilson
from prism_engine.scenes import description
from prism_engine.scoring import choice_profile, score_choice
from prism_engine.training.nano.examine import compare_description, held_out
from prism_engine.training.nano.lessons import as_sample

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL.Image import Image

    from prism_engine.records import Message
    from prism_engine.scenes import Question

ENGINE = {"dtype": "float32", "max_model_len": 1024, "max_num_seqs": 128, "enforce_eager": True}
SHOTS = 5
_Z = 1.96


class Engine:
    """One of the two models under vLLM's offline engine."""

    def __init__(self, model: Path) -> None:
        from vllm import LLM, SamplingParams  # noqa: PLC0415 - heavy, and after the environment is set

        self._llm = LLM(model=str(model), **ENGINE)
        self._sampling = SamplingParams(temperature=0.0, max_tokens=128)

    def reply(self, prompts: Sequence[str], pictures: Sequence[Image] | None = None) -> list[str]:
        """Return one reply per prompt, each with its picture if `pictures` is given."""
        chats: list[list[dict[str, Any]]] = []
        for number, prompt in enumerate(prompts):
            shown = [{"type": "image_pil", "image_pil": pictures[number]}] if pictures else []
            chats.append([{"role": "user", "content": [*shown, {"type": "text", "text": prompt}]}])
        return [output.outputs[0].text.strip() for output in self._llm.chat(chats, self._sampling, use_tqdm=False)]

    def end(self) -> None:
        self._llm.llm_engine.engine_core.shutdown()


def text_of(messages: Sequence[Message]) -> str:
    (message,) = messages
    return str(message.parts[0])


def right(replies: Sequence[str], questions: Sequence[Question]) -> list[bool]:
    profile = choice_profile("prism")
    scores = [
        score_choice(reply, as_sample(question), profile) for reply, question in zip(replies, questions, strict=True)
    ]
    return [score.value == 1.0 for score in scores]


def shares(flags: Sequence[bool], questions: Sequence[Question]) -> dict[str, float]:
    """Return the overall accuracy, its interval, and the accuracy of each family."""
    low, high = wilson(sum(flags), len(flags))
    by_family = defaultdict(list)
    for flag, question in zip(flags, questions, strict=True):
        by_family[question.kind.family].append(flag)
    rows = {"all": fmean(flags), "all, low": low, "all, high": high}
    return {name: round(value, 4) for name, value in (rows | {f: fmean(v) for f, v in by_family.items()}).items()}


def evaluate(count: int, agree: int) -> dict[str, Any]:
    asked = held_out(count)
    scenes, questions, pictures = zip(*asked, strict=True)
    samples = [as_sample(question) for question in questions]
    generic = INSTRUCTIONS["generic"]

    reasoner = Engine(REASONER)
    shots = [(question.text, question.contents) for _, question, _ in held_out(count + SHOTS)[-SHOTS:]]
    hints = reasoner.reply([text_of(hint_messages(question.text, shots)) for question in questions])
    gold = reasoner.reply(
        [text_of(reasoning_messages(s, description(scene))) for s, scene in zip(samples, scenes, strict=True)]
    )
    blind = reasoner.reply([text_of(reasoning_messages(sample, None)) for sample in samples])
    reasoner.end()

    captioner = Engine(CAPTIONER)
    described = captioner.reply([generic] * count, pictures)
    specific = captioner.reply([specific_instruction(generic, hint) for hint in hints], pictures)
    direct = captioner.reply([question_text(sample) for sample in samples], pictures)
    captioner.end()

    reasoner = Engine(REASONER)
    by_generic, by_specific = (
        right(
            reasoner.reply([text_of(reasoning_messages(s, one)) for s, one in zip(samples, texts, strict=True)]),
            questions,
        )
        for texts in (described, specific)
    )
    reasoner.end()

    checks: dict[str, list[bool]] = defaultdict(list)
    for scene, text in zip(scenes, described, strict=True):
        compare_description(checks, scene, text)
    gains = [float(mine) - float(other) for mine, other in zip(by_specific, by_generic, strict=True)]
    half_width = _Z * stdev(gains) / math.sqrt(count)
    return {
        "questions": count,
        "descriptions": {name: round(fmean(flags), 4) for name, flags in checks.items()},
        "contents exact": round(fmean(hint == q.contents for hint, q in zip(hints, questions, strict=True)), 4),
        "reasoner, gold": shares(right(gold, questions), questions),
        "reasoner, blind": shares(right(blind, questions), questions),
        "direct": shares(right(direct, questions), questions),
        "prism, generic": shares(by_generic, questions),
        "prism, query-specific": shares(by_specific, questions),
        "query-specific minus generic": [
            round(fmean(gains), 4),
            round(fmean(gains) - half_width, 4),
            round(fmean(gains) + half_width, 4),
        ],
        "vLLM and transformers agree": agreement(described[:agree], pictures[:agree]),
    }


def agreement(descriptions: Sequence[str], pictures: Sequence[Image]) -> dict[str, float]:
    """Return the share of the pictures for which transformers writes the same text as vLLM."""
    from transformers import AutoProcessor, Idefics3ForConditionalGeneration  # noqa: PLC0415 - heavy

    from prism_engine.training.nano.examine import generate  # noqa: PLC0415 - heavy

    model = Idefics3ForConditionalGeneration.from_pretrained(CAPTIONER, dtype="float32")
    processor = AutoProcessor.from_pretrained(CAPTIONER)
    own = generate(model, processor, [INSTRUCTIONS["generic"]] * len(descriptions), pictures)
    same = [text == reply.strip() for text, reply in zip(descriptions, own, strict=True)]
    return {"pictures": len(same), "share": round(fmean(same), 4)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--n", type=int, default=1500, help="held-out questions")
    parser.add_argument("--agree", type=int, default=200, help="number of pictures to describe with transformers too")
    parser.add_argument("--out", type=Path, help="write the figures as JSON")
    given = parser.parse_args()
    for name, value in {
        "VLLM_CPU_KVCACHE_SPACE": "2",
        "VLLM_LOGGING_LEVEL": "ERROR",
        "VLLM_NO_USAGE_STATS": "1",
    }.items():
        os.environ.setdefault(name, value)
    figures = evaluate(given.n, given.agree)
    print(json.dumps(figures, indent=2))
    if given.out:
        given.out.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
