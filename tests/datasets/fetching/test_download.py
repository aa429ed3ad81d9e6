"""Downloads from a real server over real sockets."""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
import ssl
import subprocess
import sys
from types import SimpleNamespace

import pytest

from prism_engine.datasets.fetching import download as module
from prism_engine.datasets.fetching.download import DownloadRequest, download
from prism_engine.errors import RejectedError, TransientError, UnreachableError, UserError
from tests.certificates import self_signed

from .file_server import FileServer, serving

BODY = os.urandom(3_000_000)
MD5 = hashlib.md5(BODY).hexdigest()


@pytest.fixture
def server():
    with serving(FileServer(BODY)) as one:
        yield one


@pytest.fixture
def target(tmp_path):
    path = tmp_path / "data" / "MMStar.tsv"
    path.parent.mkdir()
    path.write_bytes(b"old")
    return path


def fetch(server, target, md5=MD5, **more):
    return asyncio.run(download(DownloadRequest(f"{server.url}/a.tsv", target, md5), wait=0.01, **more))


def left(target):
    return sorted(path.name for path in target.parent.iterdir())


def test_a_file_is_downloaded_whole_with_progress(server, target):
    seen: list[tuple[int, int | None]] = []
    digests = fetch(server, target, progress=lambda *step: seen.append(step))
    assert digests == (MD5, hashlib.sha256(BODY).hexdigest())
    assert target.read_bytes() == BODY
    assert left(target) == ["MMStar.tsv"]
    assert (seen[0], seen[-1]) == ((0, len(BODY)), (len(BODY), len(BODY)))


def test_an_interrupted_download_resumes_where_it_stopped(server, target):
    server.cuts = [1_000_000, 500_000]
    fetch(server, target)
    assert target.read_bytes() == BODY
    spans = [span for _, span, _ in server.asked]
    assert spans[0] is None
    assert [int(str(span)[6:-1]) for span in spans[1:]] == [1_000_000, 1_500_000]
    assert {condition for _, _, condition in server.asked[1:]} == {'"v1"'}


def test_a_later_process_also_resumes_and_until_then_nothing_is_replaced(server, target, monkeypatch):
    monkeypatch.setattr(module, "ATTEMPTS", 1)
    server.cuts = [2_000_000]
    with pytest.raises(TransientError):
        fetch(server, target)
    assert target.read_bytes() == b"old"
    fetch(server, target)
    assert target.read_bytes() == BODY
    assert server.asked[-1][1] == "bytes=2000000-"


def test_a_server_without_ranges_starts_over(server, target):
    server.ranges, server.cuts = False, [1_000_000]
    fetch(server, target)
    assert target.read_bytes() == BODY


def test_a_server_that_always_disconnects_at_the_same_byte_is_given_up(server, target):
    server.ranges, server.cuts = False, [1000] * 50
    with pytest.raises(TransientError):
        fetch(server, target)
    assert len(server.asked) <= module.ATTEMPTS + 1
    assert target.read_bytes() == b"old"


def test_a_file_that_changed_meanwhile_is_downloaded_from_the_start(server, target, monkeypatch):
    monkeypatch.setattr(module, "ATTEMPTS", 1)
    server.cuts = [1_000_000]
    with pytest.raises(TransientError):
        fetch(server, target)
    server.body, server.etag = BODY[::-1], '"v2"'
    fetch(server, target, hashlib.md5(BODY[::-1]).hexdigest())
    assert target.read_bytes() == BODY[::-1]


def test_a_part_of_another_file_is_discarded_by_the_checksum(server, target):
    server.etag = None
    target.with_name(".MMStar.tsv.part").write_bytes(b"x" * 1000)
    fetch(server, target)
    assert target.read_bytes() == BODY
    assert [span for _, span, _ in server.asked] == ["bytes=1000-", None]


