"""The key covers everything that shapes a completion and nothing else."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prism_engine.cache import ABSENT, KeyDifference, call_key, call_record, explain
from prism_engine.cache.key import identify
from prism_engine.errors import ConfigError, RejectedError
from prism_engine.records import Call, Image, Message, ModelIdentity, PictureFacts, PicturePolicy, Sampling

from .examples import a_call

if TYPE_CHECKING:
    from collections.abc import Iterator

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
digests = st.text("0123456789abcdef", min_size=64, max_size=64)
images = st.builds(Image, digests, st.just(Path("a.jpg")))
messages = st.builds(
    Message, st.sampled_from(["system", "user", "assistant"]), st.lists(texts | images, max_size=3).map(tuple)
)
facts = st.dictionaries(texts, texts, max_size=4).map(lambda names: tuple(sorted(names.items())))
samplings = st.builds(
    Sampling,
    max_tokens=st.integers(1, 4096),
    temperature=st.sampled_from([0.0, 0.5, 1.0]),
    top_p=st.sampled_from([0.9, 1.0]),
    seed=st.none() | st.integers(0, 9),
    stop=st.lists(texts, max_size=2).map(tuple),
)
calls = st.builds(
    Call,
    stage=st.sampled_from(["perceive", "reason"]),
    model=st.builds(ModelIdentity, name=texts, facts=facts),
    messages=st.lists(messages, min_size=1, max_size=3).map(tuple),
    sampling=samplings,
)


def elsewhere(call: Call) -> Call:
    """Return the same call with everything changed that must not affect the key."""
    moved = tuple(
        replace(turn, parts=tuple(Image(p.digest, Path("/b.png")) if isinstance(p, Image) else p for p in turn.parts))
        for turn in call.messages
    )
    shuffled = ModelIdentity(call.model.name + "!", call.model.facts[::-1])
    other_stage = replace(call, stage="reason" if call.stage == "perceive" else "perceive")
    return replace(other_stage, model=shuffled, messages=moved)


def variants(call: Call) -> Iterator[Call]:
    """Yield variants of the call, each with one change that must affect the key."""
    first, *others = call.messages
    sampling = call.sampling
    yield replace(call, model=replace(call.model, facts=(*call.model.facts, ("another fact of it", "x"))))
    yield replace(call, messages=(*call.messages, Message("user", ("more",))))
    yield replace(call, messages=(replace(first, role="user" if first.role == "system" else "system"), *others))
    yield replace(call, messages=(replace(first, parts=(*first.parts, "")), *others))
    yield replace(call, sampling=replace(sampling, stop=(*sampling.stop, "")))
    yield replace(call, sampling=replace(sampling, temperature=sampling.temperature + 0.25))
    for index, part in enumerate(first.parts):
        other = Image(part.digest[::-1] + "0", part.path) if isinstance(part, Image) else part + "a"
        yield replace(
            call, messages=(replace(first, parts=(*first.parts[:index], other, *first.parts[index + 1 :])), *others)
        )
    if not sampling.greedy:
        yield replace(call, sampling=replace(sampling, top_p=0.1))
        yield replace(call, sampling=replace(sampling, seed=10))
        yield replace(call, sampling=replace(sampling, max_tokens=sampling.max_tokens + 1))


@settings(deadline=None)
@given(calls)
def test_what_does_not_shape_a_completion_leaves_the_key_alone(call):
    assert call_key(elsewhere(call)) == call_key(call)


@settings(deadline=None)
@given(calls)
def test_what_shapes_a_completion_changes_the_key(call):
    keys = [call_key(variant) for variant in variants(call)]
    assert call_key(call) not in keys
    assert len(set(keys)) == len(keys)


@settings(deadline=None)
@given(calls, st.integers(1, 9), st.sampled_from([0.1, 0.2]), st.integers())
def test_greedy_calls_share_a_key_whatever_their_limit_top_p_and_seed(call, max_tokens, top_p, seed):
    greedy = replace(call, sampling=replace(call.sampling, temperature=0.0))
    other = replace(greedy.sampling, max_tokens=max_tokens, top_p=top_p, seed=seed)
    assert call_key(replace(greedy, sampling=other)) == call_key(greedy)


@settings(deadline=None)
@given(calls, calls)
def test_records_differ_exactly_where_their_keys_do(left, right):
    differences = explain(call_record(left), call_record(right))
    assert (differences == []) == (call_key(left) == call_key(right))
    assert all(type(d.left) is not type(d.right) or d.left != d.right for d in differences)


@settings(deadline=None)
@given(calls)
def test_the_key_is_the_hash_of_the_readable_record(call):
    key, record = identify(call)
    assert key == hashlib.sha256(record).hexdigest() == call_key(call)
    assert json.loads(record) == call_record(call)


def test_the_key_of_a_known_call_stays_as_it_is():
    # A change here invalidates every existing cache: increase RECORD_VERSION only for a good reason.
    assert call_key(a_call()) == "cb5c875b6a682d14dfdd5436c5fea757367596519d9735dea6d878ba308b6a48"


def test_a_picture_is_never_mistaken_for_text_that_looks_like_it():
    picture = a_call()
    digest = picture.images[0].digest
    text = replace(picture, messages=(Message("user", (f'{{"image":"{digest}"}}', "Describe the image.")),))
    assert call_key(text) != call_key(picture)


def test_equal_numbers_give_equal_keys():
    assert call_key(a_call(temperature=0)) == call_key(a_call(temperature=-0.0)) == call_key(a_call())
    assert call_key(a_call(temperature=1, top_p=1)) == call_key(a_call(temperature=1.0, top_p=1.0))


def test_unicode_is_not_normalised():
    assert call_key(a_call("caf\u00e9")) != call_key(a_call("cafe\u0301"))


def test_a_lone_surrogate_is_rejected_with_the_model_named():
    with pytest.raises(RejectedError, match=r"perceive call of model 'tiny' .* broken characters"):
        call_key(a_call("\ud83d"))


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_numbers_without_json_are_refused(value):
    with pytest.raises(ConfigError, match="finite"):
        call_key(a_call(temperature=value))


def test_a_fact_stated_twice_is_refused():
    twice = ModelIdentity("m", (("weights", "a"), ("weights", "b")))
    with pytest.raises(ConfigError, match="'m' states one fact"):
        call_key(replace(a_call(), model=twice))


def test_explain_names_the_components_and_both_values():
    left = call_record(a_call("one", stop=("\n",)))
    right = call_record(replace(a_call("two", temperature=0.5, seed=3), model=ModelIdentity("x", (("hub", "b"),))))
    assert explain(left, right) == [
        KeyDifference("model.hub", "org/tiny@1", "b"),
        KeyDifference("model.weights", "sha256:00", ABSENT),
        KeyDifference("messages[0].parts[1]", "one", "two"),
        KeyDifference("sampling.temperature", 0.0, 0.5),
        KeyDifference("sampling.stop[0]", "\n", ABSENT),
        KeyDifference("sampling.top_p", ABSENT, 1.0),
        KeyDifference("sampling.seed", ABSENT, 3),
        KeyDifference("sampling.max_tokens", ABSENT, 512),
    ]


def test_a_conversion_changes_the_key_of_exactly_the_pictures_concerned():
    def record(kind, policy):
        image = Image("0" * 64, Path("x"), PictureFacts(kind, "RGB", 640, 480, 1000))
        model = replace(a_call().model, pictures=policy)
        return call_record(replace(a_call(), model=model, messages=(Message("user", (image, "What?")),)))

    png_only = PicturePolicy(frozenset({"PNG"}))
    assert record("PNG", png_only) == record("PNG", None) == record("BMP", None) == record("BMP", PicturePolicy())
    (difference,) = explain(record("BMP", None), record("BMP", png_only))
    assert difference == KeyDifference("messages[0].parts[0].converted", ABSENT, "format v1, as PNG")
