"""`prism report`, on real runs."""

from __future__ import annotations

import os

import pytest

from tests.browser import launched, require_chromium, until
from tests.shapes import write_described_shapes


@pytest.fixture
def runs(prism, tmp_path):
    """Two arms of a run by scripted models, with their cache."""
    write_described_shapes(tmp_path / "gold.tsv", 6)
    run = ("run", "gold.tsv", "-p", "scripted", "-r", "scripted", "--mode", "all", "--mode", "direct")
    assert prism(*run).code == 0
    return run


def test_it_names_the_file_and_what_is_in_it(prism, tmp_path, runs):
    said = prism("report", "results", "-o", "out.html")
    assert said.code == 0
    assert said.out.startswith("out.html: 2 runs, 6 samples, 5 pictures, ")
    assert (tmp_path / "out.html").read_bytes().startswith(b"<!doctype html>")
    assert prism("report", "results", "--pictures", "2").out.splitlines()[1] == "3 pictures left out (--pictures 2)"


def test_a_run_names_the_command_that_shows_it(prism, runs):
    assert "Look at it: prism report results\n" in prism(*runs).out
    single = prism("run", "gold.tsv", "-p", "scripted", "-r", "scripted")
    assert "Look at it: prism report results/generic/gold/scripted/scripted\n" in single.out


def test_one_of_a_thing_is_named_in_the_singular(prism, tmp_path):
    write_described_shapes(tmp_path / "gold.tsv", 1)
    assert prism("run", "gold.tsv", "-p", "scripted", "-r", "scripted").code == 0
    assert prism("report", "results").out.startswith("report.html: 1 run, 1 sample, 1 picture, ")


def test_a_file_that_is_no_page_is_not_replaced(prism, tmp_path, runs):
    predictions = next((tmp_path / "results").rglob("predictions.jsonl"))
    before = predictions.read_bytes()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "empty").touch()
    for place, words in ((predictions, "no HTML page"), ("gold.tsv", "no HTML page"), ("pipe", "a device or a pipe")):
        said = prism("report", "results", "-o", place)
        assert (said.code, words in said.err) == (2, True), said.err
    assert predictions.read_bytes() == before
    for place in ("empty", "empty", "new/folder/report.html"):
        assert prism("report", "results", "-o", place).code == 0


def test_without_runs_it_says_what_it_wants(prism):
    said = prism("report", "nothing")
    assert (said.code, "nothing: no such folder" in said.err) == (2, True)


@pytest.mark.xdist_group("browser")
def test_full_prompts_are_those_that_the_models_got(prism, tmp_path, runs):
    assert prism("report", "results").code == 0
    with launched(require_chromium()) as browser:
        page = browser.new_page()
        page.goto((tmp_path / "report.html").as_uri())
        until(page, "document.documentElement.dataset.ready", "1")
        decoupled = page.locator(".answer", has_text="scripted + scripted")
        for summary in ("2 calls", "Full prompt", "Full prompt"):
            decoupled.locator("details:not([open]) > summary", has_text=summary).first.click()
        until(page, "document.querySelectorAll('pre').length", 2)
        perceiver, reasoner = page.locator("pre").all_inner_texts()
        description = page.locator(".description .text").first.inner_text()
    assert perceiver.startswith("picture 1Describe this image in full detail")
    assert f"Description:\n{description}\n\nQuestion: " in reasoner
    assert reasoner.endswith("Select the correct answer from the options above and reply with its letter.")


def test_a_lost_cache_costs_the_pictures_and_the_prompts_and_nothing_else(prism, tmp_path, runs):
    (tmp_path / "cache").rename(tmp_path / "elsewhere")
    said = prism("report", "results")
    assert (said.code, "5 pictures not found in the runs' caches; --cache-dir" in said.out) == (0, True)
    assert "5 pictures, " in prism("report", "results", "--cache-dir", "elsewhere").out.splitlines()[0]
