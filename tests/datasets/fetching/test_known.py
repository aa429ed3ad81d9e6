"""Known benchmarks, fetched from a real server into the data folder."""

from __future__ import annotations

import hashlib

import pytest

from prism_engine.config import benchmarks
from prism_engine.datasets.fetching.known import fetch, missing
from prism_engine.errors import ConfigError, UserError
from tests.datasets.fetching.file_server import FileServer, serving

BODY = b"index\timage\tquestion\n"


@pytest.fixture
def server():
    with serving(FileServer(BODY)) as one:
        yield one


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("LMUData", "PRISM_MIRROR", "HF_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture(autouse=True)
def catalogue(monkeypatch):
    """MMStar with the checksum of the file served here, and an unreachable published address."""
    known = benchmarks.known_benchmark("MMStar")
    assert known is not None
    spec = known.spec.model_copy(
        update={
            "md5": hashlib.md5(BODY).hexdigest(), "url": "https://127.0.0.1:1/utils/VLMEval/Older.tsv",
            "aliases": ("Star",),
        }
    )  # fmt: skip
    monkeypatch.setitem(benchmarks._by_name(), "mmstar", known._replace(spec=spec))
    monkeypatch.setattr("prism_engine.datasets.fetching.download.ATTEMPTS", 1)


def test_a_mirror_serves_it_and_its_digest_is_stored_next_to_it(server, home):
    found = fetch("mmstar", mirror=f"{server.url}/files/")
    assert found.path == home / "LMUData" / "MMStar.tsv"
    assert found.path.read_bytes() == BODY
    assert (found.checked, found.came) == (True, f"{server.url}/files/MMStar.tsv")
    digest = hashlib.sha256(BODY).hexdigest()
    assert found.path.with_name("MMStar.tsv.sha256").read_text() == f"{digest}  MMStar.tsv\n"
    assert fetch("MMStar", mirror=server.url).came == ""
    assert len(server.asked) == 1
    assert fetch("MMStar", mirror=server.url, force=True).came != ""
    assert len(server.asked) == 2


@pytest.mark.parametrize(
    ("pattern", "path"), [("", "/MMStar.tsv"), ("/{name}/x", "/MMStar/x"), ("/{path}", "/utils/VLMEval/Older.tsv")]
)
def test_a_mirror_may_be_a_pattern_and_come_from_the_environment(server, monkeypatch, pattern, path):
    monkeypatch.setenv("PRISM_MIRROR", server.url + pattern)
    fetch("MMStar")
    assert server.asked[0][0] == path


def test_it_goes_into_lmudata_where_that_is_a_folder(server, home, monkeypatch):
    monkeypatch.setenv("LMUData", str(home / "mine"))
    assert fetch("MMStar", mirror=server.url).path.parent == home / "LMUData"
    (home / "mine").mkdir()
    assert fetch("MMStar", mirror=server.url).path.parent == home / "mine"
    assert fetch("MMStar", mirror=server.url, folder=home / "there").path.parent == home / "there"


@pytest.mark.parametrize("old", ["Older.tsv", "Star.tsv"])
def test_a_file_under_an_older_name_is_moved_if_it_is_the_right_one(home, old):
    folder = home / "LMUData"
    folder.mkdir()
    (folder / old).write_bytes(BODY)
    found = fetch("MMStar")
    assert (found.path, found.came) == (folder / "MMStar.tsv", str(folder / old))
    assert not (folder / old).exists()
    (folder / "MMStar.tsv").rename(folder / old)
    (folder / old).write_bytes(b"other")
    with pytest.raises(UserError):
        fetch("MMStar")
    assert (folder / old).read_bytes() == b"other"


def test_a_wrong_file_is_replaced_by_the_right_one_and_by_no_other(server, home):
    folder = home / "LMUData"
    folder.mkdir()
    (folder / "MMStar.tsv").write_bytes(b"old")
    server.body = b"wrong"
    with pytest.raises(UserError, match=r"(?s)MMStar cannot be fetched:.*MD5.*discarded.*127\.0\.0\.1:1.*--mirror"):
        fetch("MMStar", mirror=server.url)
    assert (folder / "MMStar.tsv").read_bytes() == b"old"
    server.body = BODY
    fetch("MMStar", mirror=server.url)
    assert (folder / "MMStar.tsv").read_bytes() == BODY


def test_the_hub_s_endpoint_may_be_another(server, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", server.url + "/")
    found = fetch("MMStar_OFFICIAL")
    assert server.asked[0][0] == "/datasets/Lin-Chen/MMStar/resolve/main/MMStar.tsv"
    assert not found.checked
    assert fetch("MMStar_OFFICIAL").came == ""


def test_unknown_and_unpublished_names_are_refused():
    with pytest.raises(ConfigError, match="did you mean 'MMStar'"):
        fetch("MMStarr")
    with pytest.raises(ConfigError, match="prism datasets make scenes"):
        fetch("PrismScenes")


def test_missing_benchmarks_are_known_published_and_not_here(home):
    names = ("mmstar", "Star", "MMMU", "PrismScenes", "mine.tsv")
    assert missing(names) == ("MMStar", "MMMU_DEV_VAL")
    (home / "LMUData").mkdir()
    (home / "LMUData" / "MMStar.tsv").write_bytes(BODY)
    assert missing(names) == ("MMMU_DEV_VAL",)
