"""The model card of an embedded model: architecture, scores, data and training recipe, all as measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prism_engine.training.nano.examine import HELD_OUT, MEASURES
from prism_engine.training.nano.optimise import BETAS, CLIP, DECAY, FLOOR, WARM_UP

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from prism_engine.training.nano.facts import Facts


def model_card(facts: Facts) -> str:
    """Return the card as Markdown, with the YAML header that Hugging Face reads."""
    settings = facts.settings
    command = f"prism train {facts.model.removeprefix('nano-')} --seed {settings.seed} --threads {settings.threads}"
    scores = [(name, f"{share:.1%}", _meaning(name)) for name, share in facts.scores.items()]
    stages = [
        (stage.name, f"{stage.steps:,}", str(stage.batch), f"{stage.peak:g}", f"{stage.steps * stage.batch:,}")
        for stage in facts.stages
    ]
    versions = ", ".join(f"{name} {number}" for name, number in facts.versions.items())
    return f"""---
license: apache-2.0
library_name: transformers
pipeline_tag: {facts.about.pipeline}
language: en
tags: [prism-engine, prism-scenes, synthetic]
---

# {facts.model}

{facts.about.does} It was trained only on PrismScenes, a synthetic benchmark: it exists so that
[Prism](https://arxiv.org/abs/2406.14544)'s analysis can be tried in minutes, without a GPU, an API key or a download.

- **Architecture:** {facts.about.architecture}
- **Weights:** {facts.weights:,} in {settings.dtype}, {facts.bytes / 1e6:.1f} MB of safetensors
- **Licence:** Apache-2.0

## Scores

On {facts.questions:,} held-out questions, with greedy decoding in float32 and the weights as published here
(rounded to {settings.dtype}):

{_table(("Score", "Share", "Of what"), scores)}

## Data

PrismScenes only: scenes, pictures, descriptions and questions are generated from a seed by `prism_engine/scenes/`.
Every batch is new, drawn from a generator seeded with model, seed {settings.seed}, stage and step; the held-out
questions come from another generator (seed `{HELD_OUT!r}`). There are few distinct simple scenes, so some of them
appear in both sets. No external text, picture or model was used.

## Recipe

{_table(("Stage", "Steps", "Scenes per step", "Peak learning rate", "Scenes"), stages)}

- Optimiser: AdamW, betas {BETAS[0]} and {BETAS[1]}, weight decay {DECAY} for matrices; gradients clipped at norm
  {CLIP}; all in float32.
- Learning rate: linear warm-up to the peak over {WARM_UP} steps, then cosine decay to {FLOOR:.0%} of it.
- Packing: all tasks about one description or picture share one row; each attends to the shared prefix and itself only.
- Planted look-ups: previous-token heads and induction heads are present before the first step
  (`prism_engine/training/nano/planting.py`).
- The tokenizer has one token for each word of PrismScenes and one for each fixed part of prism's prompts.
{_list(facts.about.recipe)}

Trained in {_duration(facts.seconds)} on {facts.device} ({_threads(facts)}seed {settings.seed}) with {versions}.

## Limits

Use it for PrismScenes only. On other pictures, other words, or differently worded questions, its output is meaningless.

## Reproduce

```
pip install 'prism-engine[cpu,train]'
{command}
```

The same processor and versions give the same weights; elsewhere, rounding differs and scores vary slightly.
"""


def _meaning(name: str) -> str:
    return MEASURES.get(name, f"right answers from gold descriptions in {name}")


def _threads(facts: Facts) -> str:
    number = facts.settings.threads
    return f"{number} thread{'' if number == 1 else 's'}, "


def _duration(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"{minutes} minutes" if minutes else f"{seconds:.0f} seconds"


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (header, ["---"] * len(header), *rows))


def _list(sentences: Iterable[str]) -> str:
    return "\n".join(f"- {sentence}" for sentence in sentences)
