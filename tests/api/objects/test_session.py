"""Resources that objects share: one backend per model, one ledger, pictures in the cache."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from PIL import Image

from prism_engine.api import Perception, Reasoning, Session
from prism_engine.chaos.behaviour import Behaviour
from prism_engine.errors import BudgetError, ConfigError, UserError
from tests.api.objects.test_modules import png

pytest_plugins = ["prism_engine.chaos.fixtures"]


def paid(server, **options):
    return {
        "backend": "api", "model": "m", "base_url": server.base_url, "api_key_env": None,
        "price": {"input": 1.0, "output": 1.0}, "image_tokens": 2000, **options,
    }  # fmt: skip


def test_one_model_is_one_backend_in_every_role(tmp_path):
    with Session(cache_dir=tmp_path) as session:
        first, second = session.connect("scripted"), session.connect("scripted")
        assert first is second
        assert repr(session) == f"<Session scripted, cache {tmp_path}>"


def test_costs_are_counted_and_the_cap_is_kept(chaos_server, tmp_path):
    server = chaos_server(Behaviour())
    models = {"paid": paid(server)}
    folders = {"cache_dir": tmp_path / "cache", "results_dir": tmp_path / "results"}
    with Session(max_cost=1, models=models, **folders) as session:
        Reasoning("paid", session=session).generate("seen", "?")
        Perception("generic", "paid", session=session).generate("?", png())
        assert session.spending.run > 0
        assert set(session.spending.by_stage) == {"reason", "perceive"}
    with Session(max_cost=0.0001, models=models, **folders) as session, pytest.raises(BudgetError):
        Reasoning("paid", session=session).generate("seen", "another?")


def test_an_unknown_price_is_reported_and_refused_under_a_cap(chaos_server, tmp_path):
    server = chaos_server(Behaviour())
    models = {"m": paid(server, price=None, model="nobody-lists-this")}
    with Session(cache_dir=tmp_path, results_dir=tmp_path, models=models) as session:
        Reasoning("m", session=session).generate("seen", "?")
        assert session.spending.unpriced == ("m",)
    with (
        Session(cache_dir=tmp_path, results_dir=tmp_path, models=models, max_cost=1) as session,
        pytest.raises(ConfigError, match="needs the price"),
    ):
        Reasoning("m", session=session).generate("seen", "?")


def test_an_invalid_picture_is_named(tmp_path):
    (tmp_path / "text.png").write_text("no picture")
    with Session(cache_dir=tmp_path / "cache") as session:
        wrong: list[tuple[Any, str]] = [
            (tmp_path / "text.png", r"text\.png: is not a readable picture"),
            (tmp_path / "absent.png", r"absent\.png: cannot be read"),
            ([png(), b"junk"], "picture 2: is not a readable picture"),
            ("https://example.org/a.png", "download it first"),
            ([], "no picture"),
            (
                np.zeros((2, 8, 8, 3), np.uint8),
                r"picture 1: is an array of shape \(2, 8, 8, 3\) and type uint8; it must",
            ),
            ([png(), Image.new("F", (8, 8), math.nan)], "picture 2: is a broken picture: no pixel is a finite number"),
            (5, "picture 1: is of type int; it must be a path, bytes, a PIL image or a NumPy array"),
            ([None], "picture 1: is of type NoneType"),
        ]
        for given, says in wrong:
            with pytest.raises(UserError, match=says):
                session.pictures(given)
        first, second = session.pictures(iter((png(), png())))  # type: ignore[arg-type]  # any iterable
        assert first == second
        assert first.path.read_bytes() == png()


def test_models_come_from_files_and_from_your_own_entries(tmp_path):
    (tmp_path / "m.yaml").write_text("models: {mine: {backend: scripted, replies: [yes]}}".replace("[yes]", "['yes']"))
    with Session(cache_dir=tmp_path, models_files=[tmp_path / "m.yaml"]) as session:
        assert Reasoning("mine", session=session).generate("seen", "?") == "yes"
    with pytest.raises(ConfigError, match="replise"):
        Session(models={"x": {"backend": "scripted", "replise": []}})
    for cost in (-1, math.nan, math.inf, "x", 1e300):
        with pytest.raises(ConfigError, match="Session: max_cost: "):
            Session(max_cost=cost)  # type: ignore[arg-type]


def test_a_session_that_was_never_used_closes_and_closes_again(tmp_path):
    session = Session(cache_dir=tmp_path)
    session.close()
    session.close()


async def test_a_session_closes_in_an_event_loop(tmp_path):
    async with Session(cache_dir=tmp_path) as session:
        assert await Reasoning("scripted", session=session).agenerate("seen", "?") in "ABCD"
