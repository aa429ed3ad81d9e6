"""The leaderboard from folders, with its filters."""

from __future__ import annotations

import orjson
import polars as pl
import pytest

from prism_engine.api.analysis.leaderboard import BoardFilter, make_board
from prism_engine.config import Registry
from prism_engine.config.models import parse_models
from prism_engine.errors import UserError
from tests.finished import write_run

REGISTRY = Registry(
    parse_models({"late": {"backend": "scripted", "about": {"parameters": "70B", "type": "proprietary"}}}, "test")
)
ABOUTS = {
    "small": {"parameters": "256M", "licence": "Apache-2.0", "type": "open"},
    "middle": {"parameters": "7B", "licence": "MIT", "type": "open"},
    "late": None,
    "unheard": None,
}


@pytest.fixture
def results(tmp_path):
    for name, about in ABOUTS.items():
        write_run(tmp_path / "results", [1, 0, 1, 0], perceiver=name, about=about)
    write_run(tmp_path / "results", [1, 0, 1, 0], perceiver="small", benchmark="Two", about=ABOUTS["small"])
    write_run(tmp_path / "results", [0, 0, 1, 0], mode="blind")
    return tmp_path / "results"


def names(results, **wanted):
    report = make_board([results], REGISTRY, BoardFilter(**wanted))
    return {row.name.split(" ")[0] for row in report.board.places}


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({}, {"small", "middle", "late", "unheard"}),
        ({"sizes": ("<4B",)}, {"small"}),
        ({"sizes": ("4-10B",)}, {"middle"}),
        ({"sizes": ("7B-70B",)}, {"middle"}),
        ({"sizes": ("100M - 1B", ">70B")}, {"small", "late"}),
        ({"sizes": ("unknown",)}, {"unheard"}),
        ({"licences": ("mit",)}, {"middle"}),
        ({"types": ("open",)}, {"small", "middle"}),
        ({"types": ("proprietary", "unknown")}, {"late", "unheard"}),
        ({"types": ("open",), "sizes": (">1B",)}, {"middle"}),
        ({"benchmarks": ("Two",)}, {"small"}),
        ({"baselines": True}, {"small", "middle", "late", "unheard", "brain"}),
    ],
)
def test_every_condition_must_hold_and_of_several_values_any(results, wanted, expected):
    assert names(results, **wanted) == expected


def test_left_out_systems_are_named(results):
    report = make_board([results], REGISTRY, BoardFilter(sizes=("<4B",)))
    assert report.left_out == ("late + brain", "middle + brain", "unheard + brain")


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"sizes": ("big",)}, "--size big: not a range"),
        ({"benchmarks": ("Three",)}, "--benchmark Three: no run here uses it; the runs use Bench, Two"),
        ({"licences": ("GPL",)}, "no system is left"),
    ],
)
def test_impossible_conditions_are_errors(results, wanted, message):
    with pytest.raises(UserError, match=message):
        names(results, **wanted)


def test_a_benchmark_among_baselines_alone_is_an_error_that_says_so(results):
    with pytest.raises(UserError, match=r"no run here uses it; all runs here are baselines \(see --baselines\)"):
        make_board([results / "blind"], REGISTRY, BoardFilter(benchmarks=("Bench",)))


def test_tables_are_written_with_one_row_per_system(results, tmp_path):
    report = make_board([results], REGISTRY, out=tmp_path / "out")
    table = pl.read_parquet(tmp_path / "out" / "board.parquet")
    assert table["system"].to_list() == [row.name for row in report.board.places]
    assert table.columns[-2:] == ["Bench", "Two"]
    assert table["mean"].null_count() == 3
    assert pl.read_parquet(tmp_path / "out" / "differences.parquet").columns == [
        "better",
        "worse",
        "difference",
        "low",
        "high",
    ]


def test_a_benchmark_is_chosen_by_its_own_name_or_by_that_of_its_column(tmp_path):
    for name, kind in (
        ("MMMU_DEV_VAL", "mmmu"),
        ("MMBench_DEV_EN_V11", "circular"),
        ("MMBench_DEV_CN_V11", "circular"),
    ):
        write_run(tmp_path, [1, 0, 1], mode="direct", benchmark=name, kind=kind)

    def chosen(name):
        return make_board([tmp_path], REGISTRY, BoardFilter(benchmarks=(name,))).board.benchmarks

    assert chosen("MMMU_VAL") == chosen("MMMU_DEV_VAL") == ("MMMU_VAL",)
    assert chosen("MMBench_V11") == ("MMBench_V11",)
    assert chosen("MMBench_DEV_CN_V11") == ("MMBench_DEV_CN_V11",)
    with pytest.raises(UserError, match="no run here uses it"):
        chosen("MMMU")


