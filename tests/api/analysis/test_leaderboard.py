"""The leaderboard from folders, with its filters."""

from __future__ import annotations

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
