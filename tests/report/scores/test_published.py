"""Published results, from a file that may hold anything."""

from __future__ import annotations

import orjson
import pytest

from prism_engine.errors import UserError
from prism_engine.report.scores.published import read_published


def read(tmp_path, results, **more):
    (tmp_path / "OpenVLM.json").write_bytes(orjson.dumps({"results": results, **more}))
    return read_published(tmp_path / "OpenVLM.json")


def test_scores_are_from_0_to_100_by_the_leaderboard_s_rules(tmp_path):
    (system,) = read(
        tmp_path,
        {
            "key": {
                "META": {"Method": ["A-7B", "http://x"], "Parameters": "7.03B", "OpenSource": "Yes"},
                "MME": {"Overall": 1400},
                "OCRBench": {"Final Score": 800, "Overall": 1},
                "MMBench_TEST_EN_V11": {"Overall": 80},
                "MMBench_TEST_CN_V11": {"Overall": 70},
                "COCO_VAL": {"CIDEr": 50},
            }
        },
        time="20250921",
    ).systems
    assert (system.name, system.about) == ("A-7B", {"parameters": "7.03B", "type": "open"})
    assert system.marks == {
        "MME": 50,
        "OCRBench": 80,
        "MMBench_TEST_EN_V11": 80,
        "MMBench_TEST_CN_V11": 70,
        "MMBench_V11": 75,
    }


@pytest.mark.parametrize(
    ("meta", "kind"),
    [
        ({"OpenSource": "No", "Verified": "Yes"}, "api"),
        ({"OpenSource": "No", "Verified": "No"}, "proprietary"),
        ({"OpenSource": ["No"], "Verified": 3}, None),
    ],
)
def test_a_type_is_that_of_the_leaderboard(tmp_path, meta, kind):
    assert read(tmp_path, {"a": {"META": meta}}).systems[0].about["type"] == kind


@pytest.mark.parametrize("score", ["64.7", True, -1, 101, [1], {"a": 1}, 1e308])
def test_what_is_no_score_in_range_is_left_out_and_counted(tmp_path, score):
    found = read(tmp_path, {"a": {"MMStar": {"Overall": score}, "POPE": {"Overall": 5}}})
    assert (found.refused, found.systems[0].marks, found.time) == (1, {"POPE": 5}, None)


@pytest.mark.parametrize("meta", [None, [], {"Method": []}, {"Method": [3]}, {"Method": "x"}, {"Parameters": "7 * 9B"}])
def test_odd_metadata_falls_back_to_the_key(tmp_path, meta):
    (system,) = read(tmp_path, {"k" * 1000: {"META": meta, "POPE": {"Overall": 5}}}).systems
    assert system.name == "k" * 200
    assert not system.about.get("parameters")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[1]", "not OpenVLM.json"),
        ('{"results": {"a": 3}}', "not OpenVLM.json"),
        (orjson.dumps({"results": {str(number): {} for number in range(5001)}}).decode(), "5,001 systems; at most"),
    ],
)
def test_another_file_is_named(tmp_path, content, message):
    (tmp_path / "x.json").write_text(content)
    with pytest.raises(UserError, match=f"x.json: {message}"):
        read_published(tmp_path / "x.json")


def test_a_file_that_is_missing_or_far_too_large_is_named(tmp_path):
    with pytest.raises(UserError, match=r"x.json: cannot be read \(No such file"):
        read_published(tmp_path / "x.json")
    with (tmp_path / "x.json").open("wb") as file:
        file.truncate(200_000_000)
    with pytest.raises(UserError, match="larger than 100 MB"):
        read_published(tmp_path / "x.json")