def published(tmp_path, **results):
    file = tmp_path / "OpenVLM.json"
    file.write_bytes(orjson.dumps({"time": "20250921", "results": results}))
    return file


def test_published_systems_are_among_ours_by_their_means_without_rank_and_interval(tmp_path):
    write_run(tmp_path / "results", [1, 0], mode="direct", benchmark="MMStar")
    write_run(tmp_path / "results", [1, 0], mode="direct", benchmark="AI2D_TEST")
    file = published(
        tmp_path,
        Good={"MMStar": {"Overall": 80}, "AI2D": {"Overall": 90}},
        Weak={"MMStar": {"Overall": 20}, "AI2D": {"Overall": 30}},
        Half={"MMStar": {"Overall": 99}},
        Other={"MME": {"Overall": 2000}},
    )
    report = make_board([tmp_path / "results"], REGISTRY, published=file)
    rows = [dict(zip([column.name for column in report.table.columns], row, strict=True)) for row in report.table.rows]
    assert [(row["system"], row["source"], row["mean"]) for row in rows] == [
        ("Good", "published", 85),
        ("eye (direct)", "prism", 50),
        ("Weak", "published", 25),
        ("Half", "published", None),
    ]
    assert {row["rank_sure"] for row in rows if row["source"] == "published"} == {None}
    assert {row["low"] for row in rows if row["source"] == "published"} == {None}
    assert "published: 3 of 4 systems" in report.published
    assert [row.name for row in report.board.places] == ["eye (direct)"]


def test_filters_hold_for_published_systems_as_well(tmp_path):
    write_run(tmp_path / "results", [1, 0], mode="direct", benchmark="MMStar", about={"parameters": "7B"})
    size = {"Parameters": "7.1B", "OpenSource": "Yes"}
    file = published(
        tmp_path, Small={"META": size, "MMStar": {"Overall": 80}}, Unknown={"META": {}, "MMStar": {"Overall": 90}}
    )
    report = make_board([tmp_path / "results"], REGISTRY, BoardFilter(sizes=("<10B",)), published=file)
    assert [row[0] for row in report.table.rows] == ["Small", "eye (direct)"]


@pytest.mark.parametrize(("part", "marks"), [("TEST", 70.0), ("DEV", None)])
def test_published_scores_of_the_test_set_are_not_put_next_to_those_of_dev(tmp_path, part, marks):
    for language in ("EN", "CN"):
        name = f"MMBench_{part}_{language}_V11"
        write_run(tmp_path / "results", [1, 0, 1], mode="direct", benchmark=name, kind="circular")
    write_run(tmp_path / "results", [1, 0, 1], mode="direct", benchmark="MMStar")
    file = published(
        tmp_path,
        One={
            "MMBench_TEST_EN_V11": {"Overall": 80},
            "MMBench_TEST_CN_V11": {"Overall": 60},
            "MMStar": {"Overall": 50},
        },
    )
    table = make_board([tmp_path / "results"], REGISTRY, published=file).table
    column = [column.name for column in table.columns].index("MMBench_V11")
    assert next(row[column] for row in table.rows if row[0] == "One") == marks


def test_a_part_of_a_benchmark_has_no_published_score(tmp_path):
    folder = write_run(tmp_path / "results", [1, 0, 1], mode="direct", benchmark="MMStar")
    manifest = orjson.loads((folder / "manifest.json").read_bytes())
    manifest["config"]["samples"] = 3
    (folder / "manifest.json").write_bytes(orjson.dumps(manifest))
    report = make_board([tmp_path / "results"], REGISTRY, published=published(tmp_path, A={"MMStar": {"Overall": 9}}))
    assert report.board.benchmarks == ("MMStar-first3",)
    assert len(report.table.rows) == 1


def test_the_leaderboard_s_average_needs_all_of_its_benchmarks(tmp_path):
    kinds = {"MMMU_DEV_VAL": "mmmu", "Bench": None, "AI2D_TEST": None, "MMStar": None}
    for name, kind in kinds.items():
        write_run(tmp_path / "results", [1, 0, 1], mode="direct", benchmark=name, kind=kind)
    found = make_board([tmp_path / "results"], REGISTRY, BoardFilter(benchmarks=("openvlm",))).board
    assert set(found.benchmarks) == {
        *("AI2D_TEST", "MMMU_VAL", "MMStar"),
        *("MMBench_V11", "MathVista", "OCRBench", "HallusionBench", "MMVet"),
    }
    assert (found.places[0].mean, sorted(found.places[0].marks)) == (None, ["AI2D_TEST", "MMMU_VAL", "MMStar"])