def test_without_a_validator_or_checksum_nothing_is_resumed(server, target):
    server.etag = None
    target.with_name(".MMStar.tsv.part").write_bytes(b"x" * 1000)
    fetch(server, target, None)
    assert target.read_bytes() == BODY
    assert [span for _, span, _ in server.asked] == [None]


def test_a_complete_part_is_not_downloaded_again(server, target):
    target.with_name(".MMStar.tsv.part").write_bytes(BODY)
    fetch(server, target)
    assert target.read_bytes() == BODY
    assert len(server.asked) == 1


def test_a_part_that_is_too_long_is_downloaded_again(server, target):
    target.with_name(".MMStar.tsv.part").write_bytes(BODY + b"more")
    fetch(server, target)
    assert target.read_bytes() == BODY


def test_the_wrong_checksum_replaces_nothing(server, target):
    with pytest.raises(RejectedError, match=f"has MD5 {MD5} instead of {'0' * 32}"):
        fetch(server, target, "0" * 32)
    assert target.read_bytes() == b"old"
    assert left(target) == ["MMStar.tsv"]


def test_a_body_of_unknown_length_is_read_to_its_end(server, target):
    server.length = False
    fetch(server, target)
    assert target.read_bytes() == BODY


def test_transient_errors_are_retried(server, target):
    server.statuses = [503, 429, 500]
    fetch(server, target)
    assert target.read_bytes() == BODY


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_a_refusal_is_reported_at_once(server, target, status):
    server.statuses = [status] * 9
    with pytest.raises(RejectedError, match=f"HTTP {status}"):
        fetch(server, target)
    assert len(server.asked) == 1


def test_a_web_page_is_no_benchmark(server, target):
    server.html = True
    with pytest.raises(RejectedError, match="returned a web page"):
        fetch(server, target)


def test_a_redirect_is_followed(server, target):
    with serving(FileServer(b"", redirect=f"{server.url}/a.tsv")) as front:
        fetch(front, target)
    assert target.read_bytes() == BODY


def test_an_unreachable_address_is_reported(target):
    with serving(FileServer(b"")) as gone:
        pass
    with pytest.raises(UnreachableError, match=r"127\.0\.0\.1"):
        fetch(gone, target)


def test_a_full_disk_is_reported_before_anything_is_written(server, target, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=9))
    with pytest.raises(UserError, match="3,000,000 more bytes needed, but the disk has only 9"):
        fetch(server, target)
    assert target.read_bytes() == b"old"


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    """A self-signed certificate for 127.0.0.1, with its key."""
    return self_signed(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def tls(certificate):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)
    return context


TRUSTING = """
import asyncio, sys
from pathlib import Path
from prism_engine.datasets.fetching.download import DownloadRequest, download
from prism_engine.errors import RejectedError
try:
    asyncio.run(download(DownloadRequest(sys.argv[1], Path(sys.argv[2]))))
except RejectedError as error:
    sys.exit(str(error))
"""


def test_a_certificate_that_is_not_to_be_trusted_is_refused_at_once(target, tls):
    with serving(FileServer(BODY), tls) as server, pytest.raises(RejectedError, match="certificate"):
        fetch(server, target)
    assert target.read_bytes() == b"old"
    assert server.asked == []


def test_a_redirect_from_tls_to_plain_http_is_refused(server, target, tls, certificate):
    """In a process that trusts the certificate, so only the redirect can be the reason."""
    command = [sys.executable, "-c", TRUSTING]
    trusting = {**os.environ, "SSL_CERT_FILE": str(certificate[0])}
    with serving(FileServer(BODY), tls) as safe:
        subprocess.run([*command, f"{safe.url}/a", target], check=True, env=trusting)
        assert target.read_bytes() == BODY
        safe.redirect = f"{server.url}/a"
        ended = subprocess.run([*command, f"{safe.url}/a", target], check=False, env=trusting, stderr=subprocess.PIPE)
    assert b"redirects to an address without TLS" in ended.stderr
