"""The leaderboard and the analysis of the viewer: the numbers of `prism board` and `prism analyze`."""

from __future__ import annotations

import pytest

from prism_engine.api.analysis.leaderboard import make_board
from prism_engine.config import load_registry
from tests.browser import until
from tests.finished import write_run
from tests.report.viewer.shown_runs import three_arms
from tests.web.served import viewer


def test_the_leaderboard_and_the_analysis_are_those_of_the_commands(tmp_path):
    three_arms(tmp_path)
    with viewer(tmp_path) as client:
        client.enter()
        found = {}
        for name in ("board", "analysis"):
            path = f"/api/{name}"
            while (answer := client.ask(path, runs="all")).status == 202:
                pass
            found[name] = answer.json
        report = make_board([tmp_path], load_registry())
        assert [row[0] for row in found["board"]["tables"][0]["rows"]] == [row[0] for row in report.table.rows]
        titles = [table["title"] for table in found["analysis"]["tables"]]
        assert titles == ["Accuracy", "Comparisons", "Effects", "What failed"]
        assert found["analysis"]["figures"]
        figure = client.ask("/api/figure", runs="all", number=0)
        assert (figure.headers["content-type"], b"<svg" in figure.body) == ("image/svg+xml", True)
        assert "sandbox" in figure.headers["content-security-policy"]
        for number in (len(found["analysis"]["figures"]), 10**5, "..", "-1"):
            assert client.ask("/api/figure", runs="all", number=number).status in (400, 404)


def test_without_a_finished_run_there_is_no_leaderboard(tmp_path):
    write_run(tmp_path, [1], mode="oracle")
    with viewer(tmp_path) as client:
        client.enter()
        while (answer := client.ask("/api/board", runs="all")).status == 202:
            pass
    assert (answer.status, "no system is left to show" in answer.text) == (422, True)


@pytest.mark.xdist_group("browser")
def test_a_heading_sorts_its_table_and_what_has_no_value_is_last(opened, tmp_path):
    write_run(tmp_path, [1, 1, 0, 0], perceiver="<b>x</b>")
    write_run(tmp_path, [1, 1, 1, 0], perceiver="y")
    write_run(tmp_path, [1, 0, 0, 0], perceiver="z")
    page = opened(tmp_path, "/board?runs=all")
    names = "[...document.querySelectorAll('tbody')[0].querySelectorAll('th')].map((it) => it.textContent).join()"
    assert page.evaluate(names) == "y + brain,<b>x</b> + brain,z + brain"
    page.get_by_role("button", name="System").click()
    until(page, names, "<b>x</b> + brain,y + brain,z + brain")
    page.get_by_role("button", name="Mean", exact=True).click()
    until(page, names, "y + brain,<b>x</b> + brain,z + brain")
    page.get_by_role("button", name="Mean", exact=True).click()
    until(page, names, "z + brain,<b>x</b> + brain,y + brain")
    assert page.locator("th[aria-sort=ascending]").inner_text().startswith("Mean")
