import pytest
from hypothesis import given
from hypothesis import strategies as st

from prism_engine.records import Sample, SampleStatus
from prism_engine.scoring.kinds.caption import Caption, Captioned, bleu, caption_scores, cider, rouge_l
from prism_engine.scoring.scorer import Scored


def test_a_caption_equal_to_a_reference_has_the_best_bleu_and_rouge():
    picture = Captioned("a man on a red bench", ["a man on a red bench", "somebody sits"])
    assert bleu([picture]) == pytest.approx((1.0,) * 4)
    assert rouge_l(*picture) == 1.0


def test_cider_weights_words_that_are_rare_among_the_references():
    pictures = [
        Captioned("a red kite flies", ["a red kite flies"]),
        Captioned("a dog on grass", ["a dog on grass"]),
        Captioned("nothing alike here", ["a cat in a box"]),
    ]
    assert cider(pictures) == pytest.approx([10.0, 10.0, 0.0])


def test_an_empty_caption_is_a_word_in_vlmevalkits_spreadsheet():
    pictures = [Captioned("", ["nan is a word"]), Captioned("a dog", ["a dog"])]
    assert caption_scores(pictures, compatible=True).rouge_l > caption_scores(pictures).rouge_l


def test_metrics_are_over_rows_that_have_a_caption():
    rows = [
        Scored("1", SampleStatus.DONE, 1.0, "a dog", target="['a dog', 'one dog']", reply="a dog"),
        Scored("2", SampleStatus.NOT_RUN, None, None, target="['a cat']"),
    ]
    found = {metric.name: metric for metric in Caption("prism").metrics(rows)}
    assert found["BLEU-1"].value == pytest.approx(100)
    assert found["CIDEr"].n == 1
    assert all(metric.value is None for metric in Caption("prism").metrics([]))


def test_one_caption_is_scored_by_rouge():
    scorer = Caption("v3")
    assert scorer.score("a dog", Sample(0, "0", (), "q", answer="['a dog']")).value == 1.0
    assert scorer.score("a dog", Sample(0, "0", (), "q")).value is None


WORDS = st.text(alphabet="ab \n\u3000", max_size=12) | st.text(max_size=12)


@given(st.lists(st.builds(Captioned, WORDS, st.lists(WORDS, min_size=1, max_size=3)), min_size=1, max_size=4))
def test_any_captions_have_metrics_within_their_bounds(pictures):
    for compatible in (True, False):
        found = caption_scores(pictures, compatible=compatible)
        assert all(0 <= value <= 1 + 1e-9 for value in (*found.bleu, found.rouge_l))
        assert 0 <= found.cider <= 10 + 1e-9
