from __future__ import annotations

import pytest

from prism_engine.backends.limits.unanimity import ENOUGH, ENOUGH_LATER, Unanimity


def suspects(unanimity):
    return unanimity.suspicious


def reject(unanimity, count, reason="HTTP 400: no", start=0):
    for call in range(start, start + count):
        unanimity.record_rejection(reason.replace("{}", str(call)), call)


def test_enough_identical_rejections_of_different_calls_are_suspicious():
    unanimity = Unanimity("here")
    reject(unanimity, ENOUGH - 1)
    reject(unanimity, ENOUGH - 1)  # the same calls again
    assert not suspects(unanimity)
    reject(unanimity, 1, start=100)
    assert suspects(unanimity)
    assert str(unanimity.verdict()).startswith(f"here has answered no call: {ENOUGH} calls")
    assert "HTTP 400: no" in str(unanimity.verdict())


def test_numbers_in_the_words_do_not_count_but_the_status_does():
    unanimity = Unanimity("here")
    reject(unanimity, ENOUGH, "HTTP 400: too long, {} tokens (req_8f{}x)")
    assert suspects(unanimity)
    other = Unanimity("here")
    reject(other, ENOUGH - 1, "HTTP 400: no")
    reject(other, ENOUGH - 1, "HTTP 422: no", start=100)
    assert not suspects(other)


def test_an_answer_ends_the_suspicion_and_raises_the_bar():
    unanimity = Unanimity("here")
    reject(unanimity, ENOUGH)
    unanimity.record_answer()
    assert not suspects(unanimity)
    reject(unanimity, ENOUGH_LATER - 1, start=100)
    assert not suspects(unanimity)
    reject(unanimity, 1, start=1000)
    assert suspects(unanimity)
    assert "no longer answers" in str(unanimity.verdict())


def test_after_an_answer_of_an_earlier_run_rejections_concern_their_calls():
    unanimity = Unanimity("here")
    unanimity.record_earlier_answer()
    reject(unanimity, 1000)
    assert (unanimity.suspicious, unanimity.answered) == (False, True)


@pytest.mark.parametrize(
    ("reason", "hint"),
    [
        ("HTTP 400: `temperature` must be strictly positive", "`send_sampling: false`"),
        ("HTTP 400: max_tokens is too large", "max_tokens_field"),
        ("HTTP 400: maximum context length", "context"),
        ("HTTP 400: image input is not supported", "pictures"),
        ("HTTP 400: what?", "`base_url`"),
    ],
)
def test_the_verdict_names_what_to_look_at(reason, hint):
    unanimity = Unanimity("here")
    reject(unanimity, ENOUGH, reason)
    assert hint in str(unanimity.verdict())


def test_what_a_page_says_that_is_no_completion_does_not_matter():
    unanimity = Unanimity("here")
    for call, words in enumerate(("one", "two", "three", "four", "five")):
        unanimity.record_rejection(f"the reply is a web page; the page says: {words}", call)
    assert suspects(unanimity)
    assert "the page says: five" in str(unanimity.verdict())
