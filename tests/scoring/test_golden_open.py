"""Open answers against VLMEvalKit's evaluators, with and without its defects."""

from __future__ import annotations

from typing import Any

import pytest

from prism_engine.records import AnswerKind
from prism_engine.scoring import scorer_of
from prism_engine.scoring.kinds.anls import anls
from prism_engine.scoring.kinds.caption import Captioned, caption_scores, cider, rouge_l
from prism_engine.scoring.kinds.exact import exact
from prism_engine.scoring.kinds.ocrbench import ocrbench_points
from prism_engine.scoring.kinds.relaxed import relaxed_accuracy
from prism_engine.scoring.kinds.vqa import vqa_accuracy
from prism_engine.scoring.scorer import right_answers
from tests.scoring.golden_open import GOLDEN, expected, lines, names, replies, table

METRICS: dict[str, Any] = {
    "vqa_score": vqa_accuracy,
    "anls": anls,
    "relaxed": relaxed_accuracy,
    "exact": lambda reply, golds, compatible: exact(reply, golds),
}


@pytest.mark.parametrize("metric", METRICS)
def test_short_answers_score_as_upstream_and_as_fixed(metric):
    rows = [row for row in lines(GOLDEN / "vqa.jsonl") if row["metric"] == metric]
    assert len(rows) >= 20
    for row in rows:
        upstream = METRICS[metric](row["prediction"], row["answers"], compatible=True)
        fixed = METRICS[metric](row["prediction"], row["answers"], compatible=False)
        assert upstream == pytest.approx(row["expected"], rel=1e-6), row
        assert fixed == pytest.approx(row.get("expected_fixed", row["expected"]), rel=1e-6), row


@pytest.mark.parametrize("name", names("ocrbench_table"))
@pytest.mark.parametrize("profile", ["prism", "v1", "v2", "v3"])
def test_ocrbench_hits_and_points_are_those_of_upstream(name, profile):
    scorer = scorer_of(AnswerKind.OCRBENCH, profile)
    predictions, wanted = replies("ocrbench_table", name), expected("ocrbench_table", name)
    samples = [sample for sample in table("ocrbench_table", name) if sample.index in predictions]
    hits = {sample.index: scorer.score(predictions[sample.index], sample).value for sample in samples}
    assert hits == {str(row["index"]): row["hit"] for row in wanted["rows"]}
    points = ocrbench_points((sample.category, hits[sample.index] or 0.0) for sample in samples)
    assert points == pytest.approx(wanted["scores"])


@pytest.mark.parametrize("name", names("coco_table"))
@pytest.mark.parametrize("compatible", [True, False])
def test_caption_metrics_are_those_of_upstream(name, compatible):
    predictions, wanted = replies("coco_table", name), expected("coco_table", name)
    samples = [sample for sample in table("coco_table", name) if sample.index in predictions]
    pictures = [Captioned(predictions[sample.index], right_answers(sample.answer)) for sample in samples]
    rows = {str(row["index"]): row for row in wanted["rows"]}
    for sample, picture, score in zip(samples, pictures, cider(pictures), strict=True):
        assert rouge_l(*picture) == pytest.approx(rows[sample.index]["rouge_l"])
        assert score == pytest.approx(rows[sample.index]["cider"], rel=1e-6)
    whole = caption_scores(pictures, compatible=compatible)
    scores = wanted["scores"] if compatible else wanted.get("scores_fixed", wanted["scores"])
    assert [100 * value for value in whole.bleu] == pytest.approx(scores["Bleu"], rel=1e-6)
    assert 100 * whole.rouge_l == pytest.approx(scores["ROUGE_L"], rel=1e-6)
    assert 100 * whole.cider == pytest.approx(scores["CIDEr"], rel=1e-6)
