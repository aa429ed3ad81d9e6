"""Makes folders of finished runs of any size with the package's own writers; no model is called.

Rows look like those of real runs: questions, descriptions and replies of 200 to 800 characters, the steps with their
keys and token counts, categories on two levels, two questions about each picture. Answers are drawn from a difficulty
per question and an ability per model, so that runs agree as much as real ones do.
"""

from __future__ import annotations

import hashlib
import math
import random
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from prism_engine.api.results.answer_files import Answers
from prism_engine.api.results.run_folder import Layout
from prism_engine.config import RunConfig
from prism_engine.engine.journal import Journal
from prism_engine.records import (
    AnswerKind,
    Completion,
    Image,
    Option,
    Outcome,
    Sample,
    SampleResult,
    SampleStatus,
    Score,
    StepRecord,
    Usage,
)
from prism_engine.report.scores.manifest import MANIFEST, SCHEMA
from prism_engine.scoring import known_profile, scorer_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prism_engine.scoring import Scorer

WORDS = (
    *("a", "red", "bus", "waits", "at", "the", "corner", "while", "two", "people", "cross", "it", "under", "grey"),
    *("clouds", "near", "shop", "whose", "sign", "reads", "OPEN", "and", "three", "bicycles", "lean", "on", "wall"),
)
TEXTS = 4_000
"""Distinct texts; enough that no compression or table of strings helps unduly."""
MME_CATEGORIES = ("OCR", "artwork", "celebrity", "color", "count", "existence", "code_reasoning", "text_translation")


@dataclass(frozen=True)
class Models:
    """Who answers in one run."""

    perceiver: str | None
    reasoner: str | None
    mode: str = "all"
    instruction: str = "generic"
    profile: str = "prism"
    ability: float = 0.0
    """In log odds."""


