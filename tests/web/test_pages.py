"""The viewer's pages in a real browser."""

from __future__ import annotations

import pytest

from tests.browser import until
from tests.finished import write_run
from tests.report.viewer.shown_runs import picture, three_arms
from tests.report.viewer.test_web import ADDRESSES, COUNT, HOSTILE, OPEN, SHOWN

pytestmark = pytest.mark.xdist_group("browser")  # one browser for the suite


def test_an_address_shows_the_same_samples_as_in_a_report(opened, tmp_path):
    three_arms(tmp_path)
    folder = tmp_path / "direct" / "Bench" / "eye" / "predictions.jsonl"
    folder.write_text(folder.read_text().replace('"extracted":"B"', '"extracted":null', 1))
    page = opened(tmp_path)
    for number, (address, shown) in enumerate(ADDRESSES.items()):
        page.evaluate("(address) => { location.hash = address; }", f"b=Bench&{address}&n={number}")
        assert until(page, SHOWN, shown) == shown, address


def test_a_long_list_is_asked_for_page_by_page(opened, tmp_path):
    write_run(tmp_path, [1] * 450)
    page = opened(tmp_path)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url.partition("/api/")[2].partition("?")[0]))
    assert page.locator("#list li").count() == 200
    page.get_by_role("button", name="Next page").click()
    until(page, COUNT, "201 – 400 of 450 samples")
    page.keyboard.press("ArrowRight")
    until(page, COUNT, "401 – 450 of 450 samples")
    assert asked.count("rows") == 2
    page.get_by_role("searchbox").fill("what? 44")
    until(page, COUNT, "1 – 11 of 11 samples")
    until(page, OPEN, "44")


def test_pictures_come_by_digest_and_one_that_is_gone_leaves_a_note(opened, tmp_path):
    digest = picture(tmp_path / "results" / "cache" / "images", "red", (1200, 800))
    folder = write_run(tmp_path / "results", [1, 1], rows=[{"images": [digest]}, {"images": ["0" * 64]}])
    manifest = folder / "manifest.json"
    text = manifest.read_text().replace('"config":{', f'"config":{{"cache_dir":"{tmp_path}/results/cache",')
    manifest.write_text(text)
    page = opened(tmp_path / "results")
    until(page, "document.querySelector('#sample img')?.naturalWidth", 960)
    until(page, "document.querySelector('#list img')?.naturalWidth", 192)
    assert page.locator("#list .thumbnail").nth(1).inner_text() == "picture not in this report"


def test_hostile_text_is_shown_as_text(opened, tmp_path):
    fields = {"question": HOSTILE, "category": HOSTILE, "reply": HOSTILE, "index": HOSTILE, "description": HOSTILE}
    write_run(tmp_path, [0], rows=[fields])
    page = opened(tmp_path)
    assert page.evaluate("window.hacked") is None
    question = page.locator(".asked h2").inner_text()
    assert question.startswith("<script>window.hacked = 1</script><img src=x onerror='window.hacked = 1'></script>")
    assert page.locator("#samples img, #samples script").count() == 0
