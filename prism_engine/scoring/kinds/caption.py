"""Caption metrics over raw words: BLEU-1 to BLEU-4, ROUGE-L and CIDEr (COCO captions).

Our own, although pycocoevalcap has them: its last release is of 2020, and it brings a hundred megabytes of Java for two
metrics that VLMEvalKit does not use. What it gives, these give (`tests/scoring/test_caption.py`). As in VLMEvalKit,
words are what blanks separate; COCO's own tokenizer gives other numbers.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from prism_engine.records import AnswerKind, Score
from prism_engine.scoring.scorer import Metric, Scorer, right_answers

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from prism_engine.records import Sample
    from prism_engine.scoring.scorer import Scored

LONGEST: Final = 4
"""Words of the longest n-gram."""
_SIGMA: Final = 6.0
"""How much a difference in length costs in CIDEr."""
_BETA: Final = 1.2
"""How much recall counts over precision in ROUGE-L."""
# BLEU without a match, or without a word, is not quite 0 / 0.
_TINY, _SMALL = 1e-15, 1e-9
_ROUND_TRIPPED: Final = """
    #N/A #NA -1.#IND -1.#QNAN -NaN -nan 1.#IND 1.#QNAN <NA> N/A NA NULL NaN None n/a nan null
"""
"""What comes back from VLMEvalKit's spreadsheet as the word nan, as does a text without a character."""
_WORDS: Final = frozenset((*_ROUND_TRIPPED.split(), "#N/A N/A", ""))


class Caption(Scorer):
    """A caption beside references; one alone is scored by ROUGE-L, since CIDEr and BLEU need all of them."""

    kind = AnswerKind.CAPTION
    headline = "CIDEr"

    def score(self, reply: str, sample: Sample) -> Score:  # noqa: D102 - the contract says it
        if sample.answer is None:
            return Score(None)
        return Score(rouge_l(reply, right_answers(sample.answer)), reply.strip() or None)

    def metrics(self, rows: Iterable[Scored]) -> tuple[Metric, ...]:
        """Return BLEU, ROUGE-L and CIDEr, each times a hundred."""
        pictures = [
            Captioned(row.reply, right_answers(row.target))
            for row in rows
            if row.score is not None and row.reply is not None and row.target is not None
        ]
        found = caption_scores(pictures, compatible=not self.ours) if pictures else None
        numbers = (None,) * (LONGEST + 2) if found is None else (found.cider, *found.bleu, found.rouge_l)
        names = ("CIDEr", *(f"BLEU-{size}" for size in range(1, LONGEST + 1)), "ROUGE_L")
        return tuple(
            Metric(name, None if value is None else 100 * value, 1000 if name == self.headline else 100, len(pictures))
            for name, value in zip(names, numbers, strict=True)
        )


class Captioned(NamedTuple):
    """One picture: what was said of it, and what people say."""

    caption: str
    references: Sequence[str]
    """At least one."""


@dataclass(frozen=True, slots=True)
class CaptionScores:
    """Over all pictures, from 0 to 1 (CIDEr: from 0 to 10)."""

    bleu: tuple[float, ...]
    """BLEU-1 to BLEU-4 of all captions together."""
    rouge_l: float
    cider: float


def caption_scores(pictures: Sequence[Captioned], *, compatible: bool = False) -> CaptionScores:
    """Compute all metrics.

    Args:
        pictures: at least one.
        compatible: as VLMEvalKit, whose spreadsheet turns an empty caption, and words such as None, into nan.
    """
    if compatible:
        pictures = [picture._replace(caption="nan") if picture.caption in _WORDS else picture for picture in pictures]
    rouges = [rouge_l(picture.caption, picture.references) for picture in pictures]
    ciders = cider(pictures)
    return CaptionScores(bleu(pictures), math.fsum(rouges) / len(rouges), math.fsum(ciders) / len(ciders))


