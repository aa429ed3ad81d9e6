"""Caption metrics over raw words: BLEU-1 to BLEU-4, ROUGE-L and CIDEr (COCO captions).

Reimplemented rather than taken from pycocoevalcap: its last release is from 2020, and it brings a hundred megabytes of
Java for two metrics that VLMEvalKit does not use. The results are the same (`tests/scoring/test_golden_open.py`). As in
VLMEvalKit, words are separated by whitespace; COCO's own tokenizer gives other numbers.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from prism_engine.records import AnswerKind, Score
from prism_engine.scoring.flaws import not_a_list
from prism_engine.scoring.scorer import Metric, Scorer, right_answers

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from prism_engine.records import Sample
    from prism_engine.scoring.flaws import Flaw
    from prism_engine.scoring.scorer import Scored

MAX_N: Final = 4
"""Words in the longest n-gram."""
_SIGMA: Final = 6.0
"""Width of CIDEr's Gaussian penalty for a difference in length."""
_BETA: Final = 1.2
"""Weight of recall relative to precision in ROUGE-L."""
# Keep BLEU without a match, or without a word, from being 0 / 0.
_TINY, _SMALL = 1e-15, 1e-9
_ROUND_TRIPPED: Final = """
    #N/A #NA -1.#IND -1.#QNAN -NaN -nan 1.#IND 1.#QNAN <NA> N/A NA NULL NaN None n/a nan null
"""
"""Texts that VLMEvalKit's spreadsheet turns into the word nan, as it does an empty text."""
_WORDS: Final = frozenset((*_ROUND_TRIPPED.split(), "#N/A N/A", ""))


class Caption(Scorer):
    """Scorer of captions; a single one is scored by ROUGE-L, since CIDEr and BLEU need all captions."""

    kind = AnswerKind.CAPTION
    headline = "CIDEr"

    @classmethod
    def answer_flaw(cls, answer: str) -> Flaw | None:  # noqa: D102 - see `Scorer`
        return not_a_list(answer)

    def score(self, reply: str, sample: Sample) -> Score:  # noqa: D102 - see `Scorer`
        if sample.answer is None:
            return Score(None)
        return Score(rouge_l(reply, right_answers(sample.answer)), reply.strip() or None)

    def metrics(self, rows: Iterable[Scored]) -> tuple[Metric, ...]:
        """Return BLEU, ROUGE-L and CIDEr, each multiplied by 100."""
        pictures = [
            Captioned(row.reply, right_answers(row.target))
            for row in rows
            if row.score is not None and row.reply is not None and row.target is not None
        ]
        found = caption_scores(pictures, compatible=not self.ours) if pictures else None
        numbers = (None,) * (MAX_N + 2) if found is None else (found.cider, *found.bleu, found.rouge_l)
        names = ("CIDEr", *(f"BLEU-{size}" for size in range(1, MAX_N + 1)), "ROUGE_L")
        return tuple(
            Metric(name, None if value is None else 100 * value, 1000 if name == self.headline else 100, len(pictures))
            for name, value in zip(names, numbers, strict=True)
        )


class Captioned(NamedTuple):
    """The caption of one image and its human-written references."""

    caption: str
    references: Sequence[str]
    """At least one."""


@dataclass(frozen=True, slots=True)
class CaptionScores:
    """Metrics over all images, from 0 to 1 (CIDEr: from 0 to 10)."""

    bleu: tuple[float, ...]
    """BLEU-1 to BLEU-4 of all captions together."""
    rouge_l: float
    cider: float


def caption_scores(pictures: Sequence[Captioned], *, compatible: bool = False) -> CaptionScores:
    """Compute all metrics.

    Args:
        pictures: at least one.
        compatible: as in VLMEvalKit, whose spreadsheet turns an empty caption, and words such as None, into nan.
    """
    if compatible:
        pictures = [picture._replace(caption="nan") if picture.caption in _WORDS else picture for picture in pictures]
    rouges = [rouge_l(picture.caption, picture.references) for picture in pictures]
    ciders = cider(pictures)
    return CaptionScores(bleu(pictures), math.fsum(rouges) / len(rouges), math.fsum(ciders) / len(ciders))


