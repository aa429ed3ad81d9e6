"""The facts that every type of registry entry states, and the table of backends."""

from __future__ import annotations

import logging
from typing import Any, get_args

import pytest

from prism_engine.backends import endpoint, scripted
from prism_engine.backends.factory import BACKENDS, BackendModule, build_backend, identify_model
from prism_engine.backends.scripted import Scripted
from prism_engine.backends.vllm import entry
from prism_engine.budget import price_of
from prism_engine.config import ApiModel, Limits, ModelSpec, RunConfig, ScriptedModel, ServerSpec, VllmModel
from prism_engine.config.model_entry import ModelEntry, ModelListing
from prism_engine.config.models import parse_models
from prism_engine.config.overrides import with_limits
from prism_engine.errors import ConfigError
from prism_engine.records import PicturePolicy

MODULES: dict[type[ModelEntry], BackendModule] = {
    VllmModel: entry,
    ApiModel: endpoint,
    ScriptedModel: scripted,
}
"""Whether each module has the functions of the protocol, with their arguments, is checked by mypy."""

OWN = ApiModel(model="m", limits=Limits(concurrency=3))
SERVED = ApiModel(model="m", server=ServerSpec(model="org/served"), image_tokens=7, max_image_side=512)
FACTS: list[tuple[ModelSpec, dict[str, Any]]] = [
    (
        VllmModel(model="org/name"),
        {
            "runs_locally": True,
            "is_paid": False,
            "listing": ModelListing("vLLM in process", "org/name", ""),
            "rate_limits": None,
            "most_image_tokens": 4096,
            "pictures": PicturePolicy(),
        },
    ),
    (
        OWN,
        {
            "runs_locally": False,
            "is_paid": True,
            "listing": ModelListing("API", "m", "https://api.openai.com/v1 (OPENAI_API_KEY)"),
            "rate_limits": Limits(concurrency=3),
            "most_image_tokens": 50_000,
            "pictures": PicturePolicy(frozenset({"PNG", "JPEG", "MPO", "WEBP", "GIF"})),
        },
    ),
    (
        ApiModel(model="m", base_url="http://here/v1", api_key_env=None),
        {"listing": ModelListing("API", "m", "http://here/v1 (no key)")},
    ),
    (
        SERVED,
        {
            "runs_locally": True,
            "is_paid": False,
            "listing": ModelListing("local vLLM server", "org/served", ""),
            "rate_limits": Limits(),
            "most_image_tokens": 7,
            "pictures": PicturePolicy(max_side=512),
        },
    ),
    (
        ScriptedModel(),
        {
            "pictures": None,
            "runs_locally": False,
            "is_paid": False,
            "listing": ModelListing("scripted", "", ""),
            "rate_limits": None,
            "most_image_tokens": 4096,
        },
    ),
]
TYPES = get_args(get_args(ModelSpec)[0])
SPECS = [spec for spec, _ in FACTS]


def name_of(spec):
    return f"{spec.backend}{'-served' if getattr(spec, 'server', None) else ''}"


def test_every_type_of_entry_has_a_backend_and_is_tested_here():
    assert set(TYPES) == set(BACKENDS) == set(MODULES) == {type(spec) for spec in SPECS}
    assert {BACKENDS[kind] for kind in TYPES} == {module.__name__ for module in (entry, endpoint, scripted)}


@pytest.mark.parametrize("kind", TYPES)
def test_every_type_of_entry_states_all_facts(kind):
    assert kind.__abstractmethods__ == frozenset()


@pytest.mark.parametrize(("spec", "fact", "value"), [(s, fact, value) for s, f in FACTS for fact, value in f.items()])
def test_each_entry_states_its_facts(spec, fact, value):
    assert getattr(spec, fact) == value


@pytest.mark.parametrize("spec", SPECS, ids=name_of)
def test_facts_are_no_settings(spec):
    facts = {"runs_locally", "is_paid", "listing", "rate_limits", "most_image_tokens", "pictures"}
    assert not facts & set(spec.model_dump())
    with pytest.raises(ConfigError, match=r"unknown key 'm\.runs_locally'"):
        parse_models({"m": {**spec.model_dump(), "runs_locally": True}}, "here")


@pytest.mark.parametrize("spec", SPECS, ids=name_of)
def test_an_entry_that_names_a_model_on_the_hub_is_pinned_to_a_commit(spec):
    pinned = spec.pinned_to("c" * 40)
    assert type(pinned) is type(spec)
    revision = getattr(getattr(pinned, "server", None) or pinned, "revision", None)
    assert revision == ("c" * 40 if isinstance(spec, VllmModel) or spec is SERVED else None)


@pytest.mark.parametrize("spec", SPECS, ids=name_of)
def test_with_a_deadline_an_outage_is_waited_for_until_then(spec):
    patient = spec.for_deadline()
    assert getattr(patient, "outage_patience", None) is None
    assert patient.model_dump(exclude={"outage_patience"}) == spec.model_dump(exclude={"outage_patience"})


@pytest.mark.parametrize("spec", SPECS, ids=name_of)
def test_a_run_overrides_the_limits_of_an_entry_that_has_some(spec):
    assert with_limits("reasoner", "x", spec, RunConfig(benchmark="b", mode="blind", reasoner="x")) is spec
    config = RunConfig(benchmark="b", mode="blind", reasoner="x", concurrency=2, tokens_per_minute=9)
    if spec.rate_limits is None:
        with pytest.raises(
            ConfigError,
            match=r"--tpm \(tokens_per_minute\), --concurrency: reasoner 'x' is not behind an API",
        ):
            with_limits("reasoner", "x", spec, config)
    else:
        limited = with_limits("reasoner", "x", spec, config)
        assert limited.rate_limits == Limits(concurrency=2, tokens_per_minute=9)
        assert limited.model_dump(exclude={"limits"}) == spec.model_dump(exclude={"limits"})


@pytest.mark.parametrize("spec", SPECS, ids=name_of)
def test_whatever_may_be_charged_for_has_what_a_price_depends_on(spec):
    if spec.is_paid:  # mypy checks that every such type has the fields of PaidEntry
        price_of(spec)


class Unknown(ScriptedModel):
    """An entry whose backend nobody registered."""


def test_an_entry_without_a_backend_is_reported_by_name(tmp_path):
    with pytest.raises(ConfigError, match=r"model 'x': backend 'scripted' \(Unknown\) has no row in .*BACKENDS"):
        identify_model("x", Unknown(), tmp_path)
    with pytest.raises(ConfigError, match=r"model 'x'.*Unknown"):
        build_backend("x", Unknown(), tmp_path)


def test_a_backend_that_states_no_identity_is_noted_once(tmp_path, monkeypatch, caplog):
    caplog.set_level(logging.WARNING)  # a library that another test has imported may have raised it
    for nothing in (None, {}):
        monkeypatch.setattr(scripted, "identity_facts", lambda *_, nothing=nothing: nothing)
        identity = identify_model(f"silent {nothing}", ScriptedModel(), tmp_path)
        assert identity == identify_model(f"silent {nothing}", ScriptedModel(replies=("other",)), tmp_path)
        assert (identity.facts, identity.is_stated) == ((), False)
    assert caplog.messages == [
        f"results of silent {nothing} are not cached: its backend states no identity" for nothing in (None, {})
    ]
    assert isinstance(build_backend("silent", ScriptedModel(), tmp_path), Scripted)