def bleu(pictures: Iterable[Captioned]) -> tuple[float, ...]:
    """Return BLEU-1 to BLEU-4 of all captions together, each against the reference whose length is nearest."""
    right, said = [0] * LONGEST, [0] * LONGEST
    length = wanted = 0
    for caption, references in pictures:
        words = caption.split()
        most: Counter[tuple[str, ...]] = Counter()
        for reference in references:
            most |= _ngrams(reference.split())
        for ngram, count in (_ngrams(words) & most).items():
            right[len(ngram) - 1] += count
        said = [total + max(0, len(words) - place) for place, total in enumerate(said)]
        length += len(words)
        wanted += min((abs(len(words) - size), size) for size in (len(one.split()) for one in references))[1]
    ratio = (length + _TINY) / (wanted + _SMALL)
    brevity = math.exp(1 - 1 / ratio) if ratio < 1 else 1.0
    scores, product = [], 1.0
    for place in range(LONGEST):
        product *= (right[place] + _TINY) / (said[place] + _SMALL)
        scores.append(product ** (1 / (place + 1)) * brevity)
    return tuple(scores)


def rouge_l(caption: str, references: Sequence[str]) -> float:
    """Return ROUGE-L: the longest common subsequence of words, best precision and best recall over the references."""
    from rapidfuzz.distance import LCSseq  # noqa: PLC0415 - who scores something else starts without it

    words = caption.split(" ")  # at each blank, so that there is always a word, and be it an empty one
    others = [reference.split(" ") for reference in references]
    common = [LCSseq.similarity(words, other) for other in others]
    precision = max(common) / len(words)
    recall = max(count / len(other) for count, other in zip(common, others, strict=True))
    if not (precision and recall):
        return 0.0
    return (1 + _BETA**2) * precision * recall / (recall + _BETA**2 * precision)


def cider(pictures: Sequence[Captioned]) -> list[float]:
    """Return each picture's CIDEr: how alike n-grams are, weighted by how rare they are among the references."""
    counted = [[_ngrams(reference.split()) for reference in picture.references] for picture in pictures]
    seen: Counter[tuple[str, ...]] = Counter()
    for references in counted:
        seen.update(set().union(*references))
    documents = math.log(len(pictures))

    def vector(ngrams: Counter[tuple[str, ...]]) -> _Vector:
        weights: list[dict[tuple[str, ...], float]] = [{} for _ in range(LONGEST)]
        for ngram, count in ngrams.items():
            weights[len(ngram) - 1][ngram] = count * (documents - math.log(max(1, seen[ngram])))
        norms = [math.sqrt(math.fsum(weight * weight for weight in one.values())) for one in weights]
        return _Vector(weights, norms, sum(count for ngram, count in ngrams.items() if len(ngram) == 2))

    scores = []
    for picture, references in zip(pictures, counted, strict=True):
        said = vector(_ngrams(picture.caption.split()))
        alike = math.fsum(_likeness(said, vector(reference)) for reference in references)
        scores.append(10 * alike / LONGEST / len(references))
    return scores


class _Vector(NamedTuple):
    weights: list[dict[tuple[str, ...], float]]
    """By the length of n-grams."""
    norms: list[float]
    length: int
    """Pairs of words."""


def _likeness(said: _Vector, reference: _Vector) -> float:
    penalty = math.exp(-((said.length - reference.length) ** 2) / (2 * _SIGMA**2))
    total = 0.0
    for place in range(LONGEST):
        others = reference.weights[place]
        common = math.fsum(
            min(weight, others.get(ngram, 0.0)) * others.get(ngram, 0.0)
            for ngram, weight in said.weights[place].items()
        )
        norms = said.norms[place] * reference.norms[place]
        total += penalty * (common / norms if norms else common)
    return total


def _ngrams(words: Sequence[str]) -> Counter[tuple[str, ...]]:
    return Counter(
        tuple(words[place : place + size]) for size in range(1, LONGEST + 1) for place in range(len(words) - size + 1)
    )