def bleu(pictures: Iterable[Captioned]) -> tuple[float, ...]:
    """Return BLEU-1 to BLEU-4 of all captions together, each against the reference whose length is nearest."""
    matches, totals = [0] * MAX_N, [0] * MAX_N
    length = reference_length = 0
    for caption, references in pictures:
        words = caption.split()
        max_counts: Counter[tuple[str, ...]] = Counter()
        for reference in references:
            max_counts |= _ngrams(reference.split())
        for ngram, count in (_ngrams(words) & max_counts).items():
            matches[len(ngram) - 1] += count
        totals = [total + max(0, len(words) - shorter) for shorter, total in enumerate(totals)]
        length += len(words)
        lengths = (len(reference.split()) for reference in references)
        reference_length += min((abs(len(words) - size), size) for size in lengths)[1]
    ratio = (length + _TINY) / (reference_length + _SMALL)
    brevity = math.exp(1 - 1 / ratio) if ratio < 1 else 1.0
    scores, product = [], 1.0
    for n in range(1, MAX_N + 1):
        product *= (matches[n - 1] + _TINY) / (totals[n - 1] + _SMALL)
        scores.append(product ** (1 / n) * brevity)
    return tuple(scores)


def rouge_l(caption: str, references: Sequence[str]) -> float:
    """Return ROUGE-L: the longest common subsequence of words, best precision and best recall over the references."""
    from rapidfuzz.distance import LCSseq  # noqa: PLC0415 - other scorers start without it

    words = caption.split(" ")  # at each space, so that there is always at least one (possibly empty) word
    others = [reference.split(" ") for reference in references]
    common = [LCSseq.similarity(words, other) for other in others]
    precision = max(common) / len(words)
    recall = max(count / len(other) for count, other in zip(common, others, strict=True))
    if not (precision and recall):
        return 0.0
    return (1 + _BETA**2) * precision * recall / (recall + _BETA**2 * precision)


def cider(pictures: Sequence[Captioned]) -> list[float]:
    """Return each image's CIDEr: n-gram similarity, weighted by the n-grams' rarity among the references."""
    counted = [[_ngrams(reference.split()) for reference in picture.references] for picture in pictures]
    document_counts: Counter[tuple[str, ...]] = Counter()
    for references in counted:
        document_counts.update(set().union(*references))
    documents = math.log(len(pictures))

    def vector(ngrams: Counter[tuple[str, ...]]) -> _Vector:
        weights: list[dict[tuple[str, ...], float]] = [{} for _ in range(MAX_N)]
        for ngram, count in ngrams.items():
            weights[len(ngram) - 1][ngram] = count * (documents - math.log(max(1, document_counts[ngram])))
        norms = [math.sqrt(math.fsum(weight * weight for weight in by_ngram.values())) for by_ngram in weights]
        return _Vector(weights, norms, sum(count for ngram, count in ngrams.items() if len(ngram) == 2))

    scores = []
    for picture, references in zip(pictures, counted, strict=True):
        caption = vector(_ngrams(picture.caption.split()))
        similarity = math.fsum(_similarity(caption, vector(reference)) for reference in references)
        scores.append(10 * similarity / MAX_N / len(references))
    return scores


class _Vector(NamedTuple):
    weights: list[dict[tuple[str, ...], float]]
    """One dictionary per length of n-grams."""
    norms: list[float]
    length: int
    """Number of bigrams."""


def _similarity(caption: _Vector, reference: _Vector) -> float:
    penalty = math.exp(-((caption.length - reference.length) ** 2) / (2 * _SIGMA**2))
    total = 0.0
    for index in range(MAX_N):
        others = reference.weights[index]
        common = math.fsum(
            min(weight, others.get(ngram, 0.0)) * others.get(ngram, 0.0)
            for ngram, weight in caption.weights[index].items()
        )
        norms = caption.norms[index] * reference.norms[index]
        total += penalty * (common / norms if norms else common)
    return total


def _ngrams(words: Sequence[str]) -> Counter[tuple[str, ...]]:
    return Counter(
        tuple(words[start : start + size]) for size in range(1, MAX_N + 1) for start in range(len(words) - size + 1)
    )
