"""Resolving a configuration: everything is looked up, nothing is opened."""

from __future__ import annotations

import os
from decimal import Decimal

import pytest

from prism_engine.api.build.resolve import resolve_model, resolve_run
from prism_engine.config import ApiModel, Arm, Limits, PriceSpec, RunConfig, ScriptedModel, load_registry
from prism_engine.errors import ConfigError
from prism_engine.records import AnswerKind
from tests.shapes import write_shapes

PAID = ApiModel(model="m", base_url="http://here/v1", price=PriceSpec(input=Decimal(1), output=Decimal(2)))


@pytest.fixture
def config(tmp_path):
    write_shapes(tmp_path / "shapes.tsv", 4, 0)
    return RunConfig(
        benchmark=str(tmp_path / "shapes.tsv"),
        perceiver="eyes",
        reasoner="brain-64",
        cache_dir=tmp_path / "cache",
        results_dir=tmp_path / "results",
        models={"eyes": ScriptedModel(), "brain": PAID},
        concurrency=3,
    )


def test_names_become_entries_with_identities_and_prices(config, tmp_path):
    resolved = resolve_run(config, load_registry())
    assert list(resolved.models) == ["perceiver", "reasoner"]
    brain = resolved.models["reasoner"]
    assert (brain.name, brain.spec.rate_limits, brain.identity.name) == ("brain", Limits(concurrency=3), "brain")
    prices = [model.price for model in resolved.models.values()]
    assert [price and price.is_free for price in prices] == [True, False]
    assert resolved.config.reasoning.max_tokens == 64
    assert (resolved.instruction.name, resolved.profile) == ("generic", "prism-2")
    assert resolved.benchmark == tmp_path / "shapes.tsv"


def test_nothing_is_opened_or_written(config, tmp_path):
    resolve_run(config, load_registry())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["shapes.tsv"]


def test_the_scorer_is_that_of_the_configuration_or_of_the_benchmark(config):
    assert resolve_run(config, load_registry()).scorer(AnswerKind.YES_NO).kind is AnswerKind.YES_NO
    chosen = config.model_copy(update={"answer_kind": AnswerKind.EXACT})
    assert resolve_run(chosen, load_registry()).scorer(AnswerKind.YES_NO).kind is AnswerKind.EXACT


def test_an_unknown_price_is_none_and_not_free(tmp_path):
    model = resolve_model("m", PAID.model_copy(update={"price": None}), tmp_path)
    assert (model.price, model.row_price) == (None, None)


def test_rows_state_the_price_of_what_a_provider_answers(config):
    assert list(resolve_run(config, load_registry()).row_prices) == ["brain"]


@pytest.mark.parametrize(
    ("update", "message"),
    [
        ({"reasoner": "nobody"}, "nobody"),
        ({"benchmark": "absent.tsv"}, "absent.tsv"),
        ({"profile": "v9"}, "unknown scoring profile"),
        ({"instruction": "query-specific"}, "query-specific"),
        ({"mode": Arm.PROMPTS}, "query-specific_MODEL"),
    ],
)
def test_what_does_not_exist_is_named(config, update, message):
    with pytest.raises(ConfigError, match=message):
        resolve_run(config.model_copy(update=update), load_registry())


@pytest.mark.parametrize("field", ["benchmark", "cache_dir", "results_dir", "descriptions"])
def test_a_name_that_is_not_utf_8_is_refused_before_anything_is_written(config, tmp_path, field):
    folder = tmp_path / os.fsdecode(b"caf\xe9")
    folder.mkdir()
    write_shapes(folder / "shapes.tsv", 4, 0)
    path = folder if field.endswith("_dir") else folder / "shapes.tsv"
    changed = config.model_copy(update={field: str(path) if field == "benchmark" else path})
    with pytest.raises(ConfigError, match=rf"{field}: '.*caf\\xe9.*' is not valid UTF-8") as caught:
        resolve_run(changed, load_registry())
    str(caught.value).encode()