@dataclass
class Bench:
    """A benchmark, without pictures or a file: samples as its runs see them."""

    name: str
    rows: int
    kind: AnswerKind = AnswerKind.CHOICE
    samples: list[Sample] = field(default_factory=list)

    def __post_init__(self) -> None:
        texts = made_texts()
        self.samples = [self._sample(number, texts[number * 7 % TEXTS]) for number in range(self.rows)]

    def _sample(self, number: int, text: str) -> Sample:
        digest = hashlib.sha256(f"{self.name} {number // 2}".encode()).hexdigest()
        yes_no = self.kind is AnswerKind.MME
        options = () if yes_no else tuple(Option(letter, f"{letter.lower()} {text[:30]}") for letter in "ABCD")
        category = MME_CATEGORIES[number // 2 % 8] if yes_no else f"category {number % 20}"
        target = "YesNo"[3 * (number % 2) :][:3] if yes_no else "ABCD"[number * 5 % 4]
        group = None if yes_no else f"ability {number % 20 // 4}"
        question = f"Question {number}: {text[:200]}?"
        picture = Image(digest, Path(digest))
        return Sample(number, str(number), (picture,), question, None, options, target, category, group)

    @property
    def sha256(self) -> str:
        """Digest of the file that it would have."""
        return hashlib.sha256(self.name.encode()).hexdigest()


@lru_cache
def made_texts() -> list[str]:
    """Return texts of 200 to 800 characters."""
    draw = random.Random(7)  # noqa: S311 - no secret
    return [" ".join(draw.choices(WORDS, k=draw.randint(45, 170)))[:800].ljust(200, ".") for _ in range(TEXTS)]


def grid(perceivers: int, reasoners: int, instruction: str = "generic") -> list[Models]:
    """Return every pair of so many perceivers and reasoners."""
    return [
        Models(f"vlm-{p}", f"llm-{r}", instruction=instruction, ability=0.15 * p + 0.25 * r)
        for p in range(perceivers)
        for r in range(reasoners)
    ]


def arms(perceivers: int, reasoners: int) -> list[Models]:
    """Return the direct arm of each perceiver, and the blind and oracle arms of each reasoner."""
    return [
        *(Models(f"vlm-{p}", None, "direct", ability=0.2 * p) for p in range(perceivers)),
        *(Models(None, f"llm-{r}", "blind", ability=0.2 * r - 1) for r in range(reasoners)),
        *(Models(None, f"llm-{r}", "oracle", ability=0.2 * r + 1) for r in range(reasoners)),
    ]


def write_run(results: Path, bench: Bench, models: Models, right: Sequence[bool] | None = None) -> Path:
    """Write one run's folder as `prism run` does, without Parquet files, and return it.

    Args:
        right: which answers are right; None draws them.
    """
    config = RunConfig.model_validate(
        {
            "benchmark": f"{bench.name}.tsv",
            "perceiver": models.perceiver,
            "reasoner": models.reasoner,
            "instruction": models.instruction,
            "mode": models.mode,
            "profile": models.profile,
            "results_dir": results,
        }
    )
    layout = Layout.of(config, bench.name, bench.sha256)
    scorer = scorer_of(bench.kind, known_profile(models.profile))
    layout.folder.mkdir(parents=True)
    journal = Journal(layout.folder / "journal.jsonl", bench.rows)
    for result in _results(bench, models, right):
        journal.append(result)
    answers = Answers.planned(layout.folder, config)
    answers.every.write_bytes(b"".join(journal.lines()))
    journal.close()
    journal.path.unlink()
    answers.fold(scorer, failed_as_wrong=False)
    (layout.folder / MANIFEST).write_bytes(orjson.dumps(_manifest(bench, config, scorer)))
    return layout.folder


def _manifest(bench: Bench, config: RunConfig, scorer: Scorer) -> dict[str, object]:
    roles = {"perceiver": config.perceiver, "reasoner": config.reasoner}
    about = {"parameters": "7B", "licence": "apache-2.0", "type": "open"}
    return {
        "schema": SCHEMA,
        "status": "finished",
        "config": config.model_dump(mode="json"),
        "scoring": {"answer_kind": scorer.kind.value, "profile": scorer.profile},
        "benchmark": {"name": bench.name, "path": f"{bench.name}.tsv", "sha256": bench.sha256, "samples": bench.rows},
        "models": {role: {"name": name, "about": about} for role, name in roles.items() if name},
    }


def _results(bench: Bench, models: Models, right: Sequence[bool] | None) -> list[SampleResult]:
    texts, results = made_texts(), []
    draw = random.Random(f"{bench.name} {models}")  # noqa: S311 - no secret
    for sample in bench.samples:
        number = sample.position
        difficulty = (number * 2654435761 % 1000 / 1000 - 0.5) * 4
        share = 1 / (1 + math.exp(difficulty - models.ability - 0.6))
        is_right = draw.random() < share if right is None else right[number]
        if right is None and draw.random() < 0.005:
            results.append(SampleResult(sample, SampleStatus.FAILED, failure="the reasoner returned nothing"))
            continue
        wrong = {"Yes": "No", "No": "Yes"}.get(str(sample.answer), "ABCD"[(number * 5 + 1) % 4])
        answer = sample.answer if is_right else wrong
        steps = _steps(models, texts, number, f"{texts[(number * 13 + 5) % TEXTS][:400]}\n\nAnswer: {answer}", draw)
        description = steps[0].completion.text if len(steps) > 1 else None
        score = Score(float(is_right), answer)
        results.append(SampleResult(sample, SampleStatus.DONE, description, steps, score))
    return results


def _steps(
    models: Models, texts: Sequence[str], number: int, reply: str, draw: random.Random
) -> tuple[StepRecord, ...]:
    describes, direct = models.mode == "all", models.mode == "direct"
    described = Completion(Outcome.OK, texts[number * 7 % TEXTS], usage=Usage(900, 200), key=draw.randbytes(32).hex())
    answered = Completion(Outcome.OK, reply, usage=Usage(350, 120), key=draw.randbytes(32).hex())
    first = StepRecord("perceive", str(models.perceiver), described, picture=0, cost=270_000)
    last = StepRecord(
        "direct" if direct else "reason", str(models.perceiver if direct else models.reasoner), answered, cost=90_000
    )
    return (first, last) if describes else (last,)
