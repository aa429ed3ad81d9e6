"""Prompts as templates with slots."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from prism_engine.report.viewer.prompt_templates import Templates, slots_of
from tests.report.viewer.shown_runs import step

if TYPE_CHECKING:
    from prism_engine.report.viewer.contract import ShownStep

TEXTS = st.text("ab \n?", min_size=0, max_size=12)


def row(**fields: Any) -> dict[str, Any]:
    options = [{"letter": letter, "text": text} for letter, text in (("A", "red"), ("B", "blue"))]
    return {"question": "What colour?", "options": options, "images": ["d" * 64], **fields}


def message(*parts: Any) -> list[dict[str, Any]]:
    return [{"role": "user", "parts": list(parts)}]


def filled(templates: Templates, number: int, slots: dict[str, str]) -> str:
    """Fill a template's slots as the page does."""
    parts = [part for each in templates.all[number] for part in each["parts"]]
    return "".join(part["text"] if "text" in part else slots[part["slot"]] for part in parts)


def test_prompts_that_differ_only_in_what_their_rows_have_are_one_template():
    templates = Templates()
    numbers = [
        templates.place(message(f"Look: {text}\nQ: {question}\nA. red\nB. blue"), one, one)
        for text, question in (("a red square", "What colour?"), ("two blue dots", "How many?"))
        for one in [row(description=text, question=question)]
    ]
    assert numbers == [0, 0]
    slots = [part.get("slot") for part in templates.all[0][0]["parts"]]
    assert slots == [None, "description", None, "question", None, "options"]


def test_pictures_are_named_by_their_place_and_others_by_their_digest():
    templates = Templates()
    number = templates.place(message({"image": "d" * 64}, "Describe.", {"image": "e" * 64}), row(), row())
    assert templates.all[number][0]["parts"] == [
        {"picture": 0},
        {"text": "Describe."},
        {"text": f"[picture {'e' * 64}]"},
    ]


def test_a_question_that_is_not_the_one_shown_is_kept_in_the_template():
    assert "question" in slots_of(row(), row())
    assert "question" not in slots_of(row(), row(question="What shape?"))


@given(TEXTS, TEXTS, TEXTS, TEXTS)
def test_a_filled_template_is_the_prompt_whatever_its_texts_repeat(description, question, before, after):
    one = row(description=description, question=question, contents=before)
    text = f"{before}{description}{after}{question}{description}A. red\nB. blue{before}"
    templates = Templates()
    number = templates.place(message(text), one, one)
    assert filled(templates, number, slots_of(one, one)) == text


def test_only_calls_whose_prompt_is_known_get_one():
    templates = Templates()
    book = templates.book(lambda keys: {key: message("Hello.") for key in keys if key.startswith("a")})
    shown: list[ShownStep] = [{"stage": "reason", "model": "m", "outcome": "ok"} for _ in range(3)]
    book.add_to(
        shown, row(steps=[step("reason", "a"), step("reason", "b"), step("reason", "a") | {"key": None}]), row()
    )
    assert [each.get("prompt") for each in shown] == [0, None, None]
