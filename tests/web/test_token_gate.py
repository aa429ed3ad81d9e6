"""The gate in front of a server: token, names of this machine, pages of its own, limits and headers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.finished import write_run
from tests.web.served import Client, viewer

if TYPE_CHECKING:
    from collections.abc import Iterator

TOKEN = re.compile('name="prism-token" content="([^"]+)"')


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A viewer of one run."""
    folder = tmp_path_factory.mktemp("runs")
    write_run(folder, [1])
    with viewer(folder) as started:
        yield started


@pytest.fixture
def outside(server: Client) -> Client:
    """A client without the cookie."""
    return Client(server.port, server.token)


@pytest.fixture
def inside(outside: Client) -> Client:
    """A client with the cookie."""
    outside.enter()
    return outside


PATHS = ["/", "/view", "/static/view.js", "/api/runs", "/api/header?runs=all", "/api/picture/" + "0" * 64, "/nothing"]


@pytest.mark.parametrize("path", PATHS)
def test_nothing_is_served_without_the_token(outside, path):
    assert outside.ask(path).status == 403
    outside.cookie = "prism-00000000=guess; other=1"
    assert outside.ask(path).status == 403


@pytest.mark.parametrize("token", ["", "guess", "gu\u00e9ss\ud800".encode("utf-8", "surrogatepass"), "x" * 4000])
def test_a_wrong_token_is_refused_and_sets_no_cookie(outside, token):
    answer = outside.ask("/", token=token)
    assert (answer.status, "set-cookie" in answer.headers) == (403, False)


def test_the_token_is_exchanged_for_a_cookie_that_no_script_and_no_other_site_can_use(outside):
    answer = outside.ask("/view", runs="all", token=outside.token)
    cookie = answer.headers["set-cookie"]
    assert answer.status == 200
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert outside.token not in cookie
    assert 'url=/view?runs=all"' in answer.text, "the page goes on at its address without the token"


def test_the_address_that_is_gone_on_to_cannot_leave_the_server_or_its_attribute(outside):
    answer = outside.ask("/view", runs='"><script>x</script>', token=outside.token)
    assert "<script>" not in answer.text
    for path in ("//evil.example/", "/%5cevil.example/", "/\\evil.example/", "/.//evil.example"):
        answer = outside.ask(f"{path}?token={outside.token}")
        assert (answer.status, "evil" in answer.text) == (404, False)


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost.", "", "[::", "0.0.0.0:1"])
def test_another_hosts_name_is_refused_even_with_the_cookie(inside, host):
    assert inside.ask("/api/runs", headers={"Host": host}).status in (400, 403)


@pytest.mark.parametrize("host", ["localhost", "localhost:9", "127.0.0.1:1234", "[::1]:80"])
def test_this_machines_names_are_served_at_any_port_since_ssh_may_forward_one(inside, host):
    assert inside.ask("/api/runs", headers={"Host": host}).status == 200


def test_a_change_needs_the_pages_token_and_the_same_origin(inside):
    found = TOKEN.search(inside.ask("/").text)
    assert found is not None
    own = {"Origin": inside.address, "X-Prism-Token": found[1]}
    for headers in (
        {},
        {"Origin": inside.address},
        {"X-Prism-Token": found[1]},
        own | {"Origin": "http://evil.example"},
    ):
        assert inside.ask("/api/runs", method="POST", headers=headers).status == 403, headers
    assert inside.ask("/api/runs", method="POST", headers=own).status == 405, "allowed, but nothing takes it"


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_large_body_is_refused_before_it_is_read(inside, method):
    assert inside.ask("/api/runs", method=method, body=b"x" * 65_537).status == 413


def test_a_long_address_is_refused(inside):
    assert inside.ask("/api/rows", filter="x" * 20_000).status == 400


@pytest.mark.parametrize("path", ["/", "/static/view.js", "/api/runs", "/nothing"])
def test_every_answer_says_what_a_page_may_load(inside, path):
    headers = inside.ask(path).headers
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] in ("no-store", "no-cache")
