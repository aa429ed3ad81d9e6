"""Writing the report of runs to a file."""

from __future__ import annotations

import base64
import gzip
import hashlib
import re

import orjson
import pytest

from prism_engine.api.analysis import analysis_folder
from prism_engine.api.analysis.analysis_folder import analyze
from prism_engine.api.analysis.report_file import write_report
from prism_engine.errors import UserError
from tests.finished import write_run
from tests.report.viewer.shown_runs import picture, three_arms


def data(page: str, kind: str):
    """Return what a page has of one kind."""
    found = re.findall(rf'<script type="text/plain" data-is="{kind}">(.*?)</script>', page)
    return [orjson.loads(gzip.decompress(base64.b64decode(text))) for text in found]


def test_equal_runs_give_equal_bytes_wherever_they_are(tmp_path):
    for name in ("here", "there"):
        three_arms(tmp_path / name, images=[picture(tmp_path / name / "cache" / "images", "red")])
    files = [
        write_report([tmp_path / name], tmp_path / f"{name}-{time}.html", cache_dir=tmp_path / name / "cache").path
        for name in ("here", "there")
        for time in (1, 2)
    ]
    assert len({file.read_bytes() for file in files}) == 1


def test_the_file_names_nothing_outside_itself_and_its_policy_has_the_hashes_of_its_parts(tmp_path):
    three_arms(tmp_path)
    page = write_report([tmp_path], tmp_path / "r.html").path.read_text()
    (policy,) = re.findall(r'Content-Security-Policy" content="(.*?)"', page)
    for name, element in (("style-src", "style"), ("script-src", "script")):
        (content,) = re.findall(rf"<{element}>(.*?)</{element}>", page, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{name} 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy
    assert re.findall(r"(?:src|href)=\"(?!#)", page) == []
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", page)


def test_no_text_of_a_run_is_in_the_file_as_it_is(tmp_path):
    write_run(tmp_path, [1], question="</script><script>alert(1)</script>", rows=[{"reply": "plainly visible"}])
    page = write_report([tmp_path], tmp_path / "r.html").path.read_text()
    assert "alert(1)" not in page
    assert "plainly visible" not in page
    (samples,) = data(page, "samples")
    assert samples[0]["answers"]["0"]["replies"][0]["text"] == "plainly visible"


def test_the_limit_on_pictures_and_the_lost_ones_are_stated(tmp_path):
    digests = [picture(tmp_path / "cache" / "images", colour) for colour in ("red", "green", "blue")]
    rows = [{"images": [digest]} for digest in ("0" * 64, *digests)]
    write_run(tmp_path / "r", [1] * 4, rows=rows)
    made = write_report([tmp_path / "r"], tmp_path / "r.html", pictures=2, cache_dir=tmp_path / "cache")
    assert (made.pictures, made.missing, made.left_out, made.samples, made.runs) == (2, 1, 1, 4, 1)
    (header,) = data(made.path.read_text(), "header")
    assert header["pictures"] == {"shown": 2, "missing": 1, "left_out": 1, "side": 192}


def test_a_cache_that_a_manifest_names_shows_no_file_but_the_picture_of_the_digest(tmp_path):
    digest = picture(tmp_path / "cache" / "images", "red")
    (tmp_path / "cache" / "images" / digest[:2] / digest[2:]).write_bytes(b"a secret")
    folder = write_run(tmp_path / "r", [1, 1], rows=[{"images": [digest]}, {"images": ["../../../secret"]}])
    manifest = orjson.loads((folder / "manifest.json").read_bytes())
    manifest["config"]["cache_dir"] = str(tmp_path / "cache")
    (folder / "manifest.json").write_bytes(orjson.dumps(manifest))
    made = write_report([folder], tmp_path / "r.html")
    assert (made.pictures, made.missing) == (0, 2)


def test_a_folder_in_place_of_the_file_is_an_error(tmp_path):
    three_arms(tmp_path)
    with pytest.raises(UserError, match=r"is a folder; name a file"):
        write_report([tmp_path], tmp_path)


def test_the_folder_of_the_file_is_created_unless_that_is_impossible(tmp_path):
    three_arms(tmp_path / "runs")
    assert write_report([tmp_path / "runs"], tmp_path / "a" / "b" / "r.html").path.is_file()
    with pytest.raises(UserError, match=r"r\.html/c\.html: its folder cannot be created"):
        write_report([tmp_path / "runs"], tmp_path / "a" / "b" / "r.html" / "c.html")


def test_the_reports_of_an_analysis_have_every_sample_up_to_a_number_of_them(tmp_path, monkeypatch):
    three_arms(tmp_path / "runs")
    report = analyze([tmp_path / "runs"], tmp_path / "out", plots=None)
    assert report.browsable == tmp_path / "out" / "report.html"
    assert report.browsable in report.files
    assert len(data(report.browsable.read_text(), "samples")[0]) == 4
    monkeypatch.setattr(analysis_folder, "MOST_BROWSED", 3)
    assert analyze([tmp_path / "runs"], tmp_path / "few", plots=None).browsable is None
    assert analyze([tmp_path / "runs"], tmp_path / "none", plots=None, browse=False).browsable is None
