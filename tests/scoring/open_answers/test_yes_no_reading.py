"""Reading yes or no by clauses."""

from __future__ import annotations

import pytest

from prism_engine.scoring.open_answers.yes_no_reading import yes_or_no


@pytest.mark.parametrize(
    ("reply", "read"),
    [
        ("Yes", "Yes"),
        ("Not yes", "No"),
        ("The answer isn't no.", "Yes"),
        ("Yes\n\nIf it were smaller, the answer would be no.", "Yes"),
        ("Yes. No other dog is there.", "Yes"),
        ("There is no dog.", "No"),
        ("There is no doubt.", None),
        ("Yes? No.", "No"),
        ("Yes... wait, no.", "No"),
        ("It is yes. It is no.", None),
        ("One might say yes, but no.", "No"),
        ("It is not.", "No"),
        ("\u5426\u3002", "No"),
        ("Oui, bien s\u00fbr", "Yes"),
        ("Non-fiction", None),
        ("yes or no", None),
        ("", None),
    ],
)
def test_a_reply_means_what_its_committed_clauses_say(reply, read):
    assert yes_or_no(reply) == read
