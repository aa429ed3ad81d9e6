"""The report page in a real browser: what it shows, how it is filtered, and that no text gets out of its place."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from tests.browser import until
from tests.finished import write_run
from tests.report.viewer.shown_runs import picture, step, three_arms

pytestmark = pytest.mark.xdist_group("browser")  # one browser for the suite

COUNT = "document.querySelector('#count').textContent"
OPEN = "new URLSearchParams(location.hash.slice(1)).get('i')"
SHOWN = "[...document.querySelectorAll('#list a')].map((row) => row.dataset.index).join(' ')"
HOSTILE = (
    "<script>window.hacked = 1</script><img src=x onerror='window.hacked = 1'></script><!--<svg onload=hacked()>"
    "{policy}{script}\x1b[31mred\x1b[0m \u202egnp.exe\u202c \u2066x\u2069 \u200b&lt;b&gt; ${hacked} '\"`"
)


def test_the_numbers_lead_to_their_samples(opened, tmp_path):
    three_arms(tmp_path)
    page = opened(tmp_path)
    assert page.title() == "Bench – prism report"
    assert page.locator(".accuracy tbody tr").first.inner_text().split("\n")[0].startswith("A eye (direct)")
    assert "75.0" in page.locator(".accuracy tbody tr").first.inner_text()
    page.get_by_role("button", name="perception: not said 1").first.click()
    until(page, COUNT, "1 – 1 of 1 sample")
    assert (page.evaluate(SHOWN), page.evaluate(OPEN)) == ("2", "2")
    page.locator(".matrix tbody tr").nth(0).get_by_role("button", name="2").click()
    until(page, SHOWN, "2 3")
    page.locator(".categories").get_by_role("button", name="counting").click()
    until(page, SHOWN, "1 3")


def test_filters_combine_and_their_address_shows_the_same_samples_again(opened, tmp_path):
    three_arms(tmp_path)
    page = opened(tmp_path)
    page.get_by_label("eye (direct)").select_option("right")
    page.get_by_label("brain (oracle)").select_option("right")
    until(page, SHOWN, "0 2")
    page.get_by_role("searchbox").fill("what? 2")
    until(page, SHOWN, "2")
    again = opened(tmp_path, page.evaluate("location.hash"))
    assert (again.evaluate(SHOWN), again.evaluate(OPEN)) == ("2", "2")
    assert again.get_by_role("searchbox").input_value() == "what? 2"
    again.evaluate("location.hash = '#b=Bench&flip=A~B&A=wrong'")
    until(again, COUNT, "No sample matches this filter")
    again.get_by_role("button", name="Clear filter").click()
    until(again, SHOWN, "0 1 2 3")


ADDRESSES = {
    "flip=B>C": "",
    "flip=C>B": "1 2",
    "flip=B~C": "1 2",
    "any=unanswered": "1",
    "A=unanswered": "1",
    "B=unanswered": "",
    "verdict=B:reasoning": "3",
    "category=seeing": "0 2",
    "category=": "",
    "q=WHAT": "0 1 2 3",
    "q=a red square.": "0 1 2 3",
    "q=nothing": "",
    "ZZ=right&A=odd&flip=A>ZZ&i=nothing": "0 1 2 3",
}


def test_an_address_shows_its_samples_and_what_this_report_lacks_is_left_out_of_it(opened, tmp_path):
    three_arms(tmp_path)
    folder = tmp_path / "direct" / "Bench" / "eye" / "predictions.jsonl"
    folder.write_text(folder.read_text().replace('"extracted":"B"', '"extracted":null', 1))
    page = opened(tmp_path)
    for number, (address, shown) in enumerate(ADDRESSES.items()):
        page.evaluate("(address) => { location.hash = address; }", f"b=Bench&{address}&n={number}")
        assert until(page, SHOWN, shown) == shown, address


def test_keys_move_search_and_turn_pages_and_a_long_list_is_no_tall_element(opened, tmp_path):
    write_run(tmp_path, [1] * 450)
    page = opened(tmp_path)
    assert page.locator("#list li").count() == 200
    page.keyboard.press("j")
    page.keyboard.press("ArrowDown")
    until(page, OPEN, "2")
    page.keyboard.press("k")
    until(page, OPEN, "1")
    page.keyboard.press("/")
    page.keyboard.type("what? 44")
    until(page, COUNT, "1 – 11 of 11 samples")
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    until(page, OPEN, "440")
    page.get_by_role("button", name="Clear filter").click()
    until(page, COUNT, "401 – 450 of 450 samples")
    page.keyboard.press("ArrowLeft")
    until(page, COUNT, "201 – 400 of 450 samples")
    page.keyboard.press("k")
    until(page, COUNT, "1 – 200 of 450 samples")
    until(page, OPEN, "199")
    page.locator(".skip").focus()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "samples"
    assert page.evaluate(OPEN) == "199"
    assert page.evaluate("document.querySelector('#list ol').scrollHeight") < 100_000


def test_hostile_text_is_shown_as_text_wherever_it_comes_from(opened, tmp_path):
    options = [{"letter": "A", "text": HOSTILE}, {"letter": HOSTILE[:60], "text": "no"}]
    fields = {
        "question": HOSTILE, "category": HOSTILE, "options": options, "hint": HOSTILE, "description": HOSTILE,
        "reply": HOSTILE, "extracted": HOSTILE, "target": HOSTILE, "contents": HOSTILE, "fell_back": HOSTILE,
        "failure": HOSTILE, "index": HOSTILE, "images": [HOSTILE],
        "judge": dict.fromkeys(("model", "review", "resolved"), HOSTILE),
        "steps": [step("reason", "a", model=HOSTILE, outcome=HOSTILE, detail=HOSTILE, text="x" + HOSTILE)],
    }  # fmt: skip
    folder = write_run(tmp_path, [0], rows=[fields])
    manifest = orjson.loads((folder / "manifest.json").read_bytes())
    manifest["benchmark"]["name"] = manifest["config"]["perceiver"] = "<img src=x onerror=hacked()>"
    manifest |= {"instruction": HOSTILE, "status": HOSTILE, "versions": {HOSTILE: HOSTILE}, "prism_engine": HOSTILE}
    (folder / "manifest.json").write_bytes(orjson.dumps(manifest))
    page = opened(folder)
    for summary in page.locator("summary").all():
        if summary.is_visible() and not summary.evaluate("(it) => it.parentElement.open"):
            summary.click()
    assert page.evaluate("window.hacked") is None
    assert page.locator("#samples img, #samples script, #samples b > b, svg[onload]").count() == 0
    question = page.locator(".asked h2").inner_text()
    assert question.startswith("<script>window.hacked = 1</script><img src=x onerror='window.hacked = 1'></script>")
    assert "␛[31mred␛[0m U+202Egnp.exeU+202C U+2066xU+2069 U+200B&lt;b&gt;" in question
    assert page.evaluate("/[\\u202e\\u2066\\u200b\\x1b]/.test(document.body.innerText)") is False
    assert "<img src=x onerror=hacked()>" in page.locator("h1").inner_text()


def test_pictures_are_shown_by_digest_and_one_that_is_gone_leaves_a_note(opened, tmp_path):
    rows: list[dict[str, Any]] = [
        {"images": [picture(tmp_path / "images", "red")]},
        {"images": ["0" * 64]},
        {"images": []},
    ]
    write_run(tmp_path / "r", [1, 1, 1], rows=rows)
    page = opened(tmp_path / "r")
    until(page, "document.querySelector('#sample img')?.naturalWidth", 192)
    notes = [page.locator("#list .thumbnail").nth(place).inner_text() for place in (1, 2)]
    assert notes == ["picture not in this report", "no picture"]


def test_a_sample_shows_no_words_of_the_script_and_an_empty_name_can_be_seen(opened, tmp_path):
    rows: list[dict[str, Any]] = [
        {"category": " ", "description": None, "images": [None, 5]},
        {"failure": "cut", "reply": ""},
    ]
    write_run(tmp_path, [1, None], mode="direct", rows=rows)
    page = opened(tmp_path)
    words = page.locator("body").inner_text()
    assert not {"null", "undefined", "NaN", "[object"} & set(words.split())
    page.locator(".categories").get_by_role("button", name="(empty)").click()
    until(page, SHOWN, "0")
    page.get_by_role("button", name="Clear filter").click()
    page.locator("#list a").nth(1).click()
    until(page, "document.querySelector('.asked h2').textContent", "What? 1")
    assert "empty reply" not in page.locator(".answer").inner_text()


def test_a_very_long_word_has_places_to_break_and_stays_the_same_text(opened, tmp_path):
    words = "x" * 1000 + " short " + "\U0001f600" * 300
    write_run(tmp_path, [1], rows=[{"reply": words, "extracted": "none"}])
    text = opened(tmp_path).locator(".answer .text")
    assert text.text_content() == words
    assert text.locator("wbr").count() == 4


def test_a_report_without_samples_says_so(opened, tmp_path):
    write_run(tmp_path, [])
    assert opened(tmp_path).locator("#count").inner_text() == "No samples"


MARKED = [
    ("B", "The answer is [B]. Not A."),
    ("C", "I think (A) is wrong, so the correct option is: **[C]**"),
    ("B", "A dog sits on a mat.\n[B]"),
    ("A", "A dog is seen; so \\boxed{[A]}"),
    ("A", "A dog is seen, which is a [cat]."),
    ("B", "It is the dog! The [dog]."),
    ("D", "so upper-left ([D])"),
    ("C", "Nothing of that."),
    ("8", "I say 7, no, [8] of 18."),
    ("B", "a\u0301 \U0001f600 then [B]"),
    ("a.b*c", "aXbc [a.b*c]"),
    ("Z", "I cannot tell."),
]
"""Answers with the replies that they were read from; in brackets what is marked."""


def test_the_answer_that_was_read_is_marked_in_the_reply(opened, tmp_path):
    texts = zip("ABCD", ("cat", "dog", "cow", "owl"), strict=True)
    options = [{"letter": letter, "text": text} for letter, text in texts]
    rows = [
        {"reply": reply.replace("[", "").replace("]", ""), "extracted": extracted, "options": options}
        for extracted, reply in MARKED
    ]
    write_run(tmp_path, [1] * len(rows), rows=rows)
    page = opened(tmp_path)
    found = []
    for place in range(len(rows)):
        page.locator("#list a").nth(place).click()
        until(page, "document.querySelector('.asked h2').textContent", f"What? {place}")
        assert page.locator(".answer .tag").first.text_content() == f"read as {MARKED[place][0]}"
        found.append((MARKED[place][0], page.evaluate(REPLY)))
    assert found == MARKED


REPLY = (
    "[...document.querySelector('.answer .text').childNodes]"
    ".map((node) => node.localName === 'mark' ? `[${node.textContent}]` : node.textContent).join('')"
)


def test_draws_are_small_multiples_and_one_of_them_is_shown_in_full(opened, tmp_path):
    folder = write_run(tmp_path, [1])
    row = (folder / "predictions.jsonl").read_text().strip()
    other = (
        row.replace('"score":1.0', '"score":0.0')
        .replace('"score":1', '"score":0')
        .replace('"extracted":"A"', '"extracted":"B"')
    )
    lines = [
        each[:-1] + f',"answer_draw":{number},"description_draw":null,"reply":"draw number {number}"}}'
        for number, each in enumerate((row, other, row))
    ]
    (folder / "draws.jsonl").write_text("\n".join(lines))
    page = opened(tmp_path)
    assert page.locator(".draw").all_inner_texts() == ["✓ A", "✗ B", "✓ A"]
    assert "2 of 3 right" in page.locator(".draws").inner_text()
    page.locator(".draw").nth(1).click()
    assert "draw number 1" in page.locator(".answer").inner_text()
    assert page.locator(".draw[aria-pressed=true]").count() == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_control_has_a_name_and_every_text_has_contrast(opened, tmp_path, scheme):
    three_arms(tmp_path, failure="cut", fell_back="none", contents="hints", steps=[step("reason", "a")])
    page = opened(tmp_path, "#b=Bench&any=right", color_scheme=scheme)
    nameless = page.evaluate(
        "[...document.querySelectorAll('button, select, input, a, summary')].filter((control) =>"
        " !control.textContent.trim() && !control.ariaLabel && !control.labels?.length && !control.title).length"
    )
    assert nameless == 0
    assert page.evaluate(CONTRASTS) == []


CONTRASTS = """
(() => {
  const channels = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const linear = (value) => (value /= 255) <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  function ground(element) {
    const layers = [];
    for (let at = element; at; at = at.parentElement) {
      const [r, g, b, alpha = 1] = channels(getComputedStyle(at).backgroundColor);
      layers.unshift([r, g, b, alpha]);
    }
    const over = (below, [r, g, b, alpha]) => [r, g, b].map((each, place) => alpha * each + (1 - alpha) * below[place]);
    return layers.reduce(over, [255, 255, 255]);
  }
  const poor = [];
  const walker = document.createTreeWalker(document.querySelector("body"), NodeFilter.SHOW_TEXT);
  for (let node; (node = walker.nextNode());) {
    const element = node.parentElement;
    const hidden = !element.checkVisibility() || element.closest(".unseen, .skip, :disabled, option");
    if (!node.textContent.trim() || hidden) continue;
    const [one, other] = [light(channels(getComputedStyle(element).color)), light(ground(element))];
    const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    if (ratio < 4.5) poor.push(`${node.textContent.trim().slice(0, 30)} ${element.className} ${ratio.toFixed(2)}`);
  }
  return poor;
})()
"""


def test_on_a_phone_the_sample_opens_over_the_list_and_nothing_is_wider_than_the_screen(opened, tmp_path):
    three_arms(tmp_path)
    page = opened(tmp_path)
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert not page.locator("#sample").is_visible()
    page.locator("#list a").nth(2).click()
    assert page.locator("#sample h2").inner_text() == "What? 2"
    assert page.evaluate("document.querySelector('#sample').scrollWidth") <= 390
    page.get_by_role("button", name="Back to the list").click()
    assert not page.locator("#sample").is_visible()
    assert page.evaluate("document.activeElement.dataset.index") == "2"
