"""Preparing the runs of one command."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from prism_engine.api.build.parts import assembled
from prism_engine.api.build.workbench import Workbench
from prism_engine.api.runs.prepared import names_of, prepare_runs
from prism_engine.config import RunConfig, VllmModel, load_registry
from prism_engine.nano import CAPTIONER
from tests.shapes import write_shapes

ENGINES = {
    name: VllmModel(model=str(CAPTIONER), engine={"max_model_len": size}) for name, size in (("a", 512), ("b", 640))
}


@pytest.fixture
def ready(configured):
    """Prepare runs on a small benchmark; nothing is started."""
    with ExitStack() as opened:

        def make(*changes):
            shared = opened.enter_context(Workbench())
            many = [
                opened.enter_context(assembled(configured(**each), load_registry(), look_only=False, shared=shared))
                for each in changes
            ]
            return prepare_runs(many, shared, opened)

        yield make


@pytest.fixture
def configured(tmp_path):
    for name in ("one", "other"):
        write_shapes(tmp_path / f"{name}.tsv", 4, 0)
        (tmp_path / name).mkdir()
        write_shapes(tmp_path / name / "same.tsv", 4, ord(name[1]))

    def make(benchmark="one.tsv", perceiver="a", reasoner="scripted", **rest):
        return RunConfig(
            benchmark=str(tmp_path / benchmark),
            perceiver=perceiver,
            reasoner=reasoner,
            cache_dir=tmp_path / "cache",
            results_dir=tmp_path / "results",
            models=ENGINES,
            **rest,
        )

    return make


def test_runs_are_named_by_the_fields_in_which_they_differ(ready, configured):
    runs = ready({}, {"perceiver": "b"}, {"benchmark": "other.tsv"})
    assert [run.name for run in runs] == ["one a", "one b", "other a"]


def test_benchmarks_of_one_name_are_distinguished_by_their_paths(configured):
    with ExitStack() as opened:
        many = [
            opened.enter_context(assembled(configured(benchmark), load_registry(), look_only=True))
            for benchmark in ("one/same.tsv", "other/same.tsv")
        ]
        first, second = names_of(many)
    assert first.endswith("one/same.tsv")
    assert second.endswith("other/same.tsv")


def test_engines_take_turns_in_the_order_in_which_runs_name_them(ready):
    first, second, third = ready({"perceiver": "b"}, {"perceiver": "a"}, {"perceiver": "b", "benchmark": "other.tsv"})
    (b,), (a,), (again,) = first.engines, second.engines, third.engines
    assert b.turn._engine is again.turn._engine is not a.turn._engine
    assert (b.turn.makes_room, a.turn.makes_room) == (True, False)


def test_an_engine_that_also_reasons_is_up_all_the_time(ready):
    first, second = ready({"perceiver": "a", "reasoner": "b"}, {"perceiver": "b"})
    assert (len(first.engines), second.engines) == (1, ())


def test_models_that_are_not_engines_on_this_machine_take_no_turns(ready):
    (run,) = ready({"perceiver": "scripted"})
    assert run.engines == ()


def test_its_progress_is_one_object_for_all_readers(ready):
    (run,) = ready({})
    assert run.progress is run.progress
    assert run.progress.total == 4


def test_an_unusual_output_limit_distinguishes_reasoners_and_equal_names_get_a_number(ready):
    reasoning = {"max_tokens": 64}
    runs = ready({}, {"reasoning": reasoning}, {"reasoning": reasoning | {"top_p": 0.5, "temperature": 1.0}})
    assert [run.name for run in runs] == ["scripted", "scripted-64", "scripted-64 (2)"]


def test_joined_perceivers_claim_every_engine_among_them_and_writers_are_up_all_the_time(ready):
    joined, written = ready({"perceiver": "a~scripted~b"}, {"perceiver": "a", "instruction": "query-specific_b"})
    assert [one.identity.name for one in joined.engines] == ["a"]  # b writes for the other run
    assert [one.identity.name for one in written.engines] == ["a"]
    assert joined.engines[0].turn._engine is written.engines[0].turn._engine
