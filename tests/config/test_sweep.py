"""Lists in a run file, expanded to runs."""

from __future__ import annotations

import pytest

from prism_engine.config import load_run_configs
from prism_engine.config.run_config import combinations
from prism_engine.errors import ConfigError

GIVEN = {"benchmark": "b.tsv", "perceiver": "p", "reasoner": "r"}


def made(**changes):
    return list(combinations(GIVEN | changes, "run.yaml"))


def test_without_lists_there_is_one_run_with_its_keys_as_they_are():
    assert made() == [GIVEN]


def test_every_combination_is_made_once_and_runs_of_one_perceiver_come_together():
    runs = made(perceiver=["p", "q"], benchmark=["a", "b"], reasoner=["r", "s"], instruction=["generic", "x"])
    assert len(runs) == len({tuple(sorted(run.items())) for run in runs}) == 16
    assert [run["perceiver"] for run in runs] == ["p"] * 8 + ["q"] * 8


def test_a_mode_makes_one_run_for_all_models_that_it_does_not_need():
    runs = made(perceiver=["p", "q"], reasoner=["r", "s"], mode=["all", "direct", "blind"])
    modes = [run["mode"] for run in runs]
    assert (modes.count("all"), modes.count("direct"), modes.count("blind")) == (4, 2, 2)
    assert not any("perceiver" in run for run in runs if run["mode"] == "blind")
    assert not any("reasoner" in run for run in runs if run["mode"] == "direct")


def test_the_mode_that_only_writes_hints_keeps_its_instructions():
    runs = made(instruction=["query-specific_w", "query-specific_v"], mode=["prompts", "blind"])
    assert [run["instruction"] for run in runs if run["mode"] == "prompts"] == ["query-specific_w", "query-specific_v"]
    assert len([run for run in runs if run["mode"] == "blind"]) == 1


def test_keys_that_are_not_lists_stay():
    (run,) = made(mode=["blind"])
    assert run == GIVEN | {"mode": "blind"}


@pytest.mark.parametrize(("key", "values", "said"), [("reasoner", [], "empty"), ("mode", ["all", "all"], "twice")])
def test_a_list_that_is_empty_or_repeats_itself_is_an_error(key, values, said):
    with pytest.raises(ConfigError, match=rf"run\.yaml: {key}: .*{said}"):
        made(**{key: values})


def test_a_run_file_takes_lists_and_options_override_them(tmp_path):
    file = tmp_path / "run.yaml"
    file.write_text("benchmark: [a.tsv, b.tsv]\nperceiver: [p, q]\nreasoner: r\n")
    assert [(one.perceiver, one.benchmark) for one in load_run_configs(file, {"perceiver": "x"})] == [
        ("x", "a.tsv"),
        ("x", "b.tsv"),
    ]
    assert len(load_run_configs(file, {})) == 4
